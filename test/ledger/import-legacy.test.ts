import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { decodeAnchor, decodeLegacyHeader, generateProducerKey, producerOf } from '../../src/chain/index.js';
import { chainFiles, createChain, importLegacyDump, openSource, openWriter } from '../../src/ledger/index.js';
import { temporaryFolder } from '../support/chains.js';
import { fixtures } from '../support/project.js';

const folder = temporaryFolder();
afterAll(folder.remove);
let count = 0;
const newDir = () => join(folder.path, `dir-${count++}`);
const dumps = fixtures('provchain-org');

// The numbers are those of FORMAT.md beside the dumps.
const EXPECTED = {
  'persistence.nq': {
    heights: 3,
    unambiguous: 3,
    hashReproduced: 2,
    linksHeld: 2,
    linksChecked: 2,
    ambiguous: 0,
  },
  'demo.nq': { heights: 2, unambiguous: 2, hashReproduced: 1, linksHeld: 1, linksChecked: 1, ambiguous: 0 },
  'four-runs.nq': {
    heights: 5,
    unambiguous: 1,
    hashReproduced: 0,
    linksHeld: 1,
    linksChecked: 1,
    ambiguous: 4,
  },
  'node1.nq': {
    heights: 955,
    unambiguous: 840,
    hashReproduced: 840,
    linksHeld: 839,
    linksChecked: 839,
    ambiguous: 115,
  },
};

describe.skipIf(!dumps)('importLegacyDump', () => {
  it.each(Object.entries(EXPECTED))(
    'stores %s as a read-only chain with the numbers of its format',
    async (name, expected) => {
      const dir = newDir();
      const dump = readFileSync(join(dumps!, name));
      const producerKey = generateProducerKey();
      const now = () => Date.UTC(2026, 6, 1);
      expect(await importLegacyDump(dir, dump, { chainId: 'old', producerKey, now })).toEqual(expected);

      const { trust, anchor } = await chainFiles(dir);
      const source = await openSource(dir);
      const headers: Buffer[] = [];
      for await (const entries of source.scan('header', Buffer.alloc(0), undefined)) {
        headers.push(...entries.map(({ value }) => Buffer.from(value)));
      }
      let payloads = 0;
      for await (const entries of source.scan('payload', Buffer.alloc(0), undefined))
        payloads += entries.length;
      await source.close();
      expect([headers.length, payloads]).toEqual([expected.heights, expected.heights]);
      expect(headers.filter((header) => 'problem' in decodeLegacyHeader(header.subarray(32)))).toEqual([]);
      expect(trust).toMatchObject({
        chainId: 'old',
        format: 'provchain-org/0',
        genesisHash: headers[0]!.toString('hex', 0, 32),
        producers: [producerOf(producerKey)],
      });
      expect(decodeAnchor(anchor!)).toMatchObject({
        anchor: {
          index: expected.heights - 1,
          hash: headers.at(-1)!.toString('hex', 0, 32),
          timestamp: '2026-07-01T00:00:00.000Z',
        },
      });
      await expect(openWriter(dir)).rejects.toMatchObject({ code: 'NOT_A_CHAIN' });
    },
  );

  it('refuses a directory that holds a chain', async () => {
    const dir = newDir();
    await createChain(dir);
    const dump = readFileSync(join(dumps!, 'demo.nq'));
    await expect(importLegacyDump(dir, dump)).rejects.toMatchObject({ code: 'CHAIN_EXISTS' });
  });
});

describe('importLegacyDump of something else', () => {
  it.each([
    ['LEGACY_FORMAT', Buffer.from('<urn:a> <urn:b> <urn:c> .\n')],
    ['RDF_SYNTAX', Buffer.from('not n-quads')],
    ['RDF_ENCODING', Buffer.from('<urn:a> <urn:b> "\xff" .\n', 'latin1')],
  ])('is refused with %s, and nothing is stored', async (code, dump) => {
    const dir = newDir();
    await expect(importLegacyDump(dir, dump, { source: 'dump.nq' })).rejects.toMatchObject({
      code,
      place: { source: 'dump.nq' },
    });
    expect(existsSync(dir)).toBe(false);
  });
});
