import { z } from 'zod';
import { type Settings, settingsTable } from './schema.js';
import { innerSchema } from './schema-walk.js';
import { notesOf, peel } from './setting.js';

const REDACTED = '[redacted]';

/** The settings as they may be shown: secrets are replaced, of URLs only the password. */
export function redactSettings(settings: Settings): Settings {
  return redactTable(settings, settingsTable) as Settings;
}

function redactTable(table: object, schema: z.core.$ZodType): object {
  const bare = peel(schema);
  // In the order of the schema, whatever order the keys were filled in.
  const names = bare instanceof z.ZodObject ? Object.keys(bare.shape) : Object.keys(table);
  const entries = names.map((name) => {
    const inner = innerSchema(schema, name);
    const value = (table as Record<string, unknown>)[name];
    return [name, inner === undefined ? value : redactValue(value, inner)] as const;
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function redactValue(value: unknown, schema: z.core.$ZodType): unknown {
  const table = peel(schema);
  if (table instanceof z.ZodObject || table instanceof z.ZodRecord)
    return redactTable(value as object, schema);
  const secret = notesOf(schema)?.secret;
  if (value === undefined || secret === undefined) return value;
  return secret === 'url' ? redactUrl(String(value)) : REDACTED;
}

function redactUrl(text: string): string {
  const url = new URL(text);
  // Some clients take the password from the query, too.
  if (url.password === '' && url.search === '') return text;
  const user = url.username === '' && url.password === '' ? '' : `${url.username}:${REDACTED}@`;
  const query = url.search === '' ? '' : `?${REDACTED}`;
  return `${url.protocol}//${user}${url.host}${url.pathname}${query}`;
}
