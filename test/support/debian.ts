import { spawnSync } from 'node:child_process';

/** Programs of Debian that tests run, and the package of each. `sh scripts/setup.sh test` installs what is missing. */
const PACKAGES = {
  chromium: 'chromium',
  curl: 'curl',
  fish: 'fish',
  haproxy: 'haproxy',
  nginx: 'nginx-light',
  openssl: 'openssl',
  prometheus: 'prometheus',
  promtool: 'prometheus',
  'redis-server': 'redis-server',
  'systemd-analyze': 'systemd',
  zsh: 'zsh',
} as const;
export type DebianTool = keyof typeof PACKAGES;

/** Debian keeps servers where the PATH of a plain user does not look. */
export const TOOL_PATH = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`;

const found = new Map<DebianTool, boolean>();

/**
 * Whether the tool is here. Without it the tests that need it are skipped, which is said once; in CI that is an error,
 * because they would pass without having run.
 *
 *     describe.skipIf(!installed('haproxy'))('…')
 */
export function installed(tool: DebianTool): boolean {
  const known = found.get(tool);
  if (known !== undefined) return known;
  const here =
    spawnSync('sh', ['-c', `command -v ${tool}`], { env: { PATH: TOOL_PATH }, stdio: 'ignore' }).status === 0;
  found.set(tool, here);
  if (!here) {
    const message = `${tool} is missing (Debian package ${PACKAGES[tool]})`;
    if (process.env.CI) throw new Error(message);
    console.warn(`skipped: ${message}`);
  }
  return here;
}

export interface ToolOutcome {
  readonly status: number | null;
  /** stdout and stderr. */
  readonly output: string;
}

/** Runs a tool to its end. */
export function runTool(
  tool: DebianTool,
  args: readonly string[],
  options: { readonly cwd?: string; readonly input?: string } = {},
): ToolOutcome {
  const { status, stdout, stderr } = spawnSync(tool, args, {
    ...options,
    env: { ...process.env, PATH: TOOL_PATH },
    encoding: 'utf8',
    timeout: 30_000,
  });
  return { status, output: `${stdout}${stderr}` };
}
