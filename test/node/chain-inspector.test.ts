import { hash } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InspectedBlock } from '../../src/api/index.js';
import { blockKey, splitStoredHeader } from '../../src/chain/index.js';
import { openWriter } from '../../src/ledger/index.js';
import { silentLog } from '../../src/logging/index.js';
import { ChainInspector } from '../../src/node/chain-inspector.js';
import { createValidator, type Validator } from '../../src/pool/index.js';
import { copyChain, smallChain, temporaryFolder } from '../support/chains.js';
import { type RawStore, tamper } from '../support/raw-store.js';

const BLOCKS = 4000;
const folder = temporaryFolder();
const chain = join(folder.path, 'chain');
const never = () => new AbortController().signal;
let validator: Validator;

beforeAll(async () => {
  await smallChain(chain, BLOCKS, 4);
  const writer = await openWriter(chain);
  const line = (subject: string, object: string) =>
    `<http://e.org/${subject}> <http://e.org/p> ${object} .\n`;
  await writer.append(Buffer.from(line('one', '"a \\"quoted\\" word"') + line('two', '<http://e.org/one>')));
  await writer.append(Buffer.from(line('one-more', '"see <http://e.org/two>, Großhandel"')));
  await writer.close();
  validator = createValidator({ workers: 1, log: silentLog });
  await validator.ready();
});
afterAll(async () => {
  await validator.close();
  folder.remove();
});

const QUOTED = BLOCKS + 1;
const LAST = BLOCKS + 2;

const inspectorOf = (dir: string) =>
  new ChainInspector({
    dir,
    validator,
    replica: {
      async state() {
        const { height, headHash, anchorIndex } = await validator.head(dir);
        return { fingerprint: '', pin: { height, headHash }, anchorIndex };
      },
    },
  });

let copies = 0;
async function damaged(change: (store: RawStore) => Promise<void>): Promise<ChainInspector> {
  const dir = copyChain(chain, join(folder.path, `copy-${copies++}`));
  await tamper(dir, change);
  return inspectorOf(dir);
}
const inspect = (inspector: ChainInspector, index: number) => inspector.inspect(index, 'somebody', never());
const codesOf = ({ findings }: InspectedBlock) => findings.map(({ code, block }) => [code, block]);

