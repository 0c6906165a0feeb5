import { z } from 'zod';
import { dotted } from './problem.js';
import { settingsTable } from './schema.js';
import { formOf, notesOf, peel } from './setting.js';

export interface SettingReference {
  readonly key: string;
  /** What is allowed, in words. */
  readonly form: string;
  /** The default as TOML, or in words where it follows from something else; undefined when there is none. */
  readonly fallback?: { readonly value?: unknown; readonly words?: string };
  readonly unit?: string;
  readonly meaning: string;
  readonly atRunTime: boolean;
  readonly secret: boolean;
}

export interface SectionReference {
  /** `network.api`; a level of one's own is `integrity.levels.<name>`. */
  readonly table: string;
  readonly meaning: string;
  readonly settings: readonly SettingReference[];
}

/** Every table and key as the schema declares them, in its order. */
export function settingsReference(): SectionReference[] {
  return sectionsOf(settingsTable, [], '');
}

function sectionsOf(schema: z.core.$ZodType, path: readonly string[], meaning: string): SectionReference[] {
  const table = peel(schema);
  if (table instanceof z.ZodRecord) {
    return sectionsOf(table.valueType as z.core.$ZodType, [...path, '<name>'], meaning);
  }
  if (!(table instanceof z.ZodObject)) return [];
  const entries = Object.entries(table.shape as Record<string, z.core.$ZodType>);
  const isTable = (one: z.core.$ZodType) => {
    const inner = peel(one);
    if (inner instanceof z.ZodRecord) return peel(inner.valueType as z.core.$ZodType) instanceof z.ZodObject;
    return inner instanceof z.ZodObject;
  };
  const settings = entries.filter(([, one]) => !isTable(one)).map(([key, one]) => describeKey(key, one));
  const name = path.map((part) => (part === '<name>' ? part : dotted([part]))).join('.');
  const tables = entries
    .filter(([, one]) => isTable(one))
    .flatMap(([key, one]) => sectionsOf(one, [...path, key], notesOf(one)?.meaning ?? ''));
  return settings.length === 0 ? tables : [{ table: name, meaning, settings }, ...tables];
}

function describeKey(key: string, schema: z.core.$ZodType): SettingReference {
  const notes = notesOf(schema);
  const value = schema instanceof z.ZodDefault ? schema.def.defaultValue : undefined;
  const words = notes?.otherwise;
  return {
    key,
    form: formOf(schema),
    ...(value === undefined && words === undefined ? {} : { fallback: { value, words } }),
    unit: notes?.unit,
    meaning: notes?.meaning ?? '',
    atRunTime: notes?.atRunTime ?? false,
    secret: notes?.secret !== undefined,
  };
}
