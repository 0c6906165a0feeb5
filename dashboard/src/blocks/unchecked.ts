import type { Inspection } from '../api/answers.js';

/** What the status of a block does not stand for, in words; empty where everything was checked. */
export function uncheckedText({ complete, checks }: Pick<Inspection, 'complete' | 'checks'>): string {
  const parts = [
    ...(complete ? [] : ['Not everything could be checked.']),
    ...(checks.includes('history') ? [] : ['History was not checked for this block.']),
  ];
  return parts.join(' ');
}
