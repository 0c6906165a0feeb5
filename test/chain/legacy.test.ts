import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  canonicalJson,
  decodeLegacyHeader,
  encodeLegacyHeader,
  type LegacyBlock,
  type LegacyHeader,
  type LegacySummary,
  legacyHashes,
  legacySummary,
  matchLegacyHash,
  matchLegacyLink,
  readLegacyDump,
} from '../../src/chain/index.js';
import { fixtures } from '../support/project.js';

const P = 'http://provchain.org/';
const XSD = 'http://www.w3.org/2001/XMLSchema#';
const sha256 = (text: string): string => hash('sha256', text, 'hex');

/** Two network blocks made by hand, the first of them a genesis block with the Turtle text of the predecessor. */
const GENESIS_TIME = '2025-01-02T03:04:05.678901Z';
const GENESIS_HASH = sha256(
  `02025-01-02T03:04:05.678901+00:00${sha256('@prefix ex: <http://example.org/> . ex:genesis ex:type "Genesis Block".')}0`,
);
const NODE_LINES = [
  `<${P}block/1> <${P}timestamp> "2025-01-02T03:04:06.100+00:00" .`,
  `<${P}block/1> <${P}authority> "node-1" .`,
];
const NODE_HASH = sha256(
  `12025-01-02T03:04:06.500+00:00${sha256(NODE_LINES.join('\n'))}${GENESIS_HASH}node-1`,
);
const NODE_GRAPH_HASH = sha256(
  `12025-01-02T03:04:06.500+00:00${sha256(
    NODE_LINES.map((line) => sha256(line.slice(0, -2).replaceAll('> <', '><').replaceAll('> "', '>"')))
      .sort()
      .join(''),
  )}${GENESIS_HASH}node-1`,
);
const BLANK_HASH = sha256(
  `22025-01-02T03:04:07+00:00${sha256(
    ['Magic_S<urn:p>Magic_O', '<urn:s><urn:p>Magic_O'].map(sha256).sort().join(''),
  )}${NODE_GRAPH_HASH}`,
);

interface Written {
  readonly hash: string;
  readonly previousHash: string;
  readonly timestamp: string;
  readonly validator?: string;
}

const headerLines = (
  height: number,
  { hash: own, previousHash, timestamp, validator }: Written,
): string[] => {
  const s = `<${P}block/${height}>`;
  const typed = (value: string, type: string) => `"${value}"^^<${XSD}${type}>`;
  return [
    `${s} <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <${P}${height === 0 ? 'GenesisBlock' : 'Block'}>`,
    `${s} <${P}hasIndex> ${typed(String(height), 'integer')}`,
    `${s} <${P}hasTimestamp> ${typed(timestamp, 'dateTime')}`,
    `${s} <${P}hasHash> "${own}"`,
    `${s} <${P}hasPreviousHash> "${previousHash}"`,
    `${s} <${P}hasDataGraphIRI> ${typed(`${P}block/${height}`, 'anyURI')}`,
    ...(validator === undefined ? [] : [`${s} <${P}hasValidator> "${validator}"`]),
  ].map((line) => `${line} <${P}blockchain> .`);
};

const DUMP = [
  ...headerLines(0, { hash: GENESIS_HASH, previousHash: '0', timestamp: GENESIS_TIME }),
  `<http://example.org/genesis> <http://example.org/type> "Genesis Block" <${P}block/0> .`,
  ...headerLines(1, {
    hash: NODE_HASH,
    previousHash: GENESIS_HASH,
    timestamp: '2025-01-02T03:04:06.5Z',
    validator: 'node-1',
  }),
  `<${P}block/1> <http://www.w3.org/ns/prov#wasPrecededBy> <${P}block/0> <${P}blockchain> .`,
  ...NODE_LINES.map((line) => line.replace(/\.$/, `<${P}block/1> .`)),
  ...headerLines(2, { hash: BLANK_HASH, previousHash: NODE_GRAPH_HASH, timestamp: '2025-01-02T03:04:07Z' }),
  `_:a <urn:p> _:b <${P}block/2> .`,
  `<urn:s> <urn:p> _:a <${P}block/2> .`,
  `<${P}trace#T> <urn:p> "an ontology" <${P}ontology> .`,
];

const read = (lines: readonly string[]) => readLegacyDump(Buffer.from(`${lines.join('\n')}\n`), 'dump.nq');
const blocksOf = (lines: readonly string[]) => read(lines).blocks;
const reversed = [...DUMP].reverse();
const formulas = (blocks: readonly LegacyBlock[]) =>
  blocks.map(({ header, quads }) => matchLegacyHash(header, quads));