describe('inspect', () => {
  it('shows a sound block as it is stored, between its neighbours', async () => {
    const [entry] = await validator.readHeaders(chain, 70, 71);
    const payload = await validator.readPayload(chain, 70);
    const block = await inspect(inspectorOf(chain), 70);
    expect(block).toMatchObject({
      index: 70,
      height: LAST + 1,
      status: 'Healthy',
      complete: true,
      findings: [],
    });
    expect(block.checks).toContain('history');
    expect(hash('sha256', block.header.bytes)).toBe(entry!.hash);
    expect(block.header).toMatchObject({ hash: entry!.hash, storedHash: entry!.hash, problem: null });
    expect(block.payload).toEqual({
      bytes: payload.length,
      sha256: hash('sha256', payload),
      canonical: true,
      diff: null,
      shortened: false,
      error: null,
    });
    expect(block.previous).toEqual({ index: 69, hash: block.header.fields!.previousHash });
    expect(block.next!.index).toBe(71);
  });

  it('has nothing before the first block and nothing after the last', async () => {
    const inspector = inspectorOf(chain);
    expect(await inspect(inspector, 0)).toMatchObject({ previous: null, next: { index: 1 } });
    expect(await inspect(inspector, LAST)).toMatchObject({ previous: { index: LAST - 1 }, next: null });
    await expect(inspect(inspector, LAST + 1)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('shows which lines were moved in a payload that was rewritten', async () => {
    const inspector = await damaged(async (store) => {
      const lines = (await store.get('payload', blockKey(50))).toString().split(/(?<=\n)/);
      await store.put('payload', blockKey(50), Buffer.from([...lines.slice(1), lines[0]].join('')));
    });
    const block = await inspect(inspector, 50);
    expect(codesOf(block)).toEqual([['PAYLOAD_NOT_CANONICAL', 50]]);
    expect(block.payload).toMatchObject({ canonical: false, error: null });
    const changes = block.payload.diff!.filter(({ op }) => op !== 'same');
    expect(changes.map(({ op }) => op).sort()).toEqual(['added', 'removed']);
    expect(changes[0]!.line).toBe(changes[1]!.line);
  });

  it('shows a payload with another word in it beside the digest that it should have', async () => {
    const inspector = await damaged(async (store) => {
      const text = (await store.get('payload', blockKey(QUOTED))).toString();
      await store.put('payload', blockKey(QUOTED), Buffer.from(text.replace('word', 'lord')));
    });
    const block = await inspect(inspector, QUOTED);
    expect(codesOf(block)).toContainEqual(['PAYLOAD_DIGEST_MISMATCH', QUOTED]);
    expect([block.status, block.payload.canonical]).toEqual(['Critical', true]);
    expect(block.payload.sha256).not.toBe(block.header.fields!.payloadHash);
  });

  it.each([
    ['no UTF-8', Buffer.from([0x3c, 0xff, 0x0a]), /^RDF_ENCODING at line 1, column 2: /, 'PAYLOAD_ENCODING'],
    ['no N-Quads', Buffer.from('<a> .\n'), /^RDF_SYNTAX at line 1, column \d+: /, 'PAYLOAD_DIGEST_MISMATCH'],
  ] as const)('says where a payload is %s', async (_name, bytes, error, code) => {
    const inspector = await damaged((store) => store.put('payload', blockKey(60), bytes));
    const block = await inspect(inspector, 60);
    expect(codesOf(block)).toContainEqual([code, 60]);
    expect(block.payload).toMatchObject({ bytes: bytes.length, canonical: null, diff: null });
    expect(block.payload.error).toMatch(error);
  });

  it('says that a payload is missing', async () => {
    const inspector = await damaged((store) => store.delete('payload', blockKey(60)));
    const block = await inspect(inspector, 60);
    expect(codesOf(block)).toEqual([['PAYLOAD_MISSING', 60]]);
    expect(block.payload).toMatchObject({ bytes: null, sha256: null, canonical: null });
    expect(block.payload.error).toMatch(/no payload is stored/);
    expect(block.header.fields).not.toBeNull();
  });

  it('shows what stands in place of a header', async () => {
    const inspector = await damaged(async (store) => {
      const stored = await store.get('header', blockKey(60));
      await store.put('header', blockKey(60), Buffer.concat([stored.subarray(0, 32), Buffer.from('{"x":')]));
    });
    const block = await inspect(inspector, 60);
    expect(codesOf(block)).toContainEqual(['HEADER_INVALID', 60]);
    expect(block.header).toMatchObject({ fields: null, problem: expect.any(String) });
    expect(Buffer.from(block.header.bytes).toString()).toBe('{"x":');
    expect(block.header.hash).not.toBe(block.header.storedHash);
    expect(block.payload.canonical).toBe(true);
  });

  it('says that a header is missing, and of its neighbours what they are', async () => {
    const inspector = await damaged((store) => store.delete('header', blockKey(60)));
    const block = await inspect(inspector, 60);
    expect(codesOf(block)).toContainEqual(['HEADER_MISSING', 60]);
    expect(block.header).toMatchObject({ hash: null, storedHash: null, fields: null });
    expect(block.header.bytes).toHaveLength(0);
    expect([block.previous!.index, block.next!.index]).toEqual([59, 61]);
    expect((await inspect(inspector, 61)).previous).toEqual({ index: 60, hash: null });
  });

  it('does not set a long payload, or one that is hard to canonicalize, against its canonical form', async () => {
    const nodes = Array.from({ length: 12 }, (_, i) => `_:n${i}`);
    const pairs = nodes.flatMap((a) =>
      nodes.filter((b) => b !== a).map((b) => `${a} <http://e.org/p> ${b} .\n`),
    );
    const inspector = await damaged(async (store) => {
      await store.put('payload', blockKey(60), Buffer.from(pairs.join('')));
      await store.put(
        'payload',
        blockKey(61),
        Buffer.from('<http://e.org/s> <http://e.org/p> "o" .\n'.repeat(30_000)),
      );
    });
    const hard = await inspect(inspector, 60);
    expect([hard.payload.canonical, hard.payload.diff]).toEqual([null, null]);
    expect(hard.payload.error).toMatch(/^CANONICAL_LIMIT: /);
    const long = await inspect(inspector, 61);
    expect([long.payload.canonical, long.payload.diff, long.payload.bytes]).toEqual([null, null, 1_200_000]);
    expect(long.payload.error).toMatch(/longer than 1 MiB/);
  });

  it('shortens a long difference to the changes and what is around them', async () => {
    const line = (i: number) => `<http://e.org/s> <http://e.org/p> "${String(i).padStart(5, '0')}" .\n`;
    const lines = Array.from({ length: 5000 }, (_, i) => line(i));
    const inspector = await damaged((store) =>
      store.put(
        'payload',
        blockKey(60),
        Buffer.from([...lines.slice(0, 2499), ...lines.slice(2500), lines[2499]].join('')),
      ),
    );
    const { payload } = await inspect(inspector, 60);
    expect([payload.canonical, payload.shortened]).toEqual([false, true]);
    expect(payload.diff!.map(({ op }) => op).join(' ')).toBe(
      'same same same added same same same same same same removed',
    );
  });
});

const search = (text: string, before?: number, inspector = inspectorOf(chain)) =>
  inspector.search({ target: { kind: 'line', needle: text }, before }, 'somebody', never());
const byHash = (text: string, inspector = inspectorOf(chain)) =>
  inspector.search({ target: { kind: 'hash', hash: text } }, 'somebody', never());

describe('search', () => {
  it('finds the blocks with exactly that IRI, newest first, with the lines', async () => {
    const { blocks, next, searched, unread } = await search('<http://e.org/one>');
    expect(blocks.map(({ index }) => index)).toEqual([QUOTED]);
    expect(blocks[0]!.lines).toEqual([
      '<http://e.org/one> <http://e.org/p> "a \\"quoted\\" word" .',
      '<http://e.org/two> <http://e.org/p> <http://e.org/one> .',
    ]);
    expect(blocks[0]).toMatchObject({ quadCount: 2, hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect([next, searched, unread]).toEqual([null, { from: 0, to: LAST + 1 }, 0]);
    expect((await search('<http://e.org/on>')).blocks).toEqual([]);
    expect((await search('<http://e.org/one>', QUOTED)).blocks).toEqual([]);
  });

  it('finds text by its bytes', async () => {
    expect((await search('Großhandel')).blocks.map(({ index }) => index)).toEqual([LAST]);
    expect((await search('\\"quoted\\"')).blocks.map(({ index }) => index)).toEqual([QUOTED]);
  });

  it('goes on where it has stopped, until every block was found once', async () => {
    const found: number[] = [];
    let before: number | undefined;
    for (let calls = 0; before !== 0 && calls < 100; calls++) {
      const answer = await search('provchain.org', before);
      expect(answer.blocks.length).toBeLessThanOrEqual(50);
      found.push(...answer.blocks.map(({ index }) => index));
      if (answer.next === null) break;
      expect(answer.next).toBe(answer.searched.from);
      before = answer.next;
    }
    expect(found).toEqual(Array.from({ length: BLOCKS }, (_, i) => BLOCKS - i));
  });

  it('finds a block by its hash, and all with a payload by the hash of that', async () => {
    const [entry] = await validator.readHeaders(chain, 70, 71);
    const found = await byHash(entry!.hash);
    expect(found.blocks.map(({ index, lines }) => [index, lines])).toEqual([[70, []]]);
    expect(found.next).toBeNull();
    const byPayload = await byHash(entry!.header!.payloadHash);
    expect(byPayload.blocks.map(({ index }) => index)).toEqual([70]);
    expect((await byHash('0'.repeat(64))).blocks.map(({ index }) => index)).toEqual([]);
  });

  it('searches damaged blocks as they are, and counts those that it cannot read', async () => {
    const inspector = await damaged(async (store) => {
      await store.put('payload', blockKey(60), Buffer.from('no N-Quads: \xff needle-in-the-hay'));
      await store.delete('payload', blockKey(61));
      const stored = await store.get('header', blockKey(60));
      await store.put(
        'header',
        blockKey(60),
        Buffer.concat([splitStoredHeader(stored)!.hash, Buffer.from('{')]),
      );
    });
    const { blocks, unread } = await search('needle-in-the-hay', undefined, inspector);
    expect(blocks).toMatchObject([{ index: 60, timestamp: null, quadCount: null }]);
    expect(unread).toBe(1);
  });

  it('shows no more than the beginning of a long line', async () => {
    const inspector = await damaged((store) =>
      store.put('payload', blockKey(60), Buffer.from(`needle-${'x'.repeat(100_000)}`)),
    );
    const { blocks } = await search('needle-', undefined, inspector);
    expect(blocks[0]!.lines[0]).toHaveLength(4097);
  });

  it('ends when its caller has left, and lets the same client wait for its own search', async () => {
    const gone = new AbortController();
    const inspector = inspectorOf(chain);
    const first = inspector.search(
      { target: { kind: 'line', needle: 'nothing at all' } },
      'one',
      gone.signal,
    );
    const second = inspector.search({ target: { kind: 'line', needle: 'Großhandel' } }, 'one', never());
    gone.abort();
    await first.catch(() => {});
    expect((await second).blocks).toHaveLength(1);
  });

  it('refuses when too many wait', async () => {
    const inspector = inspectorOf(chain);
    const many = Array.from({ length: 40 }, (_, i) =>
      inspector.search({ target: { kind: 'line', needle: 'nothing at all' } }, `client ${i}`, never()).then(
        () => 'answered',
        ({ code }: { code: string }) => code,
      ),
    );
    const outcomes = await Promise.all(many);
    expect(outcomes.filter((outcome) => outcome === 'OVERLOADED')).toHaveLength(6);
    expect(outcomes.filter((outcome) => outcome === 'answered')).toHaveLength(34);
  });
});
