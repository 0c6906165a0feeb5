import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { smallChain, temporaryFolder } from '../support/chains.js';
import { provchain } from '../support/cli.js';
import { installed } from '../support/debian.js';
import { startNode, type TestNode } from '../support/node.js';
import { projectRoot } from '../support/project.js';

const run = promisify(execFile);
const SECRET = 'Qm9vdHN0cmFwLXRlc3Qtb25seS1rZXktOTQ3MQ-zXw7';
const PASSWORD = 'correct horse 7 battery';

/**
 * The predecessor's guide: what its users type. Every curl line of its shell blocks, as written there, is run here with
 * only the address changed.
 */
const GUIDE = process.env.PROVCHAIN_FIXTURES
  ? join(process.env.PROVCHAIN_FIXTURES, '../seed/production-deployment-guide.md')
  : join(projectRoot(), '../shared/seed/production-deployment-guide.md');
const present = existsSync(GUIDE);
if (!present) console.warn(`skipped: the predecessor's guide is not at ${GUIDE}`);
if (!present && process.env.CI) throw new Error(`the predecessor's guide is missing: ${GUIDE}`);

/** Commands of the shell blocks that call this product, continuation lines joined; those that install tools are left out. */
function curlLines(): string[] {
  const blocks = [...readFileSync(GUIDE, 'utf8').matchAll(/```bash\n([\s\S]*?)```/g)].map(
    ([, text]) => text!,
  );
  const inline = [...readFileSync(GUIDE, 'utf8').matchAll(/`(curl http:[^`]*)`/g)].map(([, text]) => text!);
  const commands = blocks
    .join('\n')
    .split(/\n(?=\S)/)
    .map((text) => text.trim());
  return [...commands, ...inline].filter((text) => text.startsWith('curl') && text.includes('localhost:'));
}

const folder = temporaryFolder();
afterAll(() => folder.remove());

/** What the answer to each address must hold, as the guide's text around it says. */
const EXPECTED: readonly (readonly [RegExp, (body: string) => void])[] = [
  [/:9090\/metrics/, (body) => expect(body).toContain('provchain_build_info')],
  [/\/health$/, (body) => expect(JSON.parse(body)).toMatchObject({ status: expect.any(String) })],
  [
    /\/api\/integrity\/status$/,
    (body) => expect(JSON.parse(body)).toMatchObject({ chain: expect.anything() }),
  ],
  [/\/api\/integrity\/metrics$/, (body) => expect(JSON.parse(body)).toBeTypeOf('object')],
  [/\/api\/integrity\/performance$/, (body) => expect(JSON.parse(body)).toBeTypeOf('object')],
  [/\/api\/integrity\/cache-stats$/, (body) => expect(JSON.parse(body)).toHaveProperty('hits')],
  [/\/api\/integrity\/clear-cache$/, (body) => expect(JSON.parse(body)).toBeTypeOf('object')],
  [/\/api\/integrity\/validate$/, (body) => expect(JSON.parse(body)).toBeTypeOf('object')],
  [/-X PUT .*\/api\/integrity\/config/s, (body) => expect(body).toContain('Comprehensive')],
];

async function runLiterally(node: TestNode, line: string, header = ''): Promise<void> {
  const command = line
    .replaceAll('http://localhost:8080', node.url)
    .replaceAll('http://localhost:9090/metrics', node.metricsUrl ?? '')
    .replace(/^curl/, `curl --silent --show-error --fail-with-body ${header}`);
  const { stdout } = await run('sh', ['-c', command]);
  const [, check] = EXPECTED.find(([pattern]) => pattern.test(line)) ?? [];
  expect(check, `nothing is known about the answer to ${line}`).toBeDefined();
  check?.(stdout);
}

describe.skipIf(!present || !installed('curl'))("every curl line of the predecessor's guide", () => {
  const lines = present ? curlLines() : [];

  it('is found', () => {
    expect(lines.length).toBeGreaterThanOrEqual(11);
  });

  describe('on loopback without authentication', () => {
    let node: TestNode;
    beforeAll(async () => {
      await smallChain(join(folder.path, 'open'), 20);
      node = await startNode({ dir: join(folder.path, 'open') });
    });
    afterAll(() => node?.stop());

    it.each(lines)('answers: %s', (line) => runLiterally(node, line));
  });

  describe('with a token', () => {
    let node: TestNode;
    let token: string;
    beforeAll(async () => {
      const dir = join(folder.path, 'secured');
      const stateDir = join(folder.path, 'state');
      const users = join(folder.path, 'users.json');
      await smallChain(dir, 20);
      const added = await provchain(['user', 'add', 'ada', '--role', 'admin', '--users-file', users], {
        input: `${PASSWORD}\n`,
      });
      expect(added.stderr).toBe('');
      const toml = `security.authentication.users_file = ${JSON.stringify(users)}`;
      node = await startNode({ dir, stateDir, toml, env: { JWT_SECRET_KEY: SECRET } });
      const login = await node.fetch('/api/auth/login', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ username: 'ada', password: PASSWORD }),
      });
      expect(login.status).toBe(200);
      token = ((await login.json()) as { accessToken: string }).accessToken;
    });
    afterAll(() => node?.stop());

    it('is refused without it, the health route aside', async () => {
      const answer = await node.fetch('/api/integrity/status');
      expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([
        401,
        'UNAUTHENTICATED',
      ]);
      expect((await node.fetch('/health')).status).toBe(200);
    });

    it.each(lines)('answers: %s', (line) => runLiterally(node, line, `-H 'Authorization: Bearer ${token}'`));
  });
});
