import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalize, workloadDocument } from '../../src/rdf/index.js';
import { temporaryFolder } from '../support/chains.js';
import { checkChain } from '../support/check-chain.js';
import { provchain } from '../support/cli.js';
import { fixtures } from '../support/project.js';

const folder = temporaryFolder();
const at = (name: string) => join(folder.path, name);

const documents = {
  'a.nq': '_:x <urn:p> "Größe"@DE <urn:g> .\n_:x <urn:q> _:y <urn:g> .\n',
  'b.nt': '<urn:s> <urn:p> "b" .\n',
  'c.ttl': '@prefix : <urn:x:> .\n:s :p "c", "d" .\n',
  'd.trig': '<urn:g> { <urn:s> <urn:p> 1 }\n',
  'e.jsonld': '{"@id": "urn:s", "urn:p": [{"@value": "e", "@language": "EN"}]}',
};

beforeAll(() => {
  for (const [name, text] of Object.entries(documents)) writeFileSync(at(name), text);
});

afterAll(() => folder.remove());

/** Runs a command that must succeed with exactly one JSON document on stdout. */
async function json<T>(args: readonly string[], input?: string): Promise<T> {
  const { status, stdout, stderr } = await provchain([...args, '--json'], { input });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as T;
}

describe('init', () => {
  it('makes a chain whose key only its owner can read, and says what it made', async () => {
    const made = await json<Record<string, unknown>>(['init', at('made'), '--id', 'pharma-eu-1']);
    const { hashes } = await checkChain(at('made'));
    expect(made).toMatchObject({ chainId: 'pharma-eu-1', genesisHash: hashes[0], height: 1 });
    const keys = readdirSync(at('made/keys'));
    expect(keys.map((name) => (statSync(at(`made/keys/${name}`)).mode & 0o777).toString(8))).toEqual(['600']);
  });
});

describe('append', () => {
  it('stores one block for each file, of every format, in that order', async () => {
    await provchain(['init', at('chain')]);
    const files = Object.keys(documents).map(at);
    const stored = await json<{ index: number; hash: string; quads: number; file: string }[]>([
      'append',
      at('chain'),
      ...files,
    ]);
    const { hashes, payloads } = await checkChain(at('chain'));
    expect(stored.map(({ index, hash, quads, file }) => [index, hash, quads, file])).toEqual(
      files.map((file, i) => [i + 1, hashes[i + 1], [2, 1, 2, 1, 1][i], file]),
    );
    expect(payloads.slice(1).map(String)).toEqual([
      '_:c14n1 <urn:p> "Größe"@de <urn:g> .\n_:c14n1 <urn:q> _:c14n0 <urn:g> .\n',
      documents['b.nt'],
      '<urn:x:s> <urn:x:p> "c" .\n<urn:x:s> <urn:x:p> "d" .\n',
      '<urn:s> <urn:p> "1"^^<http://www.w3.org/2001/XMLSchema#integer> <urn:g> .\n',
      '<urn:s> <urn:p> "e"@en .\n',
    ]);
  });

  it('takes standard input when its format is named', async () => {
    const stored = await json<unknown[]>(
      ['append', at('chain'), '-', '--format', 'nquads'],
      documents['b.nt'],
    );
    expect(stored).toMatchObject([{ index: 6, quads: 1, file: '-' }]);
    const unnamed = await provchain(['append', at('chain'), '-', '--json'], { input: documents['b.nt'] });
    expect(unnamed.status).toBe(64);
    expect(JSON.parse(unnamed.stderr)).toMatchObject({ error: { code: 'RDF_FORMAT_UNKNOWN' } });
  });
});

describe('generate', () => {
  it('stores document b − 1 in block b, at once or in several runs', async () => {
    const options = ['--profile', 'tangle', '--quads', '20', '--seed', '7'];
    const first = await json<{ blocks: number; height: number }>([
      'generate',
      at('runs'),
      '-n',
      '3',
      ...options,
    ]);
    const second = await json<{ blocks: number; height: number }>([
      'generate',
      at('runs'),
      '-n',
      '2',
      ...options,
    ]);
    expect([first, second]).toMatchObject([
      { blocks: 3, height: 4 },
      { blocks: 2, height: 6 },
    ]);
    const { payloads } = await checkChain(at('runs'));
    const expected = [0, 1, 2, 3, 4].map((index) => {
      const document = workloadDocument('tangle', index, { quads: 20, seed: 7 });
      return Buffer.from(canonicalize(Buffer.from(document)).bytes).toString();
    });
    expect(payloads.slice(1).map(String)).toEqual(expected);
  });
});

