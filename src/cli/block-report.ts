import type { LineChange, QuadText } from '../rdf/index.js';
import type { Finding, Report } from '../validation/index.js';
import { formatAmount, formatCount } from './format.js';
import { checkNames, colorOf } from './report.js';
import type { HeaderView, PayloadView } from './stored-block.js';
import { formatTable } from './table.js';
import { printable, type Terminal } from './terminal.js';

const SHOWN_CHANGES = 40;
const SHOWN_TEXT = 2000;

export interface Inspection {
  readonly directory: string;
  readonly index: number;
  readonly header: HeaderView;
  readonly payload: PayloadView;
  readonly report: Report;
  readonly against: string | undefined;
  readonly comparison: readonly LineChange[] | undefined;
}

/** Shows one block to a person. */
export function printBlock(terminal: Terminal, inspection: Inspection, shownQuads: number): void {
  const { index, report, header, payload, comparison, against } = inspection;
  const paint = colorOf(terminal, report.status);
  const { height } = report.chain;
  const of = height === null ? '' : ` of ${formatCount(height)} (from 0)`;
  terminal.print(`${paint(report.status)}  block ${formatCount(index)}${of}\n`);
  printHeader(terminal, header);
  printPayload(terminal, payload, shownQuads, comparison !== undefined);
  if (comparison && against !== undefined) {
    const same = 'The payloads hold the same lines.';
    printChanges(terminal, `Payload here (-) and in ${printable(against)} (+)`, comparison, same);
  }
  printChecks(terminal, index, report);
}

function title(terminal: Terminal, text: string): void {
  terminal.print(`\n${terminal.out.bold(text)}`);
}

function printHeader(terminal: Terminal, header: HeaderView): void {
  const { dim, red, bold } = terminal.out;
  terminal.print(bold(`Header${header.bytes === undefined ? '' : ` (${formatCount(header.bytes)} bytes)`}`));
  if (header.state === 'missing') terminal.print(red('  missing'));
  if (header.problem) terminal.print(red(`  ${printable(header.problem)}`));
  const rows = flatten(header.fields ?? {});
  if (header.storedHash !== undefined) rows.unshift(['hash', header.storedHash]);
  if (header.storedHash !== header.computedHash) {
    rows.splice(1, 0, ['computed', red(`${header.computedHash}  (the stored hash is another)`)]);
  }
  if (rows.length > 0)
    terminal.print(
      formatTable(
        terminal,
        [],
        rows.map(([name, value]) => [dim(name ?? ''), value ?? '']),
      ),
    );
  if (header.text !== undefined) terminal.print(`  stored: ${shorten(printable(header.text), SHOWN_TEXT)}`);
}

/** Fields as rows; an imported header has fields in fields, and lists of values, one on a line. */
function flatten(fields: Readonly<Record<string, unknown>>, prefix = ''): string[][] {
  return Object.entries(fields).flatMap(([name, value]) => {
    if (Array.isArray(value)) return [[prefix + name, value.map(valueText).join('\n')]];
    if (typeof value === 'object' && value !== null) return flatten({ ...value }, `${prefix}${name}.`);
    return [[prefix + name, valueText(value)]];
  });
}

/** All of it was chosen by whoever wrote the block. */
function valueText(value: unknown): string {
  return printable(String(value));
}

/** With another copy to compare with, what differs from the canonical form is left out: it says less. */
function printPayload(terminal: Terminal, payload: PayloadView, shownQuads: number, compared: boolean): void {
  const { red } = terminal.out;
  const size =
    payload.bytes === undefined ? '' : ` (${formatCount(payload.bytes)} bytes, SHA-256 ${payload.sha256})`;
  title(terminal, `Payload${size}`);
  if (payload.state === 'missing') terminal.print(red('  missing'));
  if (payload.problem) terminal.print(red(`  ${printable(payload.problem)}`));
  if (payload.text !== undefined) terminal.print(`  stored: ${shorten(printable(payload.text), SHOWN_TEXT)}`);
  if (payload.quads && shownQuads > 0) printQuads(terminal, payload.quads, shownQuads);
  if (payload.canonical)
    terminal.print(terminal.out.dim('These bytes are exactly their own canonical form.'));
  if (payload.canonical === false && !compared) {
    const same = 'The lines are the same, in another order or with other line ends.';
    printChanges(terminal, 'Stored (-) and canonical (+) lines', payload.difference ?? [], same);
  }
}

/** Terms are shortened in the middle to fit a terminal; elsewhere they are whole. */
function printQuads(terminal: Terminal, quads: readonly QuadText[], limit: number): void {
  const graphs = new Set(quads.map(({ graph }) => graph));
  const single = graphs.size === 1;
  const names = single
    ? (['subject', 'predicate', 'object'] as const)
    : (['subject', 'predicate', 'object', 'graph'] as const);
  const [graph] = graphs;
  if (single)
    terminal.print(graph === '' ? 'all in the default graph' : `all in graph ${printable(graph ?? '')}`);
  const width = terminal.columns && Math.floor((terminal.columns - 2 * (names.length - 1)) / names.length);
  const cell = (text: string) => (width ? shorten(printable(text), width) : printable(text));
  terminal.print(
    formatTable(
      terminal,
      names,
      quads.slice(0, limit).map((quad) => names.map((name) => cell(quad[name]))),
    ),
  );
  if (quads.length > limit) {
    const more = formatAmount(quads.length - limit, 'more quad');
    terminal.print(terminal.out.dim(`… ${more}: --quads ${quads.length} shows all`));
  }
}

function printChanges(
  terminal: Terminal,
  heading: string,
  changes: readonly LineChange[],
  same: string,
): void {
  const { red, green, dim } = terminal.out;
  title(terminal, heading);
  if (changes.length === 0) terminal.print(same);
  for (const { change, line } of changes.slice(0, SHOWN_CHANGES)) {
    terminal.print(change === 'removed' ? red(`- ${printable(line)}`) : green(`+ ${printable(line)}`));
  }
  const hidden = changes.length - SHOWN_CHANGES;
  if (hidden > 0) terminal.print(dim(`… ${formatAmount(hidden, 'more line')}: --json shows all`));
}

function printChecks(terminal: Terminal, index: number, report: Report): void {
  const { green, dim } = terminal.out;
  title(terminal, 'Checks of level Full on this block');
  const rows = checkNames(report).map((name) => {
    const { ran, findings } = report.checks[name];
    if (!ran) return [name, dim('not run')];
    return [name, findings === 0 ? green('nothing found') : formatAmount(findings, 'finding')];
  });
  terminal.print(formatTable(terminal, [], rows));
  for (const finding of report.findings) printFinding(terminal, index, finding);
}

function printFinding(terminal: Terminal, index: number, finding: Finding): void {
  const { bold, dim } = terminal.out;
  const { severity, code, block, message, details, action } = finding;
  const where = block === index ? '' : ' (not about this block)';
  terminal.print(`\n${colorOf(terminal, severity)(severity)} ${bold(code)}${where}: ${printable(message)}`);
  for (const [name, value] of Object.entries(details))
    terminal.print(dim(`  ${name} = ${printable(String(value))}`));
  terminal.print(`  → ${action}`);
}

function shorten(text: string, width: number): string {
  if (text.length <= width) return text;
  const tail = Math.ceil((width - 1) * 0.6);
  return `${text.slice(0, width - 1 - tail)}…${text.slice(text.length - tail)}`;
}
