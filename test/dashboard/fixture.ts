import { blockKey } from '../../src/chain/index.js';
import { smallChain, temporaryFolder } from '../support/chains.js';
import { provchain } from '../support/cli.js';
import { startNode, type TestNode } from '../support/node.js';
import { tamper } from '../support/raw-store.js';

export const BLOCKS = 240;
/** The block of the damaged chain whose payload was changed. */
export const DAMAGED = 137;

/** The block whose quads were put in another order: the same statements, but not the signed bytes. */
export const REORDERED = 60;

const SECRET = 'kX2f9QmZ7-LrT4vBn8-WdY6sHj3-PcE5uGa1';
export const PASSWORDS = { vera: 'blue kettle 5 under rain', ada: 'quiet 4 morning train ride' } as const;
const ROLES = { vera: 'viewer', ada: 'admin' } as const;

/** One character of a literal changes; the line stays well-formed. */
function altered(payload: Buffer): Buffer {
  const text = payload.toString();
  return Buffer.from(text.replace(/"(\w)/, (_, first: string) => `"${first === 'X' ? 'Y' : 'X'}`));
}

/** The same statements in another order. */
function reordered(payload: Buffer): Buffer {
  return Buffer.from(`${payload.toString().trimEnd().split('\n').reverse().join('\n')}\n`);
}

export interface Fixture {
  readonly node: TestNode;
  close(): Promise<void>;
}

/** A node with users, a monitor that looks every two seconds, and one altered and one reordered block unless it is to be intact. */
export async function startFixture({ damaged = true, toml = '' } = {}): Promise<Fixture> {
  const folder = temporaryFolder();
  const dir = `${folder.path}/chain`;
  await smallChain(dir, BLOCKS);
  if (damaged) {
    await tamper(dir, async (store) => {
      for (const [index, change] of [
        [DAMAGED, altered],
        [REORDERED, reordered],
      ] as const) {
        const key = blockKey(index);
        await store.put('payload', key, change(await store.get('payload', key)));
      }
    });
  }
  const users = `${folder.path}/users.json`;
  for (const name of Object.keys(PASSWORDS) as (keyof typeof PASSWORDS)[]) {
    const args = ['user', 'add', name, '--role', ROLES[name], '--users-file', users];
    const { status, stderr } = await provchain(args, { input: `${PASSWORDS[name]}\n` });
    if (status !== 0) throw new Error(stderr);
  }
  const settings = [
    'security.authentication.enabled = true',
    `security.authentication.users_file = ${JSON.stringify(users)}`,
    `security.audit.audit_log_file = ${JSON.stringify(`${folder.path}/audit.log`)}`,
    'security.rate_limit.requests_per_minute = 100000',
    'security.rate_limit.logins_per_minute = 1000',
    'integrity.performance.batch_size = 5',
    'integrity.background_monitoring.interval_seconds = 2',
    toml,
  ];
  const node = await startNode({ dir, toml: settings.join('\n'), env: { JWT_SECRET_KEY: SECRET } });
  return {
    node,
    async close() {
      await node.stop();
      folder.remove();
    },
  };
}
