import { InvalidArgumentError } from 'commander';

/**
 * Parsers of option values: what they throw, commander reports with the name of the option, and the command exits
 * with 64. Only plain decimal notation is taken: `Number()` alone would read "0x10", "1e3" and "".
 */
export function parseCount(text: string): number {
  return wholeNumber(text, 1, Number.MAX_SAFE_INTEGER);
}

export function parseIndex(text: string): number {
  return wholeNumber(text, 0, Number.MAX_SAFE_INTEGER);
}

/** More threads than this only take memory from each other. */
export function parseWorkers(text: string): number {
  return wholeNumber(text, 1, 128);
}

/** 0 stands for any free one. */
export function parsePort(text: string): number {
  return wholeNumber(text, 0, 65_535);
}

function wholeNumber(text: string, least: number, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  throw new InvalidArgumentError(`It must be a whole number ${range}.`);
}

/** Seconds, with up to three decimals; gives milliseconds. A timer takes at most 2^31 − 1 of them (24.8 days). */
export function parseSeconds(text: string): number {
  const milliseconds = /^\d+(\.\d{1,3})?$/.test(text) ? Math.round(Number(text) * 1000) : Number.NaN;
  if (milliseconds >= 1 && milliseconds <= 2_147_483_647) return milliseconds;
  throw new InvalidArgumentError('It must be a number of seconds, from 0.001 to 2147483.');
}

export function parseNames(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.every((name) => name !== '')) return names;
  throw new InvalidArgumentError('It must be names with commas between them.');
}
