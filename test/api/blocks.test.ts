import { hash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProvChainError } from '../../src/errors.js';
import { NOW, TestNode } from './node.js';

let node: TestNode;

beforeEach(async () => {
  node = await TestNode.start();
});
afterEach(() => node.close());

const append = (
  body: string | Uint8Array,
  type: string,
  path = '/api/blocks',
  headers: Record<string, string> = {},
) => node.call('POST', path, { body, headers: { 'Content-Type': type, ...headers } });

const TRIPLE = '<http://ex.org/s> <http://ex.org/p> "o" .\n';
const addBlock = (text = TRIPLE) => append(text, 'application/n-quads');

describe('POST /api/blocks', () => {
  it.each([
    ['application/n-quads', '<http://ex.org/s> <http://ex.org/p> "o" .'],
    ['application/n-triples', '<http://ex.org/s> <http://ex.org/p> "o" .'],
    ['text/turtle', '@prefix e: <http://ex.org/> . e:s e:p "o" .'],
    ['application/trig', 'PREFIX e: <http://ex.org/> { e:s e:p "o" }'],
    ['application/ld+json', '[{"@id":"http://ex.org/s","http://ex.org/p":"o"}]'],
    ['Text/Turtle; charset=UTF-8', '<http://ex.org/s> <http://ex.org/p> "o" .'],
  ])('takes %s and stores the same canonical bytes', async (type, body) => {
    const { status, headers, json } = await append(body, type);
    expect([status, headers.location, headers.etag]).toEqual([201, '/api/blocks/0', `"${json.hash}"`]);
    expect(json.header).toMatchObject({ index: 0, quadCount: 1, payloadHash: hash('sha256', TRIPLE) });
    expect((await node.call('GET', '/api/blocks/0/payload')).text).toBe(TRIPLE);
  });

  it('refuses bad RDF with its line and column', async () => {
    const { status, json } = await append('@prefix e: <http://ex.org/> .\ne:s e:p .', 'text/turtle');
    expect([status, json.code]).toEqual([422, 'RDF_SYNTAX']);
    expect(json.place).toMatchObject({ source: 'body', line: 2, column: 9 });
    expect(node.chain.blocks).toEqual([]);
  });

  it.each([
    ['application/n-quads', Buffer.from([0x3c, 0xff, 0x3e]), 422, 'RDF_ENCODING'],
    ['application/n-quads', '# nothing', 422, 'BLOCK_EMPTY'],
    ['application/ld+json', '{"@context":"http://ex.org/c","a":1}', 422, 'RDF_REMOTE_CONTEXT'],
    ['application/ld+json', '{"@id":"http://ex.org/s","@id":"http://ex.org/t"}', 422, 'RDF_SYNTAX'],
    ['application/json', '{}', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['text/plain', TRIPLE, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['text/turtle; charset=latin1', TRIPLE, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['', TRIPLE, 415, 'UNSUPPORTED_MEDIA_TYPE'],
  ])('refuses %s %j with %s %s', async (type, body, status, code) => {
    const answer = await append(body, type);
    expect([answer.status, answer.json.code]).toEqual([status, code]);
    expect(node.chain.blocks).toEqual([]);
  });

  it('refuses a graph that takes too much work to canonicalize', async () => {
    const blanks = Array.from({ length: 11 }, (_, from) =>
      Array.from({ length: 11 }, (__, to) =>
        from === to ? '' : `_:b${from} <http://ex.org/p> _:b${to} .\n`,
      ).join(''),
    );
    const { status, json } = await append(blanks.join(''), 'application/n-quads');
    expect([status, json.code]).toEqual([422, 'CANONICAL_LIMIT']);
  });

  it('appends only on the head that If-Match or expectedHead names', async () => {
    const first = await addBlock();
    const wrong = await append(TRIPLE, 'application/n-quads', `/api/blocks?expectedHead=${'0'.repeat(64)}`);
    expect([wrong.status, wrong.json.code]).toEqual([409, 'HEAD_MOVED']);
    const byHeader = await append(TRIPLE, 'application/n-quads', '/api/blocks', {
      'If-Match': first.headers.etag!,
    });
    expect(byHeader.status).toBe(201);
    const byQuery = await append(
      TRIPLE,
      'application/n-quads',
      `/api/blocks?expectedHead=${byHeader.json.hash}`,
    );
    expect(byQuery.status).toBe(201);
  });

  it.each([
    ['/api/blocks', { 'If-Match': 'head' }],
    ['/api/blocks', { 'If-Match': 'W/"aa"' }],
    ['/api/blocks?expectedHead=xyz', {}],
    [`/api/blocks?expectedHead=${'0'.repeat(64)}`, { 'If-Match': `"${'1'.repeat(64)}"` }],
  ])('refuses %s with %j', async (path, headers) => {
    const { status, json } = await append(
      TRIPLE,
      'application/n-quads',
      path,
      headers as Record<string, string>,
    );
    expect([status, json.code]).toEqual([400, 'REQUEST_INVALID']);
  });

  it('answers 423 with the reason while appending is stopped', async () => {
    node.freeze = { frozen: true, source: 'operator', reason: 'data corruption suspected' };
    const { status, json, headers } = await addBlock();
    expect([status, json.code, json.source]).toEqual([423, 'FROZEN', 'operator']);
    expect(json.detail).toContain('data corruption suspected');
    expect(headers['retry-after']).toBeUndefined();
  });

  it('says when a maintenance window ends', async () => {
    node.freeze = { frozen: true, source: 'maintenance', until: new Date(NOW + 90_500).toISOString() };
    const { status, headers, json } = await addBlock();
    expect([status, headers['retry-after'], json.until]).toEqual([423, '91', node.freeze.until]);
  });

  it('names the writer when it is another node', async () => {
    node.chain.writerUrl = 'http://node-2:8080';
    node.chain.append = async () => {
      throw new ProvChainError('NOT_WRITER', 'node-2 appends');
    };
    const { status, json } = await addBlock();
    expect([status, json.code, json.writer]).toEqual([503, 'NOT_WRITER', 'http://node-2:8080']);
  });

  it('says in the audit log which block it was', async () => {
    const { json } = await addBlock();
    expect(node.audited).toMatchObject([
      { action: 'block.append', outcome: 'success', status: 201, details: { block: 0, hash: json.hash } },
    ]);
  });

  it('refuses a body that is longer than allowed, by its announced length and by its bytes', async () => {
    const long = '#'.repeat((1 << 20) + 1);
    const announced = await append(long, 'text/turtle');
    expect([announced.status, announced.json.code]).toEqual([413, 'REQUEST_TOO_LARGE']);
    const chunked = await append(long, 'text/turtle', '/api/blocks', { 'Transfer-Encoding': 'chunked' });
    expect([chunked.status, chunked.json.code]).toEqual([413, 'REQUEST_TOO_LARGE']);
  });
});

describe('GET /api/blocks', () => {
  beforeEach(async () => {
    for (let index = 0; index < 5; index++)
      await addBlock(`<http://ex.org/${index}> <http://ex.org/p> "o" .`);
  });

  const indexes = ({ blocks }: { blocks: { index: number }[] }) => blocks.map(({ index }) => index);

  it('pages up and down', async () => {
    const up = await node.call('GET', '/api/blocks?limit=2');
    expect([indexes(up.json), up.json.next, up.json.height]).toEqual([[0, 1], 2, 5]);
    expect(up.headers.link).toBe('</api/blocks?from=2&limit=2&order=asc>; rel="next"');
    const last = await node.call('GET', '/api/blocks?from=4&limit=2');
    expect([indexes(last.json), last.json.next, last.headers.link]).toEqual([[4], null, undefined]);
    const down = await node.call('GET', '/api/blocks?order=desc&limit=3');
    expect([indexes(down.json), down.json.next]).toEqual([[4, 3, 2], 1]);
    const rest = await node.call('GET', '/api/blocks?order=desc&limit=3&from=1');
    expect([indexes(rest.json), rest.json.next]).toEqual([[1, 0], null]);
  });

  it('gives an empty page beyond the end', async () => {
    const { json } = await node.call('GET', '/api/blocks?from=5');
    expect(json).toEqual({ height: 5, blocks: [], next: null });
  });

  it.each(['limit=1001', 'limit=0', 'from=-1', 'from=1e3', 'order=up', 'to=3'])(
    'refuses ?%s',
    async (query) => {
      const { status, json } = await node.call('GET', `/api/blocks?${query}`);
      expect([status, json.code]).toEqual([400, 'REQUEST_INVALID']);
    },
  );

  it('gives a header with its hash as the tag', async () => {
    const { json, headers } = await node.call('GET', '/api/blocks/3');
    expect(json).toMatchObject({ index: 3, header: { index: 3, chainId: 'test-chain' } });
    expect(headers.etag).toBe(`"${json.hash}"`);
    const again = await node.call('GET', '/api/blocks/3', { headers: { 'If-None-Match': headers.etag! } });
    expect(again.status).toBe(304);
  });

  it('says 404 for a block beyond the end and 400 for what is no number', async () => {
    for (const path of ['/api/blocks/5', '/api/blocks/5/payload', '/api/blocks/5/proof']) {
      expect((await node.call('GET', path)).json, path).toMatchObject({
        code: 'NOT_FOUND',
        place: { block: 5 },
      });
    }
    for (const index of ['x', '-1', '1.0', '0x1', '99999999999999999999']) {
      expect((await node.call('GET', `/api/blocks/${index}`)).json.code, index).toBe('REQUEST_INVALID');
    }
  });

  it('gives a proof against the head that is named', async () => {
    const { json } = await node.call('GET', '/api/blocks/1/proof?height=4');
    expect(json).toMatchObject({ schema: 'provchain-proof/1', blockIndex: 1, treeSize: 3 });
    const beyond = await node.call('GET', '/api/blocks/1/proof?height=6');
    expect([beyond.status, beyond.json.code]).toEqual([422, 'OUT_OF_RANGE']);
    expect((await node.call('GET', '/api/blocks/1/proof?height=0')).json.code).toBe('REQUEST_INVALID');
  });

  it('describes the chain, and says when nothing was appended', async () => {
    const { json, headers } = await node.call('GET', '/api/chain');
    expect(json).toMatchObject({
      chainId: 'test-chain',
      height: 5,
      headHash: node.chain.headHash,
      frozen: false,
    });
    const same = await node.call('GET', '/api/chain', { headers: { 'If-None-Match': headers.etag! } });
    expect(same.status).toBe(304);
    await addBlock();
    const changed = await node.call('GET', '/api/chain', { headers: { 'If-None-Match': headers.etag! } });
    expect([changed.status, changed.json.height]).toEqual([200, 6]);
  });

  it('says that the store cannot be read', async () => {
    node.chain.failure = new ProvChainError('STORE_UNAVAILABLE', 'no store', { retryAfterMs: 2500 });
    for (const path of [
      '/api/chain',
      '/api/blocks',
      '/api/blocks/1',
      '/api/blocks/1/payload',
      '/api/blocks/1/proof',
    ]) {
      const { status, json, headers } = await node.call('GET', path);
      expect([status, json.code, headers['retry-after']], path).toEqual([503, 'STORE_UNAVAILABLE', '3']);
    }
  });
});

describe('GET /api/blocks/:index/payload', () => {
  const NAMED = '<http://ex.org/s> <http://ex.org/p> "o" <http://ex.org/g> .\n';

  it.each([
    ['*/*', 'application/n-quads'],
    ['text/turtle', 'text/turtle'],
    ['application/trig, text/turtle;q=0.5', 'application/trig'],
    ['application/ld+json', 'application/ld+json'],
    ['text/html, */*;q=0.1', 'application/n-quads'],
  ])('gives for Accept %s %s', async (accept, type) => {
    await addBlock();
    const { headers } = await node.call('GET', '/api/blocks/0/payload', { headers: { Accept: accept } });
    expect([headers['content-type'], headers.vary]).toEqual([`${type}; charset=utf-8`, 'Accept']);
  });

  it('has the hash of the bytes as its tag, another for every format, and may be kept for ever', async () => {
    await addBlock();
    const digest = hash('sha256', TRIPLE);
    const { headers } = await node.call('GET', '/api/blocks/0/payload');
    expect([headers.etag, headers['provchain-payload']]).toEqual([`"${digest}"`, 'as-in-header']);
    expect(headers['cache-control']).toContain('immutable');
    const turtle = await node.call('GET', '/api/blocks/0/payload', { headers: { Accept: 'text/turtle' } });
    expect(turtle.headers.etag).toBe(`"${digest}-turtle"`);
    const known = await node.call('GET', '/api/blocks/0/payload', {
      headers: { 'If-None-Match': `"${digest}"` },
    });
    expect([known.status, known.text]).toEqual([304, '']);
  });

  it('refuses what it cannot give, and Turtle for named graphs', async () => {
    await addBlock(NAMED);
    for (const accept of ['application/rdf+xml', 'text/turtle']) {
      const { status, json } = await node.call('GET', '/api/blocks/0/payload', {
        headers: { Accept: accept },
      });
      expect([status, json.code], accept).toEqual([406, 'NOT_ACCEPTABLE']);
    }
  });

  it('never calls altered bytes by the name of what they were', async () => {
    await addBlock();
    node.chain.payloads[0] = Buffer.from(TRIPLE.replace('"o"', '"x"'));
    const { headers, text } = await node.call('GET', '/api/blocks/0/payload', {
      headers: { 'If-None-Match': `"${hash('sha256', TRIPLE)}"` },
    });
    expect(text).toContain('"x"');
    expect(headers.etag).toBe(`"${hash('sha256', text)}"`);
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['provchain-payload']).toBe('PAYLOAD_DIGEST_MISMATCH');
  });

  it('gives bytes that are no N-Quads any more only as they are', async () => {
    await addBlock();
    node.chain.payloads[0] = Buffer.from('rubbish');
    expect((await node.call('GET', '/api/blocks/0/payload')).text).toBe('rubbish');
    const { status, json } = await node.call('GET', '/api/blocks/0/payload', {
      headers: { Accept: 'text/turtle' },
    });
    expect([status, json.code, json.place]).toEqual([503, 'CHAIN_DAMAGED', { block: 0 }]);
  });

  it('answers HEAD with the length and no bytes', async () => {
    await addBlock();
    const { status, headers, text } = await node.call('HEAD', '/api/blocks/0/payload');
    expect([status, headers['content-length'], text]).toEqual([200, String(TRIPLE.length), '']);
  });
});
