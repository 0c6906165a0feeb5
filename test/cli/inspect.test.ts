import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blockKey } from '../../src/chain/index.js';
import { changeOneQuad } from '../../src/cli/tamper.js';
import { copyChain, smallChain, temporaryFolder } from '../support/chains.js';
import { checkChain } from '../support/check-chain.js';
import { provchain } from '../support/cli.js';
import { type RawStore, tamper } from '../support/raw-store.js';

const folder = temporaryFolder();
const chain = join(folder.path, 'chain');

beforeAll(() => smallChain(chain, 6));
afterAll(() => folder.remove());

interface Inspected {
  readonly header: Record<string, unknown> & { fields?: Record<string, unknown> };
  readonly payload: Record<string, unknown> & { quads?: unknown[] };
  readonly report: { status: string; scope: unknown; findingCounts: Record<string, number> };
  readonly comparison?: unknown;
}

async function inspect(directory: string, block: number, ...options: string[]) {
  const { status, stdout } = await provchain(['inspect', directory, `${block}`, ...options, '--json']);
  return { status, ...(JSON.parse(stdout) as Inspected) };
}

async function damaged(name: string, damage: (store: RawStore) => Promise<void>): Promise<string> {
  const directory = copyChain(chain, join(folder.path, name));
  await tamper(directory, damage);
  return directory;
}

describe('inspect', () => {
  it('shows header, quads and what each check says of a sound block, and exits 0', async () => {
    const { hashes } = await checkChain(chain);
    const { status, header, payload, report } = await inspect(chain, 3);
    expect(status).toBe(0);
    expect(header).toMatchObject({ state: 'present', storedHash: hashes[3], computedHash: hashes[3] });
    expect(header.fields).toMatchObject({ index: 3, previousHash: hashes[2], quadCount: 8 });
    expect(payload).toMatchObject({ state: 'present', sha256: header.fields?.payloadHash, canonical: true });
    expect(payload.quads).toHaveLength(8);
    expect(report).toMatchObject({ status: 'Healthy', scope: { from: 3, to: 4, partial: true } });
    const { stdout } = await provchain(['inspect', chain, '3', '--quads', '2']);
    expect(stdout).toMatch(/^Healthy {2}block 3 of 7 \(from 0\)\n/);
    expect(stdout).toContain('… 6 more quads: --quads 8 shows all');
  });

  it('shows what was changed against another copy', async () => {
    const directory = copyChain(chain, join(folder.path, 'changed'));
    const { before, after } = await changeOneQuad(directory, 2);
    const { status, comparison, report } = await inspect(directory, 2, '--against', chain);
    expect(status).toBe(2);
    expect(report.findingCounts).toHaveProperty('PAYLOAD_DIGEST_MISMATCH', 1);
    expect(comparison).toEqual([
      { change: 'removed', line: after },
      { change: 'added', line: before },
    ]);
    const { stdout } = await provchain(['inspect', directory, '2', '--against', chain, '--quads', '0']);
    expect(stdout).toContain(`\n- ${after}\n+ ${before}\n`);
  });

  it('shows stored against canonical lines of a payload that was rewritten', async () => {
    const line = '<urn:extra> <urn:p> "twice" .';
    const directory = await damaged('rewritten', async (store) => {
      const payload = (await store.get('payload', blockKey(4))).toString();
      await store.put('payload', blockKey(4), Buffer.from(`${payload}${line}\n${line}\n`));
    });
    const { payload } = await inspect(directory, 4);
    expect(payload).toMatchObject({ canonical: false, difference: [{ change: 'removed', line }] });
  });

  it('shows the text of a header that is none', async () => {
    const directory = await damaged('no-json', async (store) => {
      const stored = await store.get('header', blockKey(4));
      await store.put(
        'header',
        blockKey(4),
        Buffer.concat([stored.subarray(0, 32), Buffer.from('{"index":\u001b[31m')]),
      );
    });
    const { status, header, report } = await inspect(directory, 4);
    expect([status, header.fields, header.text]).toEqual([2, undefined, '{"index":\u001b[31m']);
    expect(header.problem).toEqual(expect.any(String));
    expect(Object.keys(report.findingCounts)).toContain('HEADER_INVALID');
    const { stdout } = await provchain(['inspect', directory, '4']);
    expect(stdout).toContain('stored: {"index":\\u{1b}[31m');
    expect(stdout).toContain('(the stored hash is another)');
  });

  it('shows what is there of a block without its header, without its payload, or too short for a hash', async () => {
    const directory = await damaged('holes', async (store) => {
      await store.delete('header', blockKey(1));
      await store.delete('payload', blockKey(3));
      await store.put('header', blockKey(5), Buffer.from('short'));
    });
    expect(await inspect(directory, 1)).toMatchObject({
      status: 2,
      header: { state: 'missing' },
      payload: { state: 'present' },
      report: { findingCounts: { HEADER_MISSING: 1 } },
    });
    expect(await inspect(directory, 3)).toMatchObject({
      status: 2,
      header: { state: 'present' },
      payload: { state: 'missing' },
      report: { findingCounts: { PAYLOAD_MISSING: 1 } },
    });
    expect(await inspect(directory, 5)).toMatchObject({
      status: 2,
      header: { bytes: 5, text: '73686f7274' },
    });
  });

  it('shows where a payload stops being N-Quads or UTF-8', async () => {
    const directory = await damaged('garbage', async (store) => {
      await store.put('payload', blockKey(2), Buffer.from('<urn:s> <urn:p> "o" .\n<urn:s> oops\n'));
      await store.put('payload', blockKey(3), Buffer.from([0x3c, 0xff, 0x3e]));
    });
    const [syntax, encoding] = [await inspect(directory, 2), await inspect(directory, 3)];
    expect(syntax.payload.problem).toMatch(/^RDF_SYNTAX at line 2, column 9: /);
    expect(encoding.payload.problem).toMatch(/^RDF_ENCODING at line 1, column 2: /);
    expect(syntax.report.findingCounts).toHaveProperty('PAYLOAD_SYNTAX');
    expect(encoding.report.findingCounts).toHaveProperty('PAYLOAD_ENCODING');
  });
});
