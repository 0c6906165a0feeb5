import type { Finding, FindingCode, Report, Status } from '../validation/index.js';
import { STATUSES } from '../validation/index.js';
import { formatAmount, formatBlocks, formatCount, formatMegabytes, formatSeconds } from './format.js';
import { shellWord } from './shell-word.js';
import { formatTable } from './table.js';
import { printable, type Terminal } from './terminal.js';
import { verdict } from './verdict.js';

/**
 * Shows a report to a person: the answer, what was checked, what was found, and, where the chain is in a directory here,
 * what to type next.
 */
export function printReport(terminal: Terminal, directory: string | undefined, report: Report): void {
  const paint = colorOf(terminal, report.status);
  terminal.print(`${paint(report.status)}  ${verdict(report)}\n`);
  terminal.print(summaryTable(terminal, report));
  terminal.print(`\n${checksTable(terminal, report)}`);
  printFindings(terminal, report);
  const next = directory === undefined ? undefined : nextCommand(directory, report);
  if (next) terminal.print(`\nNext: ${terminal.out.bold(next.command)}\n      ${next.purpose}`);
}

export function colorOf({ out }: Terminal, status: Status): (text: string) => string {
  if (status === 'Healthy') return (text) => out.bold(out.green(text));
  if (status === 'Warning' || status === 'Incomplete') return (text) => out.bold(out.yellow(text));
  return (text) => out.bold(out.red(text));
}

function summaryTable(terminal: Terminal, report: Report): string {
  const { chain, scope, shards, durationMs, engine } = report;
  const { dim } = terminal.out;
  const head =
    chain.headHash === null ? 'unknown' : `block ${formatCount((chain.height ?? 0) - 1)}, ${chain.headHash}`;
  const range = `blocks ${formatCount(scope.from)} to ${formatCount(scope.to - 1)}`;
  const rate = formatCount((report.checked.headers / Math.max(durationMs, 1)) * 1000);
  const rows = [
    ['chain', `${printable(chain.id)} (${printable(chain.format)}), replica ${printable(report.replica)}`],
    ['head', head],
    ['scope', scope.to > scope.from ? `${range}, in ${formatAmount(shards.length, 'shard')}` : 'nothing'],
    ['time', `${formatSeconds(durationMs)}, ${rate} blocks/s`],
    ['report', `${report.reportDigest} (engine ${engine.version})`],
  ];
  return formatTable(
    terminal,
    [],
    rows.map(([name, value]) => [dim(name ?? ''), value ?? '']),
  );
}

/** The groups of checks, in the order in which they are shown. */
export function checkNames({ checks }: Pick<Report, 'checks'>): (keyof Report['checks'])[] {
  return Object.keys(checks) as (keyof Report['checks'])[];
}

function checksTable(terminal: Terminal, { checks, checked }: Report): string {
  const { dim, red } = terminal.out;
  const covered: Record<keyof Report['checks'], string> = {
    blockchain: `${formatAmount(checked.headers, 'header')}, ${formatAmount(checked.signatures, 'signature')}`,
    transactions:
      `${formatAmount(checked.payloads, 'payload')} (${formatMegabytes(checked.payloadBytes)}), ` +
      `${formatAmount(checked.quads, 'quad')} in ${formatAmount(checked.transactions, 'transaction')}`,
    sparql: 'a sample, asked in another RDF store',
    canonicalization: `${formatAmount(checked.canonicalized, 'payload')} canonicalized again`,
  };
  const rows = checkNames({ checks }).map((name) => {
    const { ran, findings, durationMs } = checks[name];
    if (!ran) return [name, dim('not asked for'), '', ''];
    const count = formatCount(findings);
    return [name, covered[name], findings > 0 ? red(count) : count, formatSeconds(durationMs)];
  });
  return formatTable(terminal, ['checks', 'covered', 'findings', 'CPU time'], rows, [
    'left',
    'left',
    'right',
    'right',
  ]);
}

/** What was found, by code: where, what it means, the details of the first one, and what to do. */
export function printFindings(terminal: Terminal, report: Report): void {
  const { bold, dim } = terminal.out;
  for (const [code, findings] of groupByCode(report.findings)) {
    const [first] = findings;
    if (!first) continue;
    const count = report.findingCounts[code] ?? findings.length;
    const blocks = findings.flatMap(({ block }) => (block === null ? [] : [block]));
    const where =
      blocks.length === 0
        ? 'the chain as a whole'
        : `${blocks.length === 1 ? 'block' : 'blocks'} ${formatBlocks(blocks)}`;
    const unlisted = count > findings.length ? `, of which ${formatCount(findings.length)} are listed` : '';
    const paint = colorOf(terminal, first.severity);
    terminal.print(
      `\n${paint(first.severity)} ${bold(code)}: ${formatAmount(count, 'finding')}${unlisted}, ${where}`,
    );
    terminal.print(`  ${meaningOf(first)}`);
    for (const [name, value] of Object.entries(first.details)) {
      terminal.print(dim(`  ${findings.length > 1 ? 'first: ' : ''}${name} = ${printable(String(value))}`));
    }
    terminal.print(`  → ${first.action}`);
  }
}

/** The message without the place in front of it: a group names all its blocks itself. */
function meaningOf({ message }: Finding): string {
  return printable(message.replace(/^(?:chain|block \d+): /, ''));
}

/** Worst first, and within a severity in the order of the report. */
function groupByCode(findings: readonly Finding[]): [FindingCode, Finding[]][] {
  const groups = new Map<FindingCode, Finding[]>();
  for (const finding of findings) {
    const group = groups.get(finding.code) ?? [];
    group.push(finding);
    groups.set(finding.code, group);
  }
  const rank = ([, [first]]: [FindingCode, Finding[]]) => (first ? STATUSES.indexOf(first.severity) : 0);
  return [...groups].sort((a, b) => rank(b) - rank(a));
}

interface NextCommand {
  readonly command: string;
  readonly purpose: string;
}

/** What a person most likely wants to do after this report. */
export function nextCommand(directory: string, report: Report): NextCommand | undefined {
  const dir = shellWord(directory);
  const worst = groupByCode(report.findings).flatMap(([, findings]) => findings);
  // TRUNCATED names a block that is not there to be looked at.
  const isThere = (block: number | null) => block !== null && block < (report.chain.height ?? 0);
  const block =
    worst.find((finding) => isThere(finding.block) && finding.severity !== 'Incomplete')?.block ?? undefined;
  if (block !== undefined) {
    return {
      command: `provchain inspect ${dir} ${block}`,
      purpose: 'shows that block: header, quads, what each check says',
    };
  }
  const { STORE_UNAVAILABLE = 0, SHARD_FAILED = 0 } = report.findingCounts;
  if (STORE_UNAVAILABLE + SHARD_FAILED > 0) {
    return {
      command: `provchain doctor ${dir}`,
      purpose: 'looks for what kept the validation from finishing',
    };
  }
  if (report.level === 'Full' || report.status !== 'Healthy') return undefined;
  return {
    command: `provchain validate ${dir} --level Full`,
    purpose: 'also verifies every signature and history root, and canonicalizes every payload again',
  };
}
