import { type Command, InvalidArgumentError, Option } from 'commander';
import { EXIT } from '../errors.js';
import type { NodeRole, RunningNode } from '../node/index.js';
import type { Settings } from '../settings/index.js';
import { demoChain } from './demo-chain.js';
import { formatAmount, formatSeconds } from './format.js';
import { describeCommand } from './help.js';
import { onInterrupt } from './interrupt.js';
import { parseNames, parsePort } from './options.js';
import { createTerminal, formatPlace, printable, type Terminal } from './terminal.js';

const ROLES: readonly NodeRole[] = ['api', 'worker'];

interface ServeFlags {
  readonly config?: string;
  readonly role: readonly NodeRole[];
  readonly host?: string;
  readonly port?: number;
  readonly json?: boolean;
}

export function registerServe(program: Command): void {
  const role = new Option('-r, --role <names>', 'what this node does: api, worker, or both (all)')
    .default([...ROLES], 'all')
    .argParser(parseRoles);
  const command = program
    .command('serve')
    .description('run a node: the REST API and the workers that validate')
    .option(
      '-c, --config <file>',
      'settings, TOML (docs/settings.md); without it a node for this machine only',
    )
    .addOption(role)
    .option('--host <address>', 'instead of network.api.host')
    .option('--port <n>', 'instead of network.api.port; 0 takes a free one', parsePort)
    .action(serve);
  describeCommand(command, {
    examples: [
      ['serve', 'the demo chain on http://127.0.0.1:8080'],
      ['serve --config /etc/provchain/config.toml', 'as configured'],
      ['serve -c node.toml --role worker', 'a node of a fleet that only validates'],
    ],
    exits: [EXIT.inputRefused, EXIT.incomplete, EXIT.locked],
    meanings: {
      [EXIT.healthy]: 'stopped by Ctrl-C or SIGTERM after everything under way had ended',
      [EXIT.incomplete]: 'Redis does not answer',
      [EXIT.locked]: 'another process uses the state directory, or is the writer',
    },
  }).addHelpText(
    'after',
    '\nCtrl-C and SIGTERM stop taking requests, let jobs under way end, and close; a second one ends at once.' +
      '\nLog lines go to stderr and, where one is configured, to a file.',
  );
}

async function serve(flags: ServeFlags): Promise<void> {
  const terminal = createTerminal(flags);
  const started = performance.now();
  const { host, port } = flags;
  const { loadSettings, readSettings } = await import('../settings/index.js');
  const sources = { file: flags.config, env: process.env, overrides: { network: { api: { host, port } } } };
  const settings = loadSettings(sources);
  for (const { place, message } of readSettings(sources).warnings) {
    terminal.note(`${terminal.err.yellow('warning')} ${formatPlace(place)}: ${printable(message)}`);
  }
  const configured = settings.blockchain.storage.data_directory;
  const dir = configured ?? (await demoChain((text) => terminal.note(text)));
  const { startNode } = await import('../node/index.js');
  const node = await startNode(settings, { dir, roles: flags.role });
  const stopped = waitForStop(terminal);
  announce(terminal, node, settings, performance.now() - started);
  await stopped;
  await node.close();
}

/** Resolves at the first signal; the second one ends the process as it would have without this. */
function waitForStop(terminal: Terminal): Promise<void> {
  return new Promise((resolve) => {
    onInterrupt(() => {
      terminal.note('Stopping; a second Ctrl-C ends at once.');
      resolve();
    });
  });
}

function announce(terminal: Terminal, node: RunningNode, settings: Settings, readyMs: number): void {
  const { bold, dim, green } = terminal.out;
  const { url, metricsUrl, mode, chain, validator, nodeId } = node;
  const line = (name: string, text: string) => terminal.print(`  ${dim(name.padEnd(10))} ${text}`);
  terminal.print(`\n${bold('ProvChain Validator')} ${node.version}\n`);
  if (url !== undefined) {
    line('Dashboard', bold(url));
    line('API', `${url}/api/…   ${dim(`reference: ${url}/docs`)}`);
  }
  if (metricsUrl !== undefined) line('Metrics', metricsUrl);
  line('Mode', mode === 'fleet' ? `fleet, node ${nodeId}` : 'embedded: no Redis, one node');
  const height = chain.height === null ? 'height not known' : formatAmount(chain.height, 'block');
  line('Chain', `${chain.chainId}, ${height}, ${chain.writer ? 'writer' : `reader (${chain.readerReason})`}`);
  line('Directory', chain.dir);
  const workers = formatAmount(validator.workers, 'worker thread');
  line(
    'Validator',
    node.roles.includes('worker') ? `process ${validator.pid}, ${workers}` : 'on other nodes',
  );
  line('Monitor', monitorText(settings.integrity.background_monitoring));
  const secured = settings.security.authentication.enabled;
  line(
    'Access',
    secured ? 'with a token (POST /api/auth/login)' : 'without authentication, from this machine only',
  );
  terminal.print(`\n  ${green('Ready')} in ${formatSeconds(readyMs)}. Ctrl-C stops it.`);
  if (url !== undefined && !secured) {
    terminal.print(`\n  Try: ${bold(`curl '${url}/api/integrity/validate?level=Full&wait=30'`)}`);
  }
  terminal.document({ url, metricsUrl, mode, nodeId, roles: node.roles, chain, validator, readyMs });
}

function monitorText({
  enabled,
  interval_seconds,
  validation_level,
  scrub,
}: Settings['integrity']['background_monitoring']): string {
  if (!enabled) return 'off';
  const slices = scrub.enabled ? `; every block at Full within ${scrub.full_cycle_hours} h` : '';
  return `${validation_level} every ${interval_seconds} s${slices}`;
}

function parseRoles(text: string): readonly NodeRole[] {
  const names = parseNames(text);
  const unknown = names.find((name) => name !== 'all' && !ROLES.some((role) => role === name));
  if (unknown !== undefined) throw new InvalidArgumentError(`Allowed are ${ROLES.join(', ')} and all.`);
  return names.includes('all') ? ROLES : ROLES.filter((role) => names.includes(role));
}