describe('import', () => {
  const dumps = fixtures('provchain-org');

  it.runIf(dumps).each([
    ['node1.nq', [955, 840, 840, 839, 839, 115]],
    ['four-runs.nq', [5, 1, 0, 1, 1, 4]],
    ['persistence.nq', [3, 3, 2, 2, 2, 0]],
    ['demo.nq', [2, 2, 1, 1, 1, 0]],
  ])('finds in %s what its description says, and the chain is not Critical', async (name, numbers) => {
    const directory = at(name.replace('.nq', ''));
    const summary = await json(['import', directory, join(dumps ?? '', name), '--from', 'provchain-org']);
    const names = ['heights', 'unambiguous', 'hashReproduced', 'linksHeld', 'linksChecked', 'ambiguous'];
    expect(summary).toEqual(Object.fromEntries(names.map((key, i) => [key, numbers[i]])));
    const { status, stdout } = await provchain(['validate', directory, '--level', 'full', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ chain: { height: numbers[0] }, complete: true });
    expect([0, 1]).toContain(status);
  });
});

describe('canonicalize', () => {
  it('writes the canonical form byte for byte, which is its own canonical form', async () => {
    const once = await provchain(['canonicalize', at('a.nq')]);
    expect(once).toMatchObject({ status: 0, stderr: '' });
    expect(once.stdout).toBe('_:c14n1 <urn:p> "Größe"@DE <urn:g> .\n_:c14n1 <urn:q> _:c14n0 <urn:g> .\n');
    const twice = await provchain(['canonicalize', '-', '-f', 'nquads'], { input: once.stdout });
    expect(twice.stdout).toBe(once.stdout);
  });

  it('prints the hash that sha256sum and sha384sum give', async () => {
    const { stdout } = await provchain(['canonicalize', at('b.nt'), '--hash']);
    const sum = (command: string, text: string) =>
      execFileSync(command, { input: text, encoding: 'utf8' }).split(' ')[0];
    expect(stdout.trim()).toBe(sum('sha256sum', documents['b.nt']));
    const long = await provchain(['canonicalize', at('b.nt'), '--hash', '-a', 'SHA-384']);
    expect(long.stdout.trim()).toBe(sum('sha384sum', documents['b.nt']));
  });

  it('prints the labels that blank nodes get', async () => {
    const { stdout } = await provchain(['canonicalize', at('a.nq'), '--map']);
    expect(JSON.parse(stdout)).toEqual({ x: 'c14n1', y: 'c14n0' });
  });

  it('gives all of it in one document with --json', async () => {
    expect(await json(['canonicalize', at('a.nq')])).toEqual({
      algorithm: 'SHA-256',
      quads: 2,
      transactions: 1,
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      canonical: '_:c14n1 <urn:p> "Größe"@DE <urn:g> .\n_:c14n1 <urn:q> _:c14n0 <urn:g> .\n',
      map: { x: 'c14n1', y: 'c14n0' },
    });
  });

  const suite = fixtures('w3c-rdf-canon');

  it.runIf(suite)('gives the W3C suite’s answers through the command line, SHA-384 and map too', async () => {
    const file = (name: string) => join(suite ?? '', 'rdfc10', name);
    const plain = await provchain(['canonicalize', file('test044-in.nq')]);
    expect(plain.stdout).toBe(readFileSync(file('test044-rdfc10.nq'), 'utf8'));
    const sha384 = await provchain(['canonicalize', file('test075-in.nq'), '-a', 'SHA-384']);
    expect(sha384.stdout).toBe(readFileSync(file('test075-rdfc10.nq'), 'utf8'));
    const map = await provchain(['canonicalize', file('test020-in.nq'), '--map']);
    expect(JSON.parse(map.stdout)).toEqual(JSON.parse(readFileSync(file('test020-rdfc10map.json'), 'utf8')));
  });
});
