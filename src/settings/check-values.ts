import { LEVEL_NAME_FORM } from './integrity-settings.js';
import { dotted, type Origins, type SettingsProblem, shown } from './problem.js';
import { type Settings, settingsSchema, settingsTable } from './schema.js';
import { schemaAt } from './schema-walk.js';
import { formOf, notesOf } from './setting.js';
import type { Path } from './toml-places.js';
import { removeFrom, type Tree, valueIn } from './tree.js';

/** The same setting under two names must not say two things. */
export function checkAliases(tree: Tree, origins: Origins): SettingsProblem[] {
  const path = ['integrity', 'performance', 'max_cache_size'];
  const [here, there] = [valueIn(tree, path), valueIn(tree, ['cache', 'max_cache_entries'])];
  if (here === undefined || there === undefined || here === there) return [];
  const message = `${dotted(path)} is ${shown(here)}, but cache.max_cache_entries, the same setting, is ${shown(there)}`;
  return [{ path: dotted(path), message, place: origins.value(path) }];
}

/**
 * Holds each value against its schema. Values that fail are taken out, so that the rules between the others can be
 * checked all the same: a user should see every problem at once.
 */
export function checkValues(
  tree: Tree,
  origins: Origins,
): { settings?: Settings; problems: SettingsProblem[]; failed: Path[] } {
  const first = settingsSchema.safeParse(tree);
  if (first.success) return { settings: first.data, problems: [], failed: [] };
  const problems = new Map<string, SettingsProblem>();
  const failed: Path[] = [];
  const remaining = structuredClone(tree);
  for (const { code, path: symbols } of first.error.issues) {
    const path = symbols.filter((part) => typeof part !== 'symbol');
    problems.set(dotted(path), describeValue(tree, path, code === 'invalid_key', origins));
    failed.push(leafOf(path));
    removeFrom(remaining, path);
  }
  const second = settingsSchema.safeParse(remaining);
  const settings = second.success ? { settings: second.data } : {};
  return { ...settings, problems: [...problems.values()], failed };
}

/** The key of a path that may lead into an array. */
function leafOf(path: Path): Path {
  const end = path.findIndex((part) => typeof part === 'number');
  return end === -1 ? path : path.slice(0, end);
}

function describeValue(tree: Tree, path: Path, isKey: boolean, origins: Origins): SettingsProblem {
  const name = dotted(path);
  if (isKey) {
    const message = `${name}: a level needs ${LEVEL_NAME_FORM}`;
    return { path: name, message, place: origins.key(path) };
  }
  const schema = schemaAt(settingsTable, leafOf(path));
  const secret = schema && notesOf(schema)?.secret !== undefined;
  const value = valueIn(tree, path);
  const message = `${name} is ${secret ? 'wrong' : shown(value)}; allowed: ${schema ? formOf(schema) : 'another type of value'}`;
  return { path: name, message, place: origins.value(path) };
}
