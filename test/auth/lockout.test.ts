import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Auth } from '../../src/auth/index.js';
import { temporaryFolder } from '../support/chains.js';
import { type RedisServer, redisInstalled, startRedis } from '../support/redis.js';
import { OTHER_PASSWORD, PASSWORD, testAuth, testClock, testUsers } from './support.js';

const folder = temporaryFolder();
const clock = testClock();
const users = testUsers(folder.path);

beforeAll(async () => {
  await users.add('alice');
  await users.add('bob');
});

afterAll(() => folder.remove());

/** `in`, or the code of the refusal. */
const knock = (auth: Auth, name: string, password: string, address: string) =>
  auth.login(name, password, address).then(
    () => 'in',
    ({ code }) => code as string,
  );
const times = async (count: number, work: (i: number) => Promise<string>) => {
  const answers: string[] = [];
  for (let i = 0; i < count; i++) answers.push(await work(i));
  return answers;
};
const FAILED = 'LOGIN_FAILED';
const LOCKED = 'LOCKED_OUT';

interface Fleet {
  readonly name: string;
  /** Two nodes that count together. */
  open(options?: { lockoutSeconds?: number; maxAttemptsPerAddress?: number }): [Auth, Auth];
}

let servers = 0;

/** What holds for a node alone and for a fleet. */
function behavesAsLockout({ open }: Fleet): void {
  it('locks an account after the failures allowed, for the right password too, and says until when', async () => {
    const [one, two] = open();
    const answers = await times(6, (i) => knock(i % 2 ? one : two, 'alice', OTHER_PASSWORD, `192.0.2.${i}`));
    expect(answers).toEqual([FAILED, FAILED, FAILED, FAILED, FAILED, LOCKED]);
    for (const node of [one, two]) {
      const refusal = await node.login('ALICE', PASSWORD, '192.0.2.99').catch((error) => error);
      expect(refusal).toMatchObject({ code: LOCKED, httpStatus: 429 });
      expect(refusal.retryAfterMs).toBeGreaterThan(880_000);
      expect(refusal.retryAfterMs).toBeLessThanOrEqual(900_000);
    }
    expect(await knock(one, 'bob', PASSWORD, '192.0.2.1')).toBe('in');
  });

  it('counts names that do not exist in the same way', async () => {
    const [one, two] = open();
    const answers = await times(7, (i) => knock(i % 2 ? one : two, 'mallory', PASSWORD, `192.0.2.${i}`));
    expect(answers).toEqual([...Array(5).fill(FAILED), LOCKED, LOCKED]);
  });

  it('begins again after a right password', async () => {
    const [one, two] = open();
    const four = () => times(4, (i) => knock(i % 2 ? one : two, 'alice', OTHER_PASSWORD, `192.0.2.${i}`));
    expect(await four()).toEqual(Array(4).fill(FAILED));
    expect(await knock(two, 'alice', PASSWORD, '192.0.2.1')).toBe('in');
    expect(await four()).toEqual(Array(4).fill(FAILED));
    expect(await knock(one, 'alice', PASSWORD, '192.0.2.1')).toBe('in');
  });

  it('lets no more through when all come at once', async () => {
    const [one, two] = open();
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        knock(i % 2 ? one : two, 'alice', OTHER_PASSWORD, `192.0.2.${i + 1}`),
      ),
    );
    expect(answers.filter((answer) => answer === FAILED)).toHaveLength(5);
    expect(answers.filter((answer) => answer === LOCKED)).toHaveLength(25);
  });

  it('locks an address that tries many accounts, also when it logs in between, and no other address', async () => {
    const [one, two] = open({ maxAttemptsPerAddress: 6 });
    const answers = await times(8, async (i) => {
      if (i === 3) expect(await knock(one, 'bob', PASSWORD, '203.0.113.5')).toBe('in');
      return knock(i % 2 ? one : two, `name${i}`, PASSWORD, '203.0.113.5');
    });
    expect(answers).toEqual([...Array(6).fill(FAILED), LOCKED, LOCKED]);
    expect(await knock(one, 'bob', PASSWORD, '203.0.113.5')).toBe(LOCKED);
    expect(await knock(one, 'bob', PASSWORD, '203.0.113.6')).toBe('in');
  });

  it('takes the addresses of one IPv6 network, and both ways to write an IPv4 address, as one', async () => {
    const [one, two] = open({ maxAttemptsPerAddress: 2 });
    await knock(one, 'name1', PASSWORD, '2001:db8:1:2::1');
    await knock(two, 'name2', PASSWORD, '2001:DB8:1:2:ffff:0:0:9');
    expect(await knock(two, 'name3', PASSWORD, '2001:db8:1:2:3:4:5:6')).toBe(LOCKED);
    expect(await knock(two, 'name3', PASSWORD, '2001:db8:1:3::1')).toBe(FAILED);
    await knock(one, 'name1', PASSWORD, '198.51.100.1');
    await knock(one, 'name2', PASSWORD, '::ffff:198.51.100.1');
    expect(await knock(one, 'name3', PASSWORD, '198.51.100.1')).toBe(LOCKED);
  });

  it('opens after the time, which attempts while locked do not prolong', async () => {
    const [one] = open({ lockoutSeconds: 2 });
    await times(5, (i) => knock(one, 'alice', OTHER_PASSWORD, `192.0.2.${i}`));
    expect(await knock(one, 'alice', PASSWORD, '192.0.2.50')).toBe(LOCKED);
    let attempts = 0;
    for (let i = 0; (await knock(one, 'alice', PASSWORD, `198.51.100.${i % 250}`)) !== 'in'; i++) {
      attempts += 1;
      expect(attempts).toBeLessThan(100);
      await sleep(100);
    }
    expect(attempts).toBeGreaterThan(2);
  });
}

