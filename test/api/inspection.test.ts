import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseSearchQuery } from '../../src/api/search-query.js';
import { TestNode } from './node.js';

let node: TestNode;
beforeAll(async () => {
  node = await TestNode.start();
  for (const object of ['"first"', '"second"', '<http://e.org/first>']) {
    await node.chain.append(Buffer.from(`<http://e.org/s> <http://e.org/p> ${object} .\n`), 'n-quads');
  }
});
afterAll(() => node.close());

describe('parseSearchQuery', () => {
  it.each([
    ['0', { kind: 'height', index: 0 }],
    [' 000000000000042 ', { kind: 'height', index: 42 }],
    ['1234567890123456', { kind: 'text', needle: '1234567890123456' }],
    ['Ab'.repeat(32), { kind: 'hash', hash: 'ab'.repeat(32) }],
    ['ab'.repeat(31), { kind: 'text', needle: 'ab'.repeat(31) }],
    ['http://e.org/s', { kind: 'iri', needle: '<http://e.org/s>' }],
    ['<http://e.org/ß>', { kind: 'iri', needle: '<http://e.org/ß>' }],
    ['urn:x', { kind: 'iri', needle: '<urn:x>' }],
    ['<not an iri>', { kind: 'text', needle: '<not an iri>' }],
    ['"urn:x"', { kind: 'text', needle: 'urn:x' }],
    ['""', { kind: 'text', needle: '\\"\\"' }],
    ['say "hi"\\', { kind: 'text', needle: 'say \\"hi\\"\\\\' }],
    ['a\u0000\n\tb', { kind: 'text', needle: 'a\\u0000\\n\\tb' }],
    ['_:c14n0', { kind: 'text', needle: '_:c14n0' }],
  ])('takes %j for %j', (text, query) => expect(parseSearchQuery(text)).toEqual(query));
});

describe('GET /api/blocks/search', () => {
  const search = (query: string) => node.call('GET', `/api/blocks/search?${query}`);
  const indexesOf = async (q: string) =>
    (await search(`q=${encodeURIComponent(q)}`)).json.blocks.map(({ index }: { index: number }) => index);

  it('finds blocks by height, hash, IRI and text, newest first', async () => {
    expect(await indexesOf('1')).toEqual([1]);
    expect(await indexesOf(node.chain.blocks[2]!.hash)).toEqual([2]);
    expect(await indexesOf('http://e.org/first')).toEqual([2]);
    expect(await indexesOf('first')).toEqual([2, 0]);
    const { json } = await search('q=second');
    expect(json).toMatchObject({ kind: 'text', next: null, searched: { from: 0, to: 3 }, unread: 0 });
    expect((await search('q=1')).json.blocks[0]).toMatchObject({ quadCount: 1, lines: [] });
  });

  it('finds nothing where there is no such block', async () => {
    for (const q of ['3', '999999999999999', '00'.repeat(32), 'urn:none'])
      expect(await indexesOf(q)).toEqual([]);
  });

  it('goes on before a block', async () => {
    const { json } = await search('q=first&before=2');
    expect(json.blocks.map(({ index }: { index: number }) => index)).toEqual([0]);
    expect((await search('q=first&before=0')).json.blocks).toEqual([]);
  });

  it.each([
    '',
    'q=',
    'q=%20%20',
    'q=x',
    `q=${'a'.repeat(2049)}`,
    'q=ab&q=cd',
    'q=ab&before=-1',
    'q=ab&before=1.5',
    'q=ab&before=99999999999999999999',
    'q=ab&limit=1',
  ])('refuses ?%s', async (query) => {
    const { status, json } = await search(query);
    expect([status, json.code]).toEqual([400, 'REQUEST_INVALID']);
  });

  it.each(['q=%00%00', 'q=%ff%fe%fd', 'q=%ed%a0%80x', 'q=..%2f..%2f', 'q=.*(a%2B)%2B$'])(
    'takes any other text as text: ?%s',
    async (query) => {
      expect((await search(query)).json).toMatchObject({ kind: 'text', blocks: [] });
    },
  );
});

describe('GET /api/blocks/:index/inspection', () => {
  it('gives the block, its payload and its neighbours', async () => {
    const { status, json } = await node.call('GET', '/api/blocks/1/inspection');
    expect(status).toBe(200);
    expect(json).toMatchObject({
      index: 1,
      height: 3,
      status: 'Healthy',
      findings: [],
      hash: node.chain.blocks[1]!.hash,
      payload: { canonical: true, diff: null },
      previous: { index: 0 },
      next: { index: 2 },
    });
    expect(JSON.parse(Buffer.from(json.headerBytes, 'base64').toString())).toEqual(json.header);
  });

  it.each([
    ['3', 404, 'NOT_FOUND'],
    ['-1', 400, 'REQUEST_INVALID'],
    ['1e3', 400, 'REQUEST_INVALID'],
    ['0x1', 400, 'REQUEST_INVALID'],
    ['1%00', 400, 'REQUEST_INVALID'],
    ['%2e%2e', 400, 'REQUEST_INVALID'],
    ['99999999999999999999', 400, 'REQUEST_INVALID'],
    ['search', 400, 'REQUEST_INVALID'],
  ])('answers for block %s with %i %s', async (index, status, code) => {
    const answer = await node.call('GET', `/api/blocks/${index}/inspection`);
    expect([answer.status, answer.json.code]).toEqual([status, code]);
  });
});