describe('readLegacyDump', () => {
  it('gives blocks by height, whatever the order of the lines', () => {
    const { blocks, ignored } = read(DUMP);
    expect(read(reversed).blocks.map(({ header }) => header)).toEqual(blocks.map(({ header }) => header));
    expect(ignored).toEqual({ graphs: 1, quads: 2 });
    expect(blocks[1].header).toEqual({
      block: {
        dataGraphIri: [`${P}block/1`],
        hash: [NODE_HASH],
        index: ['1'],
        previousHash: [GENESIS_HASH],
        signature: [],
        timestamp: ['2025-01-02T03:04:06.5Z'],
        type: [`${P}Block`],
        validator: ['node-1'],
      },
      payloadBytes: blocks[1].payload.length,
      payloadHash: hash('sha256', blocks[1].payload, 'hex'),
      quadCount: 2,
    });
  });

  it('keeps as payload the canonical N-Quads of the data graph, with its name', () => {
    const { payload } = blocksOf(DUMP)[2];
    expect(Buffer.from(payload).toString()).toBe(
      `<urn:s> <urn:p> _:c14n0 <${P}block/2> .\n_:c14n0 <urn:p> _:c14n1 <${P}block/2> .\n`,
    );
  });

  it('keeps all values of a height that several runs wrote, in code point order', () => {
    const twice = [
      ...DUMP,
      ...headerLines(2, { hash: '00', previousHash: 'ff', timestamp: '2025-01-02T03:04:08Z' }),
    ];
    const { header } = blocksOf(twice)[2];
    expect(header.block.hash).toEqual(['00', BLANK_HASH]);
    expect(header.block.timestamp).toEqual(['2025-01-02T03:04:07Z', '2025-01-02T03:04:08Z']);
    expect(header.block.index).toEqual(['2']);
  });

  it('takes a block without data', () => {
    const block = blocksOf(DUMP.filter((line) => !line.endsWith(`<${P}block/2> .`)))[2];
    expect(block.header).toMatchObject({ payloadBytes: 0, payloadHash: sha256(''), quadCount: 0 });
  });

  it('undoes the escapes of literals', () => {
    const line = `<${P}block/1> <${P}hasSignature> "a\\"b\\\\n\\nc\\u0007\\u00e9" <${P}blockchain> .`;
    expect(blocksOf([...DUMP, line])[1].header.block.signature).toEqual(['a"b\\n\nc\u0007é']);
  });

  const without = (text: string) => DUMP.filter((line) => !line.includes(text));
  it.each<[string, readonly string[], string, number | undefined]>([
    [
      'there is no header graph',
      [`<urn:s> <urn:p> <urn:o> <${P}block/0> .`],
      'there are no blocks',
      undefined,
    ],
    [
      'a height is missing',
      DUMP.filter((line) => !line.startsWith(`<${P}block/1>`)),
      'block 1 is missing',
      1,
    ],
    [
      'data has no header',
      [...DUMP, `<urn:s> <urn:p> <urn:o> <${P}block/7> .`],
      'block 7 has data but no header',
      7,
    ],
    ['a hash is missing', without(`hasHash> "${NODE_HASH}"`), 'block 1 has no hash', 1],
    ['an index is missing', without('"1"^^'), 'block 1 has no index', 1],
    [
      'an index is no number',
      DUMP.map((line) => line.replace('"1"^^', '"one"^^')),
      'block 1 says its index is one',
      1,
    ],
    [
      'an index is another',
      DUMP.map((line) => line.replace('"1"^^', '"9"^^')),
      'block 1 says its index is 9',
      1,
    ],
    [
      'the data is said to be elsewhere',
      DUMP.map((line) => line.replace(`"${P}block/1"`, `"${P}block/2"`)),
      'block 1 keeps its data in another graph',
      1,
    ],
    [
      'a hash is an IRI',
      DUMP.map((line) => line.replace(`"${NODE_HASH}"`, '<urn:x>')),
      'the hash of block 1 is of',
      1,
    ],
    [
      'a hash has a language',
      DUMP.map((line) => line.replace(`"${NODE_HASH}"`, '"a"@en')),
      'the hash of block 1',
      1,
    ],
    [
      'a header belongs to no block',
      [...DUMP, `<${P}block/01> <${P}hasHash> "00" <${P}blockchain> .`],
      'that is not a block',
      undefined,
    ],
  ])('throws LEGACY_FORMAT with the place when %s', (_, lines, message, block) => {
    expect(() => read(lines)).toThrow(
      expect.objectContaining({
        code: 'LEGACY_FORMAT',
        message: expect.stringContaining(message),
        place: { source: 'dump.nq', block },
      }),
    );
  });

  it('throws RDF_SYNTAX with the line when the dump is no N-Quads', () => {
    expect(() => read([DUMP[0], 'nonsense'])).toThrow(
      expect.objectContaining({ code: 'RDF_SYNTAX', place: expect.objectContaining({ line: 2 }) }),
    );
  });
});

