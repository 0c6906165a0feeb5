import type { RemoteAlert, RemoteAlerts, RemoteSilence, RemoteTests } from '../client/index.js';
import { formatBlocks } from './format.js';
import { formatTable } from './table.js';
import { printable, type Terminal } from './terminal.js';

/** Texts of alerts come from the server, which has some of them from its users. */
export function printAlerts(terminal: Terminal, listed: RemoteAlerts, state: string): void {
  const { alerts, silences, channels } = listed;
  const { bold, dim } = terminal.out;
  if (alerts.length === 0) terminal.print(state === 'open' ? 'No alert is open.' : 'No alerts.');
  for (const alert of alerts) {
    terminal.print(
      `${paintOf(terminal, alert)(`${printable(alert.severity)}  ${printable(alert.title)}`)}${bold(marksOf(alert))}`,
    );
    const rows = [
      ['alert', printable(alert.id)],
      ['what', printable(alert.what)],
      ['where', placeOf(alert)],
      ['since', `${printable(alert.since)}, seen ${alert.count} ${alert.count === 1 ? 'time' : 'times'}`],
      ...(alert.state === 'resolved' ? [] : [['to do', printable(alert.action)]]),
    ];
    for (const [name, value] of rows) terminal.print(`  ${dim(name!.padEnd(6))}${value}`);
    terminal.print('');
  }
  if (silences.length > 0) {
    terminal.print(bold('Silences'));
    for (const silence of silences) printSilence(terminal, silence);
    terminal.print('');
  }
  const rows = channels.map(({ name, enabled, up, pending, lastError }) => [
    printable(name),
    enabled ? (up === null ? 'not tried yet' : up ? 'works' : 'does not get through') : 'off',
    enabled ? String(pending) : '',
    enabled && up === false ? printable(lastError ?? '') : '',
  ]);
  terminal.print(
    formatTable(terminal, ['channel', 'state', 'owed', 'last error'], rows, ['left', 'left', 'right']),
  );
}

export function printSilence(terminal: Terminal, { id, match, reason, by, until }: RemoteSilence): void {
  const what = Object.entries(match).map(([name, value]) => `${printable(name)} ${printable(value)}`);
  const text = `${what.join(', ')} until ${printable(until)}, by ${printable(by)}: ${printable(reason)}`;
  terminal.print(`  ${terminal.out.dim(printable(id))}  ${text}`);
}

export function printChannelTests(terminal: Terminal, { results }: RemoteTests): void {
  if (results.length === 0)
    terminal.print('No channel is enabled: see [integrity.alerting] in docs/settings.md.');
  for (const { channel, ok, error } of results) {
    const { green, red } = terminal.out;
    terminal.print(`${printable(channel)}: ${ok ? green('sent') : red(printable(error ?? 'failed'))}`);
  }
}

function paintOf({ out }: Terminal, { severity, state }: RemoteAlert): (text: string) => string {
  if (state === 'resolved') return out.green;
  return severity === 'critical' ? out.red : severity === 'warning' ? out.yellow : out.cyan;
}

function marksOf({ state, acknowledgedBy, silencedUntil }: RemoteAlert): string {
  const marks = [
    ...(state === 'resolved' ? ['resolved'] : []),
    ...(acknowledgedBy === null ? [] : [`acknowledged by ${printable(acknowledgedBy)}`]),
    ...(silencedUntil === null ? [] : [`silenced until ${printable(silencedUntil)}`]),
  ];
  return marks.length === 0 ? '' : ` (${marks.join(', ')})`;
}

function placeOf({ where: { replica, node, blocks } }: RemoteAlert): string {
  const parts = [
    ...(replica === null ? [] : [`replica ${printable(replica)}`]),
    ...(node === null ? [] : [`node ${printable(node)}`]),
    ...(blocks.length === 0 ? [] : [`blocks ${formatBlocks(blocks)}`]),
  ];
  return parts.length === 0 ? 'the chain as a whole' : parts.join(', ');
}
