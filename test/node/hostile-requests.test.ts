import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { smallChain, temporaryFolder } from '../support/chains.js';
import { startNode, type TestNode } from '../support/node.js';

const folder = temporaryFolder();
const auditFile = join(folder.path, 'audit.log');
let node: TestNode;

beforeAll(async () => {
  await smallChain(join(folder.path, 'chain'), 10);
  node = await startNode({
    dir: join(folder.path, 'chain'),
    toml: `network.api.trust_proxy_hops = 1\nsecurity.audit.audit_log_file = "${auditFile}"`,
  });
});
afterAll(async () => {
  await node?.stop();
  folder.remove();
});

/** Sends bytes as they are; the whole answer. The head says that the connection is to be closed. */
function exchange(text: string): Promise<string> {
  const { hostname, port } = new URL(node.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(text));
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}

function request(line: string, fields: readonly string[] = [], body = ''): Promise<string> {
  const head = ['Host: 127.0.0.1', ...fields, 'Connection: close'];
  if (body !== '') head.push('Content-Type: application/json', `Content-Length: ${body.length}`);
  return exchange(`${line} HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n${body}`);
}

const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);
const codeOf = (answer: string) => /"code":"(\w+)"/.exec(answer)?.[1];

describe('the address of a client behind a proxy', () => {
  it('is the one that the proxy added last, however many fields the client sent before', async () => {
    const fields = ['X-Forwarded-For: 198.51.100.1'];
    for (let i = 0; i < 150; i++) fields.push(`X-Padding-${i}: 1`);
    fields.push('X-Forwarded-For: 203.0.113.9');
    expect(statusOf(await request('POST /api/admin/freeze', fields, '{"reason":"a drill"}'))).toBe(200);
    expect(statusOf(await request('POST /api/admin/unfreeze', [], '{}'))).toBe(200);
    const entries = readFileSync(auditFile, 'utf8').trim().split('\n');
    const freeze = entries.map((line) => JSON.parse(line)).find(({ action }) => action === 'freeze');
    expect(freeze.address).toBe('203.0.113.9');
  });
});

describe('a page of another origin', () => {
  it.each(['GET /api/integrity/validate?level=Full&fresh=true', 'HEAD /api/integrity/validate?level=Full'])(
    'begins nothing with an image or a link: %s',
    async (line) => {
      for (const site of ['cross-site', 'same-site']) {
        expect(statusOf(await request(line, [`Sec-Fetch-Site: ${site}`]))).toBe(403);
      }
      expect(statusOf(await request(line, ['Sec-Fetch-Site: same-origin']))).toBe(200);
      expect(statusOf(await request(line, ['Sec-Fetch-Site: none']))).toBe(200);
    },
  );

  it('may still be followed to what only looks', async () => {
    expect(statusOf(await request('GET /docs', ['Sec-Fetch-Site: cross-site']))).toBe(200);
  });
});

describe('what no client means', () => {
  it.each([
    ['two lengths', 'POST /api/jobs', ['Content-Length: 2', 'Content-Length: 3'], 400],
    ['a length and chunks', 'POST /api/jobs', ['Content-Length: 2', 'Transfer-Encoding: chunked'], 400],
    ['a head of 20 kB', 'GET /api/chain', [`X-Long: ${'a'.repeat(20_000)}`], 431],
    ['a name of another host', 'GET http://127.0.0.1/api/chain', ['Upgrade: h2c'], 200],
    ['a broken escape', 'GET /api/blocks/%', [], 400],
    ['a path out of the folder', 'GET /docs/..%2f..%2fpackage.json', [], 404],
    ['a path out of the assets', 'GET /assets/..%2f..%2f..%2fpackage.json', [], 404],
    ['a null byte in a name', 'GET /assets/%00', [], 404],
    ['a path out of the queues', 'GET /queues/static/..%2f..%2fpackage.json', [], 404],
    ['a block beyond all', 'GET /api/blocks/999999999999999/inspection', [], 404],
    ['a search for a null byte', 'GET /api/blocks/search?q=%00', [], 400],
    ['a search as long as a head may be', `GET /api/blocks/search?q=${'a'.repeat(15_000)}`, [], 400],
    ['an escaped slash', 'GET /api/blocks/1%2fpayload', [], 400],
    ['two slashes', 'GET //api/chain', [], 404],
    ['another case', 'GET /API/chain', [], 404],
    ['a method that no path takes', 'TRACE /api/chain', [], 405],
    ['a range', 'GET /api/blocks/1/payload', ['Range: bytes=0-3'], 200],
    ['a weak tag', 'POST /api/blocks', ['If-Match: W/"00"', 'Content-Type: text/turtle'], 400],
    ['a cursor that is none', 'GET /api/jobs?after=%22%7d', [], 400],
    ['the same parameter twice', 'GET /api/blocks?limit=1&limit=2', [], 400],
    ['a key that every object has', 'GET /api/integrity/validate?profile=constructor', [], 400],
  ] as const)(
    'is answered with a status of its own and no defect: %s',
    async (_name, line, fields, status) => {
      const answer = await request(line, fields);
      expect([statusOf(answer), codeOf(answer) === 'INTERNAL']).toEqual([status, false]);
    },
  );

  it('leaves no error in the log, and the node ready', async () => {
    expect(node.log()).not.toMatch(/"level":"error"/);
    expect(statusOf(await request('GET /health/ready'))).toBe(200);
  });
});
