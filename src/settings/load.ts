import { type ErrorPlace, ProvChainError } from '../errors.js';
import { checkAliases, checkValues } from './check-values.js';
import { sortKeys } from './known-keys.js';
import { byPlace, dotted, Origins, type SettingsProblem } from './problem.js';
import { checkRules } from './rules.js';
import type { Settings, SettingsInput } from './schema.js';
import { parseToml, readText } from './toml-file.js';
import { locateToml, type Path } from './toml-places.js';
import { leavesOf, putIn, removeFrom, type Tree } from './tree.js';
import { addEnvironment, interpolate } from './variables.js';
import type { Verdict } from './verdict.js';

export interface LoadOptions {
  /** A TOML file; without one the defaults are in force. */
  readonly file?: string;
  readonly env: NodeJS.ProcessEnv;
  /** Stronger than the file: what the command line says. */
  readonly overrides?: SettingsInput;
}

/** What became of a file. `settings` is there exactly if there are no problems. */
export interface SettingsReading {
  readonly settings?: Settings;
  /** Everything that is wrong, in the order of the file. */
  readonly problems: readonly SettingsProblem[];
  /** Keys without effect and what is allowed but risky, in the order of the file. */
  readonly warnings: readonly SettingsProblem[];
}

const COMMAND_LINE = 'command line';

/**
 * Reads and checks the settings. All problems are collected, not only the first.
 *
 * Errors: FILE_UNREADABLE; what is wrong inside of the file is data.
 */
export function readSettings(options: LoadOptions): SettingsReading {
  const text = options.file === undefined ? '' : readText(options.file);
  if (typeof text !== 'string') return { problems: [text], warnings: [] };
  const tree = parseToml(text, options.file);
  if ('problem' in tree) return { problems: [tree.problem], warnings: [] };
  const origins = new Origins(options.file, locateToml(text));
  override(tree.table, options.overrides, origins);
  const { known, problems, warnings } = sortKeys(tree.table, origins);
  addEnvironment(known, options.env, origins);
  const variables = interpolate(known, options.env, origins);
  for (const path of variables.failed) removeFrom(known, path);
  const values = checkValues(known, origins);
  const found = [...problems, ...variables.problems, ...checkAliases(known, origins), ...values.problems];
  const remarks = [...warnings];
  const { settings } = values;
  const wrong = [...variables.failed, ...values.failed];
  if (settings) {
    for (const verdict of judge(settings, wrong)) {
      const { path, message, only } = verdict;
      const name = dotted(path);
      const problem = { path: name, message: `${name} ${message}`, place: origins.value(path) };
      (only === 'warning' ? remarks : found).push(problem);
    }
  }
  const complete = found.length === 0 && settings !== undefined;
  return {
    ...(complete ? { settings } : {}),
    problems: found.sort(byPlace),
    warnings: remarks.sort(byPlace),
  };
}

/**
 * The settings in force: file, environment and overrides checked, defaults filled in.
 *
 * Errors: FILE_UNREADABLE; CONFIG_INVALID with the place of the first problem and all of them in the message.
 */
export function loadSettings(options: LoadOptions): Settings {
  const { settings, problems } = readSettings(options);
  if (settings) return settings;
  const [first, ...others] = problems;
  const more = others.map(({ message, place }) => `${placeText(place)}${message}`);
  const message = [first?.message ?? 'the settings are invalid', ...more].join('; ');
  throw new ProvChainError('CONFIG_INVALID', message, { place: first?.place });
}

/** What the rules say, without what only follows from the default that stands in for a wrong value. */
function judge(settings: Settings, wrong: readonly Path[]): Verdict[] {
  const names = new Set(wrong.map(dotted));
  return checkRules(settings).filter(
    ({ path, given = [] }) => ![path, ...given].some((one) => names.has(dotted(one))),
  );
}

function placeText({ source, line, column }: ErrorPlace): string {
  const text = [source, line, column].filter((part) => part !== undefined).join(':');
  return text === '' ? '' : `${text}: `;
}

function override(tree: Tree, overrides: SettingsInput | undefined, origins: Origins): void {
  for (const [path, value] of leavesOf((overrides ?? {}) as Tree)) {
    if (value === undefined) continue;
    if (putIn(tree, path, value)) origins.replace(path, COMMAND_LINE);
  }
}
