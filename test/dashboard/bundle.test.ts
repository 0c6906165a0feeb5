import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../support/project.js';

const MOST_SCRIPT_BYTES = 80_000;
/** What the overview needs before it can show its sentence. */
const MOST_FIRST_BYTES = 30_000;

const folder = join(projectRoot(), 'dist/dashboard');
const assets = readdirSync(join(folder, 'assets'));
const textOf = (name: string) => readFileSync(join(folder, 'assets', name), 'utf8');
const html = readFileSync(join(folder, 'index.html'), 'utf8');
const compressed = (name: string) =>
  gzipSync(readFileSync(join(folder, 'assets', name)), { level: 9 }).length;
const scripts = assets.filter((name) => name.endsWith('.js'));

describe('the built dashboard', () => {
  it(`has less than ${MOST_SCRIPT_BYTES / 1000} kB of JavaScript, all views together, gzipped`, () => {
    const sizes = Object.fromEntries(scripts.map((name) => [name, compressed(name)]));
    const total = Object.values(sizes).reduce((sum, size) => sum + size, 0);
    console.info(`JavaScript of the dashboard: ${total} bytes gzipped`, sizes);
    expect(scripts.length).toBeGreaterThan(5);
    expect(total).toBeLessThan(MOST_SCRIPT_BYTES);
  });

  it('loads less than half of it at first', () => {
    const first = [...html.matchAll(/(?:src|href)="\/assets\/([^"]+\.js)"/g)].map(([, name]) => name!);
    expect(first.length).toBeGreaterThan(0);
    expect(first.reduce((sum, name) => sum + compressed(name), 0)).toBeLessThan(MOST_FIRST_BYTES);
  });

  it('has nothing inline, which the policy of the page would refuse', () => {
    expect(html).not.toMatch(/<style|<script(?![^>]*\ssrc=)|\sstyle=|\son[a-z]+=/);
    expect(scripts.filter((name) => /\beval\(|new Function\(/.test(textOf(name)))).toEqual([]);
  });

  it('names no other origin to load from', () => {
    const loaded = /(?:src|href)="(?:https?:)?\/\//;
    expect(html).not.toMatch(loaded);
    const styles = assets.filter((name) => name.endsWith('.css'));
    expect(styles.length).toBeGreaterThan(0);
    expect(styles.filter((name) => /@import|url\((?!["']?data:)/.test(textOf(name)))).toEqual([]);
  });
});