describe('matchLegacyHash', () => {
  it('says which formula reproduces the stored hash', () => {
    expect(formulas(blocksOf(DUMP))).toEqual(['genesis-text', 'text', 'graph']);
  });

  it('gives both hashes of a network block', () => {
    const { header, quads } = blocksOf(DUMP)[1];
    expect(legacyHashes(header, quads)).toEqual({ text: NODE_HASH, graph: NODE_GRAPH_HASH });
  });

  it('finds the same from the stored payload', () => {
    const stored = blocksOf(DUMP).map(({ payload }) => Buffer.from(payload).toString());
    expect(
      formulas(
        blocksOf([
          ...DUMP.filter((line) => line.endsWith('blockchain> .')),
          ...stored.join('').trim().split('\n'),
        ]),
      ),
    ).toEqual(['genesis-text', 'text', 'graph']);
  });

  it.each([
    ['genesis data', '"Genesis Block"', '"Genesis block"', 0],
    ['a network block’s authority', '"node-1" <', '"node-2" <', 1],
    ['a network block’s time', '04:06.100', '04:06.101', 1],
    ['a triple', '<urn:s> <urn:p> _:a', '<urn:s> <urn:q> _:a', 2],
    ['a previous hash', `"${NODE_GRAPH_HASH}"`, `"${NODE_HASH}"`, 2],
    ['a timestamp', '04:07Z', '04:08Z', 2],
    ['a timestamp into none', '04:07Z', '04:07', 2],
  ])('finds no formula after a change of %s', (_, from, to, height) => {
    const changed = DUMP.map((line) => line.replace(from, to));
    expect(formulas(blocksOf(changed))[height]).toBe('none');
  });

  it.each([
    ['genesis', 0],
    ['a network block', 1],
    ['another block', 2],
  ])('finds no formula after a triple is added to %s', (_, height) => {
    const added = [...DUMP, `<urn:s> <urn:p> "added" <${P}block/${height}> .`];
    expect(formulas(blocksOf(added))[height]).toBe('none');
  });

  it('picks nothing for an ambiguous height', () => {
    const { header, quads } = blocksOf([...DUMP, `<${P}block/1> <${P}hasHash> "00" <${P}blockchain> .`])[1];
    expect(matchLegacyHash(header, quads)).toBe('ambiguous');
    expect(legacyHashes(header, quads)).toEqual({});
  });
});

describe('matchLegacyLink', () => {
  const linkOf = (lines: readonly string[], height: number) => {
    const blocks = blocksOf(lines);
    return matchLegacyLink(blocks[height].header, blocks[height].quads, blocks[height + 1].header);
  };

  it('says what the next block refers to', () => {
    expect(linkOf(DUMP, 0)).toBe('genesis-text');
    expect(linkOf(DUMP, 1)).toBe('graph');
  });

  it('is the stored hash when no formula gives what the next block refers to', () => {
    expect(
      linkOf(
        DUMP.map((line) => line.replace('Genesis Block"', 'Genesis"')),
        0,
      ),
    ).toBe('stored');
  });

  it('is broken when the next block refers to something else', () => {
    expect(
      linkOf(
        DUMP.map((line) => line.replace(`PreviousHash> "${NODE_GRAPH_HASH}"`, 'PreviousHash> "00"')),
        1,
      ),
    ).toBe('none');
  });

  it('is not judged after an ambiguous height, and holds if one of several references does', () => {
    const first = `<${P}block/1> <${P}hasHash> "00" <${P}blockchain> .`;
    const second = `<${P}block/2> <${P}hasPreviousHash> "00" <${P}blockchain> .`;
    expect(linkOf([...DUMP, first], 1)).toBe('ambiguous');
    expect(linkOf([...DUMP, second], 1)).toBe('graph');
  });
});

