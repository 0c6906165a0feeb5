import type { Finding, Report } from '../api/answers.js';

export interface FindingGroup {
  readonly code: string;
  readonly severity: Finding['severity'];
  /** What the code means, without the block that a message begins with. */
  readonly meaning: string;
  readonly action: string;
  readonly findings: readonly Finding[];
  /** Of this code in the whole report, which lists only so many of them. */
  readonly count: number;
}

const SEVERITIES = ['Corrupted', 'Critical', 'Incomplete', 'Warning'];

/** Findings of one code together, the worst first and then in the order of the report. */
export function groupFindings({
  findings,
  findingCounts,
}: Pick<Report, 'findings' | 'findingCounts'>): FindingGroup[] {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const group = groups.get(finding.code);
    if (group === undefined) groups.set(finding.code, [finding]);
    else group.push(finding);
  }
  const counts: Readonly<Record<string, number | undefined>> = findingCounts;
  return [...groups]
    .map(([code, own]) => {
      const { severity, message, action } = own[0]!;
      return {
        code,
        severity,
        meaning: meaningOf(message),
        action,
        findings: own,
        count: counts[code] ?? own.length,
      };
    })
    .sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
}

function meaningOf(message: string): string {
  const meaning = message.replace(/^(?:block \d+|chain): /, '');
  return `${meaning.charAt(0).toUpperCase()}${meaning.slice(1)}.`;
}

/** The details of a finding as `name: value` pairs. */
export const detailPairs = (details: Finding['details']): [string, string][] =>
  Object.entries(details).map(([name, value]) => [name, String(value)]);
