import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blockKey } from '../src/chain/index.js';
import { copyChain, smallChain, temporaryFolder, validateChain } from './support/chains.js';
import { CLI, finish, provchain } from './support/cli.js';
import { installed } from './support/debian.js';
import { startNode, type TestNode } from './support/node.js';
import { readPage, sectionsOf } from './support/pages.js';
import { projectRoot } from './support/project.js';
import { tamper } from './support/raw-store.js';

/**
 * The procedures of docs/operations.md that replace data, keys and copies, run as they are written: only the folders are
 * others, and what needs root or systemd is noted instead of done.
 */
const folder = temporaryFolder();
const at = (name: string) => join(folder.path, name);
const page = readPage('docs/operations.md');

const PRELUDE = `set -e
sudo() { if [ "$1" = -u ]; then shift 2; fi; "$@"; }
systemctl() { echo "systemctl $*" >> "$CALLS"; }
chown() { echo "chown $1" >> "$CALLS"; }
provchain() { "$NODE_BINARY" "$CLI_FILE" "$@"; }
`;

/** The first shell block, or the one of that number, after a heading of any level. */
function blockAfter(heading: string, number = 0): string {
  const [, after] = page.text.split(`# ${heading}\n`);
  const blocks = [...(after ?? '').matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block!);
  expect(blocks[number], `a shell block under ${heading}`).toBeDefined();
  return blocks[number]!;
}

interface ShellOutcome {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
  /** What would have been done by root or systemd. */
  readonly calls: readonly string[];
}

