import type { Path } from './toml-places.js';

/** A table of a TOML document: no prototype is looked into, so that names like "constructor" are just names. */
export type Tree = Record<string, unknown>;

export function isTable(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

export function valueIn(tree: unknown, path: Path): unknown {
  let value = tree;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}

/** Puts a value there, making tables on the way; false when something that is no table is in the way. */
export function putIn(tree: Tree, path: readonly string[], value: unknown): boolean {
  let table = tree;
  for (const part of path.slice(0, -1)) {
    if (!Object.hasOwn(table, part)) table[part] = emptyTable();
    const inner = table[part];
    if (!isTable(inner)) return false;
    table = inner;
  }
  table[path.at(-1) ?? ''] = value;
  return true;
}

/** Takes the value away that `path` leads to or into: an array or a value that is no table goes as a whole. */
export function removeFrom(tree: Tree, path: Path): void {
  let table = tree;
  for (const [i, part] of path.entries()) {
    const inner = table[part];
    if (i === path.length - 1 || !isTable(inner)) {
      delete table[part];
      return;
    }
    table = inner;
  }
}

export function emptyTable(): Tree {
  return Object.create(null) as Tree;
}

/** Every value that is no table, with its path; tables inside of arrays are not looked into. */
export function* leavesOf(table: Tree, path: readonly string[] = []): Generator<[string[], unknown]> {
  for (const [name, value] of Object.entries(table)) {
    if (isTable(value)) yield* leavesOf(value, [...path, name]);
    else yield [[...path, name], value];
  }
}
