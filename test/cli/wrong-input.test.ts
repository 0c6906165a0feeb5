import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWriter } from '../../src/ledger/index.js';
import { smallChain, temporaryFolder } from '../support/chains.js';
import { checkChain } from '../support/check-chain.js';
import { provchain } from '../support/cli.js';

const folder = temporaryFolder();
const chain = join(folder.path, 'chain');
const BLOCKS = 5;

/** A complete graph of blank nodes: nothing tells any two of them apart. */
function poisonGraph(nodes: number): string {
  const lines: string[] = [];
  for (let a = 0; a < nodes; a++) {
    for (let b = 0; b < nodes; b++) if (a !== b) lines.push(`_:b${a} <urn:p> _:b${b} .`);
  }
  return `${lines.join('\n')}\n`;
}

function longDocument(): string {
  const lines: string[] = [];
  for (let i = 0; i < 17 * 1024; i++) lines.push(`<urn:s> <urn:p> "${'x'.repeat(1000)}${i}" .`);
  return `${lines.join('\n')}\n`;
}

const documents: Record<string, string | Uint8Array> = {
  'good.ttl': '<urn:s> <urn:p> "o" .\n',
  'syntax.nq': '<urn:s> <urn:p> "o" .\n<urn:s> <urn:p> "o"\n',
  'syntax.nt': '<urn:s> <urn:p> "o" <urn:g> .\n',
  'syntax.ttl': '@prefix : <urn:x:> .\n:s :p [ .\n',
  'syntax.trig': '<urn:g> { <urn:s> <urn:p> }\n',
  'syntax.jsonld': '{"@id": "urn:s", "urn:p": [}\n',
  'relative.ttl': '<s> <urn:p> "o" .\n',
  'remote.jsonld': '{"@context": "https://example.org/context", "name": "x"}\n',
  'latin1.nq': Buffer.from('<urn:s> <urn:p> "Gro\xdfh\xe4ndler" .\n', 'latin1'),
  'empty.ttl': '# nothing\n',
  'poison.nq': poisonGraph(12),
  'long.nq': longDocument(),
  'mystery.dat': '<urn:s> <urn:p> "o" .\n',
  'dump.nq': '<urn:s> <urn:p> "o" .\n',
};

const at = (name: string) => join(folder.path, name);

beforeAll(async () => {
  await smallChain(chain, BLOCKS);
  for (const [name, content] of Object.entries(documents)) writeFileSync(at(name), content);
  mkdirSync(at('plain'));
});

afterAll(() => folder.remove());

interface Failure {
  readonly error: { code: string; message: string; place?: Record<string, unknown>; hint: string };
}

/** Runs a command that must fail, with its message as JSON. */
async function failureOf(args: readonly string[]) {
  const { status, stdout, stderr } = await provchain([...args, '--json']);
  expect(stdout).toBe('');
  const { error } = JSON.parse(stderr) as Failure;
  return { status, ...error };
}

describe('an error', () => {
  it.each([
    ['append', chain, at('syntax.nq')],
    ['validate', at('plain')],
    ['validate', chain, '--workers', 'two'],
  ])(
    'is two lines for a person, with the code, place, message and hint of its JSON form: %s',
    async (...args) => {
      const { status, code, place, message, hint } = await failureOf(args);
      const plain = await provchain(args);
      const file =
        place?.source === undefined
          ? ''
          : `${[place.source, place.line, place.column].filter(Boolean).join(':')}: `;
      expect(plain).toEqual({
        status,
        signal: null,
        stdout: '',
        stderr: `error ${code}: ${file}${message}\nhint: ${hint}\n`,
      });
    },
  );
});

