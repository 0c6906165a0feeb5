import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { canonicalize, parseNQuads } from '../../src/rdf/index.js';
import { fixtures } from '../support/project.js';

interface Entry {
  readonly id: string;
  readonly type: 'rdfc:RDFC10EvalTest' | 'rdfc:RDFC10MapTest' | 'rdfc:RDFC10NegativeEvalTest';
  readonly name: string;
  readonly action: string;
  readonly result: string;
  readonly hashAlgorithm?: 'SHA256' | 'SHA384';
}

const folder = fixtures('w3c-rdf-canon');
const manifest: { entries: Entry[] } = folder
  ? JSON.parse(readFileSync(join(folder, 'manifest.jsonld'), 'utf8'))
  : { entries: [] };
const read = (path: string) => readFileSync(join(folder ?? '', path));
const algorithmOf = ({ hashAlgorithm }: Entry) => (hashAlgorithm === 'SHA384' ? 'SHA-384' : 'SHA-256');
const entriesOf = (type: Entry['type']) =>
  manifest.entries
    .filter((entry) => entry.type === type)
    .map((entry) => [entry.id, entry.name, entry] as const);

// Default limits: what the product refuses by default, it refuses here.
describe.skipIf(folder === undefined)(
  folder ? 'the W3C suite of RDFC-1.0' : 'the W3C suite of RDFC-1.0 (no fixtures: set PROVCHAIN_FIXTURES)',
  () => {
    it('has 86 tests', () => {
      expect(manifest.entries).toHaveLength(86);
      expect(entriesOf('rdfc:RDFC10EvalTest')).toHaveLength(64);
      expect(entriesOf('rdfc:RDFC10MapTest')).toHaveLength(21);
      expect(entriesOf('rdfc:RDFC10NegativeEvalTest')).toHaveLength(1);
    });

    it.each(entriesOf('rdfc:RDFC10EvalTest'))('gives the canonical form: %s %s', (_id, _name, entry) => {
      const algorithm = algorithmOf(entry);
      const result = canonicalize(read(entry.action), { algorithm });
      expect(Buffer.from(result.bytes).toString()).toBe(read(entry.result).toString());
      expect(parseNQuads(result.bytes)).toHaveLength(result.quads);
      const again = canonicalize(result.bytes, { algorithm });
      expect(again.unchanged).toBe(true);
      expect(again.bytes).toBe(result.bytes);
    });

    it.each(entriesOf('rdfc:RDFC10MapTest'))('gives the label map: %s %s', (_id, _name, entry) => {
      const { labels } = canonicalize(read(entry.action), { algorithm: algorithmOf(entry), map: true });
      expect(Object.fromEntries(labels ?? [])).toEqual(JSON.parse(read(entry.result).toString()));
    });

    it.each(entriesOf('rdfc:RDFC10NegativeEvalTest'))('refuses: %s %s', (_id, _name, entry) => {
      expect(() => canonicalize(read(entry.action))).toThrow(
        expect.objectContaining({ code: 'CANONICAL_LIMIT' }),
      );
    });
  },
);
