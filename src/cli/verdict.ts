import type { Report } from '../validation/index.js';
import { formatAmount, formatBlocks, formatCount } from './format.js';

/** The first line of a report for a person: whether the chain is intact, and how far that goes. */
export function verdict(report: Report): string {
  switch (report.status) {
    case 'Healthy':
      return `${soundness(report)}: nothing wrong in ${extent(report)}, checked at level ${report.level}.${caveat(report)}`;
    case 'Warning':
      return `${soundness(report)}, with ${findings(report)} to look at, in ${extent(report)}.${caveat(report)}`;
    case 'Incomplete':
      return `Not known: not everything could be checked. Nothing wrong was found in the ${formatAmount(
        report.checked.headers,
        'block',
      )} that were.`;
    case 'Critical':
      return `NOT INTACT: ${findings(report)}${places(report)}. ${coverage(report)}`;
    case 'Corrupted':
      return `DAMAGED: the database cannot be read where it should be, ${findings(report)}${places(report)}. ${coverage(report)}`;
  }
}

/** Minimal, and custom sets like it, say nothing about the data in the blocks. */
function soundness({ checks }: Report): string {
  return checks.transactions.ran ? 'Intact' : 'Headers intact';
}

function extent({ scope, chain }: Report): string {
  const blocks = scope.to - scope.from;
  if (!scope.partial) return `all ${formatAmount(blocks, 'block')}`;
  const range = blocks === 1 ? `block ${scope.from}` : `blocks ${scope.from} to ${scope.to - 1}`;
  return `${range} (of ${formatCount(chain.height ?? 0)})`;
}

function findings({ findingCounts }: Report): string {
  return formatAmount(
    Object.values(findingCounts).reduce((sum, count) => sum + count, 0),
    'finding',
  );
}

function caveat({ anchored }: Report): string {
  return anchored ? '' : ' No anchor was compared, so blocks cut off at the end would not be noticed.';
}

/** The blocks that findings of the worst severity are about. */
function places({ findings, status }: Report): string {
  const blocks = findings.flatMap(({ severity, block }) =>
    severity === status && block !== null ? [block] : [],
  );
  if (blocks.length === 0) return '';
  return `, in ${new Set(blocks).size === 1 ? 'block' : 'blocks'} ${formatBlocks(blocks, 4)}`;
}

function coverage(report: Report): string {
  if (!report.complete) return 'Not everything could be checked.';
  const were = report.scope.to - report.scope.from === 1 ? 'was' : 'were';
  const what = extent(report);
  return `${what.charAt(0).toUpperCase()}${what.slice(1)} ${were} checked.`;
}