describe('append', () => {
  it.each([
    ['syntax.nq', 'RDF_SYNTAX', 2],
    ['syntax.nt', 'RDF_SYNTAX', 1],
    ['syntax.ttl', 'RDF_SYNTAX', 2],
    ['syntax.trig', 'RDF_SYNTAX', 1],
    ['syntax.jsonld', 'RDF_SYNTAX', 1],
    ['relative.ttl', 'RDF_SYNTAX', 1],
    ['latin1.nq', 'RDF_ENCODING', 1],
  ])('refuses %s with %s and the line, and exits 65', async (name, code, line) => {
    const failure = await failureOf(['append', chain, at(name)]);
    const column = expect.any(Number);
    expect(failure).toMatchObject({ status: 65, code, place: { source: at(name), line, column } });
  });

  it.each([
    ['remote.jsonld', 'RDF_REMOTE_CONTEXT'],
    ['empty.ttl', 'BLOCK_EMPTY'],
    ['poison.nq', 'CANONICAL_LIMIT'],
    ['long.nq', 'BLOCK_TOO_LARGE'],
    ['missing.ttl', 'FILE_UNREADABLE'],
    ['plain', 'RDF_FORMAT_UNKNOWN', 64],
    ['mystery.dat', 'RDF_FORMAT_UNKNOWN', 64],
  ])('refuses %s with %s and the name of the file', async (name, code, status = 65) => {
    const failure = await failureOf(['append', chain, at(name)]);
    expect(failure).toMatchObject({ status, code, place: { source: at(name) } });
  });

  it('stores nothing of the good files before a bad one, and says so', async () => {
    const { message } = await failureOf(['append', chain, at('good.ttl'), at('syntax.nq')]);
    expect(message).toContain('nothing was stored');
  });

  it('exits 75 with LOCKED while another process is the writer', async () => {
    const writer = await openWriter(chain);
    try {
      expect(await failureOf(['append', chain, at('good.ttl')])).toMatchObject({
        status: 75,
        code: 'LOCKED',
      });
    } finally {
      await writer.close();
    }
  });

  it('refuses with NO_PRODUCER_KEY where the key is not', async () => {
    const keyless = at('keyless');
    await smallChain(keyless, 1);
    rmSync(join(keyless, 'keys'), { recursive: true });
    expect(await failureOf(['append', keyless, at('good.ttl')])).toMatchObject({
      status: 65,
      code: 'NO_PRODUCER_KEY',
    });
  });

  it('has changed nothing in all of this', async () => {
    expect((await checkChain(chain)).hashes).toHaveLength(BLOCKS + 1);
  });
});

describe('a directory that is not a chain', () => {
  it.each([
    ['validate', 'plain'],
    ['validate', 'nowhere'],
    ['validate', 'good.ttl'],
    ['inspect', 'plain', '0'],
    ['append', 'plain', 'good.ttl'],
  ])('is refused by %s %s with NOT_A_CHAIN and exit 65', async (command, directory, ...rest) => {
    const args = rest.map((word) => (word.endsWith('.ttl') ? at(word) : word));
    expect(await failureOf([command, at(directory), ...args])).toMatchObject({
      status: 65,
      code: 'NOT_A_CHAIN',
    });
  });

  it('is refused by generate when it holds something else', async () => {
    writeFileSync(join(at('plain'), 'letter.txt'), 'Dear');
    expect(await failureOf(['generate', at('plain'), '--blocks', '1'])).toMatchObject({
      status: 65,
      code: 'NOT_A_CHAIN',
    });
  });
});

describe('a directory that is a chain', () => {
  it('is refused by init with CHAIN_EXISTS and exit 65', async () => {
    expect(await failureOf(['init', chain])).toMatchObject({ status: 65, code: 'CHAIN_EXISTS' });
  });

  it('is refused by import with CHAIN_EXISTS, and a dump that is none with LEGACY_FORMAT', async () => {
    const from = ['--from', 'provchain-org'];
    expect(await failureOf(['import', at('new'), at('dump.nq'), ...from])).toMatchObject({
      status: 65,
      code: 'LEGACY_FORMAT',
    });
    expect(await failureOf(['import', at('new'), at('syntax.nq'), ...from])).toMatchObject({
      status: 65,
      code: 'RDF_SYNTAX',
      place: { source: at('syntax.nq'), line: 2 },
    });
  });
});