async function runShell(script: string, input = '', env: NodeJS.ProcessEnv = {}): Promise<ShellOutcome> {
  const calls = at(`calls-${Math.random()}`);
  writeFileSync(calls, '');
  const child = spawn('bash', ['-c', PRELUDE + script], {
    env: { ...process.env, CALLS: calls, NODE_BINARY: process.execPath, CLI_FILE: CLI, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.end(input);
  const { status, stdout, stderr } = await finish(child);
  const noted = readFileSync(calls, 'utf8').split('\n').filter(Boolean);
  return { status, out: stdout, err: stderr, calls: noted };
}

const lines = (dir: string, name: string) => readFileSync(join(dir, name), 'utf8');

beforeAll(() => smallChain(at('good'), 10));
afterAll(() => folder.remove());

describe('docs/operations.md: bring a replica back', () => {
  const script = () =>
    (blockAfter('Bring a replica back') + blockAfter('Bring a replica back', 1))
      .replace('DIR=/var/lib/provchain/data', `DIR=${at('data')}`)
      .replace('COPY=/mnt/copy/data', `COPY=${at('copy')}`)
      .replace('df -h /var/lib/provchain', `df -h ${folder.path}`);

  it('puts a copy that validates in place, keeps name, key and evidence, and stops the node around it', async () => {
    copyChain(at('good'), at('copy'));
    copyChain(at('good'), at('data'));
    writeFileSync(at('data/replica.json'), '{"replicaId":"the-one-that-stays"}');
    await tamper(at('data'), (store) =>
      store.put('payload', blockKey(3), Buffer.from('<urn:s> <urn:p> "x" .\n')),
    );
    const { status, err, calls } = await runShell(script());
    expect([status, err]).toEqual([0, '']);
    expect(calls).toEqual(['systemctl stop provchain', 'chown -R', 'systemctl start provchain']);
    expect((await validateChain(at('data'), { level: 'Full' })).status).toBe('Healthy');
    expect(lines(at('data'), 'replica.json')).toContain('the-one-that-stays');
    expect(existsSync(at('data/keys/producer.pem'))).toBe(true);
    const [evidence] = readdirSync(folder.path).filter((name) => name.startsWith('data.evidence-'));
    const kept = await validateChain(at(evidence!), { level: 'Standard' });
    expect(kept.findings.map(({ code, block }) => [code, block])).toEqual([
      ['PAYLOAD_DIGEST_MISMATCH', 3],
      ['PAYLOAD_SIZE_MISMATCH', 3],
      ['QUAD_COUNT_MISMATCH', 3],
    ]);
  });

  it('says so with exit 2 before anything is touched when the copy does not validate', async () => {
    await tamper(at('copy'), (store) =>
      store.put('payload', blockKey(5), Buffer.from('<urn:s> <urn:p> "x" .\n')),
    );
    const before = readdirSync(folder.path).filter((name) => name.startsWith('data'));
    const { status, calls } = await runShell(script());
    expect([status, calls]).toEqual([2, []]);
    expect(readdirSync(folder.path).filter((name) => name.startsWith('data'))).toEqual(before);
  });
});

describe('docs/operations.md: copy a chain directory', () => {
  it('makes a copy without the key that validates', async () => {
    copyChain(at('good'), at('original'));
    mkdirSync(at('mnt'));
    const script = blockAfter('Copy a chain directory')
      .replaceAll('/var/lib/provchain/data', at('original'))
      .replaceAll('/mnt/copy', at('mnt'));
    const { status, err, calls } = await runShell(script);
    expect([status, err]).toEqual([0, '']);
    expect(calls).toEqual(['systemctl stop provchain', 'systemctl start provchain']);
    const [copy] = readdirSync(at('mnt'));
    expect(readdirSync(join(at('mnt'), copy!)).sort()).toEqual([
      'anchor.json',
      'chain.json',
      'db',
      'replica.json',
    ]);
  });
});

describe.skipIf(!installed('openssl'))('docs/operations.md: change the producer key', () => {
  it('makes a key that appends once chain.json names what was printed', async () => {
    const dir = copyChain(at('good'), at('rekeyed'));
    const script = blockAfter('Change the producer key').replace('DIR=/var/lib/provchain/data', `DIR=${dir}`);
    const { status, err, out } = await runShell(script);
    expect([status, err]).toEqual([0, '']);
    expect(out).toMatch(/^[0-9a-f]{64}$/);
    expect(statSync(join(dir, 'keys/producer.pem')).mode & 0o777).toBe(0o600);
    writeFileSync(at('more.ttl'), '<urn:s> <urn:p> "after" .');
    expect((await provchain(['append', dir, at('more.ttl')])).status).toBe(65);
    const trust = JSON.parse(lines(dir, 'chain.json')) as { producers: string[] };
    writeFileSync(
      join(dir, 'chain.json'),
      JSON.stringify({ ...trust, producers: [...trust.producers, out] }),
    );
    expect((await provchain(['append', dir, at('more.ttl')])).status).toBe(0);
    expect((await validateChain(dir, { level: 'Full' })).status).toBe('Healthy');
  });
});

describe.skipIf(!installed('curl'))('docs/operations.md: a shell that can ask the node', () => {
  let node: TestNode;
  const PASSWORD = 'correct horse 7 battery';
  const SECRET = 'Qm9vdHN0cmFwLXRlc3Qtb25seS1rZXktOTQ3MQ-zXw7';

  beforeAll(async () => {
    const users = at('users.json');
    const added = await provchain(['user', 'add', 'admin', '--role', 'admin', '--users-file', users], {
      input: `${PASSWORD}\n`,
    });
    expect(added.stderr).toBe('');
    const toml = `security.authentication.users_file = ${JSON.stringify(users)}`;
    node = await startNode({
      dir: copyChain(at('good'), at('served')),
      toml,
      env: { JWT_SECRET_KEY: SECRET },
    });
  });
  afterAll(() => node?.stop());

  const shell = (more: string) =>
    runShell(
      blockAfter('A shell that can ask the node').replace('https://provchain.company.com:8080', node.url) +
        more,
      `${PASSWORD}\n`,
    );

  it('logs in and asks', async () => {
    const { status, out } = await shell('');
    expect(status).toBe(0);
    expect(out).toContain('"levels"');
  });

  it('freezes, says so, and lets appends go on, as the incident flow does', async () => {
    const incident = sectionsOf(page).get('Critical integrity issue')!;
    const [freeze, unfreeze] = ['/api/admin/freeze"', '/api/admin/unfreeze"'].map((path) => {
      const line = incident.split('\n').find((one) => one.startsWith('api -X POST') && one.endsWith(path));
      expect(line, path).toBeDefined();
      return line!;
    });
    const append = `echo '<urn:a> <urn:b> "1" .' | curl -sS -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $PROVCHAIN_TOKEN" -H 'Content-Type: text/turtle' --data-binary @- "$PROVCHAIN_SERVER/api/blocks"`;
    const frozen = await shell(`${freeze}\n${append}`);
    expect([frozen.status, frozen.out.endsWith('423')]).toEqual([0, true]);
    const free = await shell(`${unfreeze}\n${append}`);
    expect([free.status, free.out.endsWith('201')]).toEqual([0, true]);
  });
});

describe('docs/operations.md', () => {
  it('has the checklists, procedures and flows of the guide', () => {
    const sections = sectionsOf(page);
    const has = (section: string, ...texts: string[]) => {
      for (const text of texts) expect(sections.get(section), section).toContain(text);
    };
    has('Deployment checklists', '### Before deployment', '### Deployment', '### After deployment');
    has('Daily, weekly, monthly', '**Daily**', '**Weekly**', '**Monthly**');
    has(
      'Critical integrity issue',
      '1. Look',
      '2. Scope',
      '3. Freeze',
      '4. Repair',
      '5. Verify',
      '6. Unfreeze',
    );
    has('Performance degradation', '1. Monitor', '2. Analyze', '3. Optimize', '4. Test', '5. Document');
    has('Troubleshooting', 'Slow validations', 'High memory', 'Critical integrity alert', 'Too many alerts');
    for (const interval of ['60', '180', '300', '120']) has('Monitoring', `| ${interval} |`);
  });

  it('names the intervals that the profiles have', () => {
    for (const profile of ['development', 'staging', 'production', 'critical']) {
      const [, interval] = new RegExp(`\\| (\\d+) \\| \`config/${profile}.toml\` \\|`).exec(page.text) ?? [];
      const toml = readFileSync(join(projectRoot(), `config/${profile}.toml`), 'utf8');
      expect(toml).toMatch(new RegExp(`^interval_seconds = ${interval}\\b`, 'm'));
    }
  });
});
