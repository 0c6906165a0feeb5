import { execFileSync } from 'node:child_process';
import {
  closeSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { blockKey, treeKey } from '../../src/chain/index.js';
import { copyChain, smallChain, temporaryFolder, validateChain } from '../support/chains.js';
import { forge } from '../support/forge.js';
import { startNode, type TestNode } from '../support/node.js';
import { tamper } from '../support/raw-store.js';

const folder = temporaryFolder();
const clean = join(folder.path, 'clean');
beforeAll(() => smallChain(clean, 59));
afterAll(() => folder.remove());

const LEVELS = ['Full', 'Standard', 'Minimal'] as const;
const TOML = `
blockchain.role = "reader"
blockchain.validation.validate_on_startup = false
integrity.performance.batch_size = 20
integrity.performance.enable_incremental_validation = true
security.rate_limit.enabled = false

[integrity.levels.short]
level = "Full"
cache_ttl_seconds = 1

[integrity.levels.audit]
level = "Full"
enable_caching = false
`;

let count = 0;
let dir: string;
let node: TestNode;

beforeEach(async () => {
  dir = copyChain(clean, join(folder.path, `chain-${count++}`));
  node = await startNode({ dir, toml: TOML });
});
afterEach(() => node.stop());

// biome-ignore lint/suspicious/noExplicitAny: the answers are looked at by the tests, field by field.
async function call(path: string, init?: RequestInit): Promise<any> {
  return (await node.fetch(path, init)).json();
}

async function validate(query: string) {
  const { cached, report } = await call(`/api/integrity/validate?wait=30&${query}`);
  return { cached, status: report.status, counts: report.findingCounts, shards: report.shards };
}

const submit = (body: object) =>
  call('/api/jobs?wait=30', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

const status = async () => (await call('/api/integrity/status')).status;

async function makeClean(): Promise<void> {
  for (const level of LEVELS) {
    expect(await validate(`level=${level}`)).toMatchObject({ cached: false, status: 'Healthy' });
    expect(await validate(`level=${level}`)).toMatchObject({ cached: true, status: 'Healthy' });
  }
}

const changePayload = (chain: string, index: number) =>
  tamper(chain, async (store) => {
    const payload = await store.get('payload', blockKey(index));
    await store.put('payload', blockKey(index), Buffer.from(payload.toString().replace('http', 'hxxp')));
  });

function largestTable(chain: string): string {
  const tables = readdirSync(join(chain, 'db')).filter((name) => name.endsWith('.sst'));
  const paths = tables.map((name) => join(chain, 'db', name));
  return paths.sort((a, b) => statSync(b).size - statSync(a).size)[0]!;
}

/** One bit, in place, with the times that the file had. */
function flip(path: string): void {
  const { size, atime, mtime } = statSync(path);
  const file = openSync(path, 'r+');
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, size >> 1);
  byte[0]! ^= 1;
  writeSync(file, byte, 0, 1, size >> 1);
  closeSync(file);
  utimesSync(path, atime, mtime);
}

const BAD_SIGNATURE = Buffer.alloc(64, 7).toString('base64url');

const ALTERATIONS: Record<string, (chain: string) => Promise<void> | void> = {
  'a payload overwritten': (chain) => changePayload(chain, 30),
  'the last payload of a shard overwritten': (chain) => changePayload(chain, 39),
  'two blocks exchanged': (chain) =>
    tamper(chain, async (store) => {
      for (const column of ['header', 'payload'] as const) {
        const [a, b] = [await store.get(column, blockKey(30)), await store.get(column, blockKey(31))];
        await store.put(column, blockKey(30), b);
        await store.put(column, blockKey(31), a);
      }
    }),
  'a block taken away': (chain) =>
    tamper(chain, async (store) => {
      await store.delete('header', blockKey(30));
      await store.delete('payload', blockKey(30));
    }),
  'the chain written anew from a block without a signature on': (chain) =>
    forge(chain, { 30: { header: { signature: BAD_SIGNATURE } } }),
  'a record of the history tree overwritten': (chain) =>
    tamper(chain, (store) => store.put('default', treeKey(2, 5), Buffer.alloc(32, 1))),
  'a bit of a file flipped, its times set back': (chain) => flip(largestTable(chain)),
  'the store replaced by an altered copy with old times': async (chain) => {
    const copy = copyChain(chain, `${chain}-copy`);
    await changePayload(copy, 30);
    execFileSync('find', [join(copy, 'db'), '-exec', 'touch', '-d', '2020-01-01', '{}', '+']);
    rmSync(join(chain, 'db'), { recursive: true });
    execFileSync('cp', ['-p', '-r', join(copy, 'db'), join(chain, 'db')]);
  },
  'the anchor taken away': (chain) => rmSync(join(chain, 'anchor.json')),
};

describe('a chain that was found clean at every level', () => {
  it.each(Object.keys(ALTERATIONS))(
    'is judged as if nothing were known of it by the next request, after: %s',
    async (name) => {
      await makeClean();
      await ALTERATIONS[name]!(dir);
      for (const level of LEVELS) {
        const expected = await validateChain(dir, { level, batchSize: 20 });
        expect(await validate(`level=${level}`)).toMatchObject({
          cached: false,
          status: expected.status,
          counts: expected.findingCounts,
        });
      }
    },
  );

  it('shows in the status what a Full job found that reused the evidence of other shards', async () => {
    await makeClean();
    expect(await validate('level=Full&fresh=true')).toMatchObject({ status: 'Healthy' });
    await changePayload(dir, 30);
    const found = await validate('level=Full');
    expect(found.status).toBe('Critical');
    expect(found.shards.map(({ cached }: { cached: boolean }) => cached)).toEqual([true, false, true]);
    expect(await status()).toBe('Critical');
    expect((await call('/health')).status).toBe('unhealthy');
  });

  it('is not called healthy because somebody asks without the anchor', async () => {
    await makeClean();
    renameSync(join(dir, 'anchor.json'), join(dir, 'anchor.kept'));
    expect((await submit({ level: 'Full', requireAnchor: false })).report.status).toBe('Healthy');
    expect(await validate('level=Full')).toMatchObject({ cached: false, status: 'Critical' });
    expect((await submit({ level: 'Full', requireAnchor: false, fresh: true })).report.status).toBe(
      'Healthy',
    );
    expect(await status()).toBe('Critical');
    expect(await validate('level=Full')).toMatchObject({ status: 'Critical' });
  });

  it('is read again for a custom level that keeps results for less time, or not at all', async () => {
    expect(await validate('level=Full')).toMatchObject({ cached: false });
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect(await validate('level=Full')).toMatchObject({ cached: true });
    expect(await validate('profile=short')).toMatchObject({ cached: false });
    for (let i = 0; i < 2; i++) {
      const audit = await validate('profile=audit');
      expect(audit.cached).toBe(false);
      expect(audit.shards.some(({ cached }: { cached: boolean }) => cached)).toBe(false);
    }
  });
});