describe('blocks that do not exist', () => {
  it.each([
    ['validate', '--from', '99'],
    ['validate', '--to', '99'],
    ['validate', '--from', '3', '--to', '3'],
    ['validate', '--from', '4', '--to', '2'],
    ['inspect', '6'],
  ])('are refused by %s %s %s with OUT_OF_RANGE and exit 65', async (command, ...rest) => {
    expect(await failureOf([command, chain, ...rest])).toMatchObject({ status: 65, code: 'OUT_OF_RANGE' });
  });
});

describe('wrong usage', () => {
  it.each([
    ['no arguments of a command', ['validate']],
    ['an unknown command', ['valdate', chain]],
    ['an unknown option', ['validate', chain, '--levle', 'full']],
    ['too many arguments', ['validate', chain, 'more']],
    ['an unknown level', ['validate', chain, '--level', 'Deep']],
    ['an unknown check', ['validate', chain, '--checks', 'headers,footers']],
    ['no name between two commas', ['validate', chain, '--checks', 'headers,,keys']],
    ['a level and checks', ['validate', chain, '--level', 'full', '--checks', 'keys']],
    ['no workers', ['validate', chain, '--workers', '0']],
    ['less than no workers', ['validate', chain, '--workers', '-1']],
    ['workers in words', ['validate', chain, '--workers', 'two']],
    ['half a worker', ['validate', chain, '--workers', '1.5']],
    ['workers in hexadecimal', ['validate', chain, '--workers', '0x2']],
    ['too many workers', ['validate', chain, '--workers', '100000']],
    ['a negative first block', ['validate', chain, '--from', '-1']],
    ['a block number that is not exact', ['validate', chain, '--to', '9007199254740993']],
    ['no time', ['validate', chain, '--time-limit', '0']],
    ['a time that is none', ['validate', chain, '--time-limit', 'soon']],
    ['more time than a timer takes', ['validate', chain, '--time-limit', '9999999']],
    ['an empty unit of work', ['validate', chain, '--batch-size', '0']],
    ['no number of blocks', ['generate', chain]],
    ['an unknown profile', ['generate', chain, '--blocks', '1', '--profile', 'knot']],
    ['an unknown format', ['append', chain, 'a.ttl', '--format', 'rdfxml']],
    ['an unknown algorithm', ['canonicalize', 'a.ttl', '--algorithm', 'MD5']],
    ['a dump of nobody', ['import', 'new', 'a.nq', '--from', 'elsewhere']],
    ['an unknown shell', ['completion', 'tcsh']],
    ['a block number in words', ['inspect', chain, 'first']],
    ['a chain id that is none', ['init', join(folder.path, 'other'), '--id', 'a b']],
  ])('%s: exits 64 with USAGE', async (_, args) => {
    expect(await failureOf(args)).toMatchObject({ status: 64, code: 'USAGE' });
  });

  it('suggests the command and the option that were meant', async () => {
    expect((await provchain(['valdate'])).stderr).toContain('validate');
    expect((await provchain(['validate', chain, '--levle', 'full'])).stderr).toContain('--level');
  });

  it('shows the help on stderr and exits 64 when nothing is asked for', async () => {
    const { status, stdout, stderr } = await provchain([]);
    expect([status, stdout]).toEqual([64, '']);
    expect(stderr).toContain('Usage: provchain');
  });
});

describe('a stack trace', () => {
  it('is shown with PROVCHAIN_DEBUG=1 only', async () => {
    const args = ['validate', at('plain')];
    expect((await provchain(args)).stderr).not.toMatch(/^\s+at /m);
    expect((await provchain(args, { env: { PROVCHAIN_DEBUG: '1' } })).stderr).toMatch(/^\s+at /m);
  });
});
