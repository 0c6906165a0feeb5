import { z } from 'zod';
import { nearestName } from './nearest-name.js';
import { dotted, type Origins, type SettingsProblem, shown } from './problem.js';
import { settingsTable } from './schema.js';
import { innerSchema, keysOf } from './schema-walk.js';
import { peel } from './setting.js';
import { emptyTable, isTable, type Tree } from './tree.js';
import { reasonOf, WITHOUT_EFFECT, type WithoutEffect } from './without-effect.js';

export interface SortedKeys {
  /** What the schema knows, and nothing else. */
  readonly known: Tree;
  readonly problems: readonly SettingsProblem[];
  readonly warnings: readonly SettingsProblem[];
}

/**
 * Sorts the keys of a file into those that the schema knows, those without effect (a warning for each table and
 * reason) and unknown ones (an error each, with the nearest name or all that are allowed there).
 */
export function sortKeys(tree: Tree, origins: Origins): SortedKeys {
  const problems: SettingsProblem[] = [];
  const idle: { path: string[]; notes: WithoutEffect }[] = [];
  const known = emptyTable();

  const visit = (table: Tree, schema: z.core.$ZodType | undefined, path: string[], into: Tree): void => {
    for (const [name, value] of Object.entries(table)) {
      const here = [...path, name];
      const inner = innerSchema(schema, name);
      const notes = withoutEffect(here);
      if (notes) {
        const refused = notes.refused !== undefined && value === notes.refused;
        if (refused) problems.push(problem(here, `is ${shown(value)}: ${notes.why}`, origins.value(here)));
        else if (notes.agrees === undefined || value !== notes.agrees) idle.push({ path: here, notes });
      } else if (inner !== undefined && !(isTable(value) && hasKeys(inner))) {
        into[name] = value;
      } else if (isTable(value) && (inner !== undefined || isIdleTable(here))) {
        const table = emptyTable();
        visit(value, inner, here, table);
        if (inner !== undefined) into[name] = table;
      } else {
        problems.push(problem(here, unknownKey(here, namesIn(schema, path)), origins.key(here)));
      }
    }
  };

  visit(tree, settingsTable, [], known);
  return { known, problems, warnings: warnAbout(idle, origins) };
}

function problem(path: string[], message: string, place: SettingsProblem['place']): SettingsProblem {
  return { path: dotted(path), message: `${dotted(path)} ${message}`, place };
}

function hasKeys(schema: z.core.$ZodType): boolean {
  const table = peel(schema);
  return table instanceof z.ZodObject || table instanceof z.ZodRecord;
}

function withoutEffect(path: readonly string[]): WithoutEffect | undefined {
  const name = dotted(path);
  return Object.hasOwn(WITHOUT_EFFECT, name) ? WITHOUT_EFFECT[name] : undefined;
}

function isIdleTable(path: readonly string[]): boolean {
  return idleNames(path).length > 0;
}

/** Names in this table that are accepted without effect: keys, and tables of them. */
function idleNames(path: readonly string[]): string[] {
  const prefix = path.length === 0 ? '' : `${dotted(path)}.`;
  const names = Object.keys(WITHOUT_EFFECT)
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length).split('.', 1)[0] ?? '');
  return [...new Set(names)];
}

function namesIn(schema: z.core.$ZodType | undefined, path: readonly string[]) {
  const table = schema && peel(schema);
  const useful = table instanceof z.ZodObject ? Object.keys(table.shape) : [];
  return { useful, all: [...useful, ...idleNames(path)] };
}

function unknownKey(path: readonly string[], names: { useful: string[]; all: string[] }): string {
  const name = path.at(-1) ?? '';
  const near = nearestName(name, names.all);
  if (near !== undefined) return `is no setting; did you mean "${near}"?`;
  const elsewhere = keysOf(settingsTable).find((key) => key.endsWith(`.${name}`));
  if (elsewhere !== undefined) return `is no setting; did you mean ${elsewhere}?`;
  const where = path.length === 1 ? 'the tables are' : `[${dotted(path.slice(0, -1))}] takes`;
  const allowed = names.useful.length > 0 ? names.useful : names.all;
  return `is no setting; ${where} ${allowed.join(', ')}`;
}

/** One warning for each table and reason: the predecessor's file has some fifty such keys. */
function warnAbout(
  idle: readonly { path: string[]; notes: WithoutEffect }[],
  origins: Origins,
): SettingsProblem[] {
  const groups = new Map<string, { table: string; keys: string[]; reason: string; first: string[] }>();
  for (const { path, notes } of idle) {
    const table = dotted(path.slice(0, -1));
    const reason = reasonOf(notes);
    const group = groups.get(`${table} ${reason}`) ?? { table, keys: [], reason, first: path };
    group.keys.push(path.at(-1) ?? '');
    groups.set(`${table} ${reason}`, group);
  }
  return [...groups.values()].map(({ table, keys, reason, first }) => ({
    path: table,
    message: `[${table}] ${keys.join(', ')}: ${reason}`,
    place: origins.key(first),
  }));
}