describe('legacySummary', () => {
  it('counts a hand-made dump', () => {
    expect(legacySummary(blocksOf(DUMP))).toEqual({
      heights: 3,
      unambiguous: 3,
      hashReproduced: 2,
      linksHeld: 2,
      linksChecked: 2,
      ambiguous: 0,
    });
  });

  const folder = fixtures('provchain-org');
  it.skipIf(folder === undefined).each<[string, LegacySummary, Record<string, number>]>([
    [
      'node1.nq',
      {
        heights: 955,
        unambiguous: 840,
        hashReproduced: 840,
        linksHeld: 839,
        linksChecked: 839,
        ambiguous: 115,
      },
      { text: 840, ambiguous: 115 },
    ],
    [
      'four-runs.nq',
      { heights: 5, unambiguous: 1, hashReproduced: 0, linksHeld: 1, linksChecked: 1, ambiguous: 4 },
      { 'genesis-text': 1, ambiguous: 4 },
    ],
    [
      'persistence.nq',
      { heights: 3, unambiguous: 3, hashReproduced: 2, linksHeld: 2, linksChecked: 2, ambiguous: 0 },
      { 'genesis-text': 1, graph: 2 },
    ],
    [
      'demo.nq',
      { heights: 2, unambiguous: 2, hashReproduced: 1, linksHeld: 1, linksChecked: 1, ambiguous: 0 },
      { 'genesis-text': 1, graph: 1 },
    ],
  ])('gives the numbers of FORMAT.md for %s (skipped without the fixtures)', (name, summary, counts) => {
    const { blocks } = readLegacyDump(readFileSync(join(folder ?? '', name)), name);
    expect(legacySummary(blocks)).toEqual(summary);
    const found: Record<string, number> = {};
    for (const formula of formulas(blocks)) found[formula] = (found[formula] ?? 0) + 1;
    expect(found).toEqual(counts);
    for (const { header } of blocks) {
      expect(decodeLegacyHeader(encodeLegacyHeader(header))).toEqual({ header });
    }
  });
});

describe('decodeLegacyHeader', () => {
  const { header } = blocksOf(DUMP)[1];
  const withBlock = (change: object): unknown => ({ ...header, block: { ...header.block, ...change } });
  const problemOf = (bytes: Uint8Array): string => {
    const decoded = decodeLegacyHeader(bytes);
    return 'problem' in decoded ? decoded.problem : 'no problem';
  };

  it('reads back what was written, which is RFC 8785 text', () => {
    const bytes = encodeLegacyHeader(header);
    expect(bytes.toString()).toBe(canonicalJson(header));
    expect(decodeLegacyHeader(bytes)).toEqual({ header });
  });

  it('never takes one header for another after a flipped bit', () => {
    const bytes = encodeLegacyHeader(header);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      bytes[bit >> 3] ^= 1 << (bit & 7);
      const decoded = decodeLegacyHeader(bytes);
      if ('header' in decoded) expect(encodeLegacyHeader(decoded.header).equals(bytes)).toBe(true);
      bytes[bit >> 3] ^= 1 << (bit & 7);
    }
  });

  it.each<[string, unknown]>([
    ['a field of the dump is missing', withBlock({ validator: undefined })],
    ['a field is not in the dump', withBlock({ note: [] })],
    ['a field is no list', withBlock({ hash: 'a' })],
    ['a value is no string', withBlock({ hash: [1] })],
    ['values are not sorted', withBlock({ hash: ['b', 'a'] })],
    ['values are sorted by UTF-16 units', withBlock({ hash: ['\u{10000}', '\uffff'] })],
    ['a value is there twice', withBlock({ hash: ['a', 'a'] })],
    ['there is no hash', withBlock({ hash: [] })],
    ['there are two indexes', withBlock({ index: ['1', '2'] })],
    ['the index is no plain number', withBlock({ index: ['01'] })],
  ])('refuses a header when %s', (_, value) => {
    const text = canonicalJson(JSON.parse(JSON.stringify(value)));
    expect(problemOf(Buffer.from(text))).toBe(
      'The field "block" must be an object with the fields of the dump.',
    );
  });

  it('refuses a header with other counts, other fields or white space', () => {
    const text = (change: Partial<Record<keyof LegacyHeader | 'note', unknown>>) =>
      Buffer.from(canonicalJson({ ...header, ...change }));
    expect(problemOf(text({ quadCount: -1 }))).toContain('The field "quadCount" must be an integer');
    expect(problemOf(text({ note: 1 }))).toBe('There is an unknown field "note".');
    expect(problemOf(Buffer.from(`${encodeLegacyHeader(header)} `))).toContain('not in canonical form');
    expect(problemOf(Buffer.from('"\\ud800"'))).toBe('The text is not a JSON object.');
  });

  it('takes values in code point order beyond the basic plane', () => {
    const value = { ...header, block: { ...header.block, hash: ['\uffff', '\u{10000}'] } };
    expect(decodeLegacyHeader(encodeLegacyHeader(value))).toEqual({ header: value });
  });
});
