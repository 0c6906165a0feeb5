import { blockKey } from '../../src/chain/index.js';
import { smallChain, temporaryFolder } from '../support/chains.js';
import { provchain } from '../support/cli.js';
import { startNode, type TestNode } from '../support/node.js';
import { tamper } from '../support/raw-store.js';

export const BLOCKS = 240;
/** The block of the damaged chain whose payload was changed. */
export const DAMAGED = 137;

const SECRET = 'kX2f9QmZ7-LrT4vBn8-WdY6sHj3-PcE5uGa1';
export const PASSWORDS = { vera: 'blue kettle 5 under rain', ada: 'quiet 4 morning train ride' } as const;
const ROLES = { vera: 'viewer', ada: 'admin' } as const;

/** One character of a literal changes; the line stays well-formed. */
function altered(payload: Buffer): Buffer {
  const text = payload.toString();
  return Buffer.from(text.replace(/"(\w)/, (_, first: string) => `"${first === 'X' ? 'Y' : 'X'}`));
}

export interface Fixture {
  readonly node: TestNode;
  close(): Promise<void>;
}

/** A node with users, a monitor that looks every two seconds, and one altered block unless it is to be intact. */
export async function startFixture({ damaged = true, toml = '' } = {}): Promise<Fixture> {
  const folder = temporaryFolder();
  const dir = `${folder.path}/chain`;
  await smallChain(dir, BLOCKS);
  if (damaged) {
    await tamper(dir, async (store) => {
      const key = blockKey(DAMAGED);
      await store.put('payload', key, altered(await store.get('payload', key)));
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