const lockout = (options: { lockoutSeconds?: number; maxAttemptsPerAddress?: number }, redis?: Redis) => ({
  maxAttempts: 5,
  lockoutSeconds: 900,
  ...options,
  redis,
  prefix: `fleet${servers++}`,
});

describe('the lockout of a node alone', () => {
  behavesAsLockout({
    name: 'memory',
    open(options = {}) {
      const auth = testAuth(users.file, clock, { lockout: lockout(options) });
      return [auth, auth];
    },
  });
});

describe.skipIf(!redisInstalled())('the lockout of a fleet', () => {
  let server: RedisServer;
  const clients: Redis[] = [];
  const connect = () => {
    const client = new Redis(server.url, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: 200,
      retryStrategy: () => 50,
    });
    // A Redis that is away is what some of these tests are about.
    client.on('error', () => {});
    clients.push(client);
    return client;
  };
  const ready = (client: Redis) =>
    client.status === 'ready' ? undefined : new Promise((resolve) => client.once('ready', resolve));

  beforeAll(async () => {
    server = await startRedis();
    await Promise.all([connect(), connect()].map(ready));
  });

  afterAll(async () => {
    for (const client of clients) client.disconnect();
    await server?.stop();
  });

  const open: Fleet['open'] = (options = {}) => {
    const common = lockout(options);
    const [one, two] = clients.map((redis) => testAuth(users.file, clock, { lockout: { ...common, redis } }));
    return [one, two] as [Auth, Auth];
  };

  behavesAsLockout({ name: 'redis', open });

  it('keeps no name in Redis', async () => {
    const [one] = open();
    await knock(one, 'typed my password here', PASSWORD, '192.0.2.1');
    expect(await server.command('KEYS', '*')).not.toContain('typed');
  });

  it('goes on without Redis: locks that a node set stay, and it counts alone', async () => {
    const [one, two] = open();
    await times(5, (i) => knock(one, 'alice', OTHER_PASSWORD, `192.0.2.${i}`));
    await server.shutDown('SIGKILL');
    expect(await knock(one, 'alice', PASSWORD, '192.0.2.9')).toBe(LOCKED);
    expect(await knock(two, 'bob', PASSWORD, '192.0.2.9')).toBe('in');
    const answers = await times(6, (i) => knock(two, 'bob', OTHER_PASSWORD, `192.0.2.${i}`));
    expect(answers).toEqual([...Array(5).fill(FAILED), LOCKED]);
    await server.start();
    await Promise.all(clients.map(ready));
    expect(await knock(two, 'mallory', PASSWORD, '192.0.2.77')).toBe(FAILED);
  });

  it('goes on while Redis is frozen', async () => {
    const [one] = open();
    server.pause();
    try {
      expect(await knock(one, 'alice', PASSWORD, '192.0.2.9')).toBe('in');
      expect(await knock(one, 'alice', OTHER_PASSWORD, '192.0.2.9')).toBe(FAILED);
    } finally {
      server.resume();
    }
  });
});
