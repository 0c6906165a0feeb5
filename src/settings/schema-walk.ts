import { z } from 'zod';
import { dotted } from './problem.js';
import { peel } from './setting.js';
import type { Path } from './toml-places.js';

/** The schema of one name in a table, or undefined where the table has no such name. */
export function innerSchema(schema: z.core.$ZodType | undefined, name: string): z.core.$ZodType | undefined {
  const table = schema && peel(schema);
  if (table instanceof z.ZodObject) return Object.hasOwn(table.shape, name) ? table.shape[name] : undefined;
  if (table instanceof z.ZodRecord) return table.valueType as z.core.$ZodType;
  return undefined;
}

/** The schema at the end of a path of names. */
export function schemaAt(root: z.core.$ZodType, path: Path): z.core.$ZodType | undefined {
  let schema: z.core.$ZodType | undefined = root;
  for (const name of path) schema = innerSchema(schema, String(name));
  return schema;
}

/** Every key and every table below a schema, dotted. */
export function keysOf(schema: z.core.$ZodType, path: readonly string[] = []): string[] {
  const table = peel(schema);
  const own = path.length > 0 ? [dotted(path)] : [];
  if (!(table instanceof z.ZodObject)) return own;
  const inner = Object.entries(table.shape as Record<string, z.core.$ZodType>);
  return [...own, ...inner.flatMap(([name, one]) => keysOf(one, [...path, name]))];
}
