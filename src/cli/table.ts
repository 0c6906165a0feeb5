import Table from 'cli-table3';
import type { Terminal } from './terminal.js';

type Align = 'left' | 'right';

/** Columns with two spaces between them, no rules; the head is dimmed. Cells may hold colours. */
export function formatTable(
  terminal: Terminal,
  head: readonly string[],
  rows: readonly (readonly string[])[],
  aligns: readonly Align[] = [],
): string {
  const none = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '' };
  const table = new Table({
    chars: {
      ...none,
      'bottom-left': '',
      'bottom-right': '',
      left: '',
      'left-mid': '',
      mid: '',
      'mid-mid': '',
      right: '',
      'right-mid': '',
      middle: '  ',
    },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: [...aligns],
  });
  if (head.length > 0) table.push(head.map((title) => terminal.out.dim(title)));
  for (const row of rows) table.push([...row]);
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
