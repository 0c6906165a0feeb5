import { isIP } from 'node:net';
import { z } from 'zod';

/** What is said about a setting beside its schema; the reference in docs/settings.md is made from it. */
export interface SettingNotes {
  readonly meaning: string;
  readonly unit?: string;
  /** Where the default comes from, when it is no fixed value. */
  readonly otherwise?: string;
  /** Never shown: the whole value, or the password in a URL. */
  readonly secret?: 'value' | 'url';
  /** May be changed while the node runs. */
  readonly atRunTime?: true;
}

const NOTES = z.registry<SettingNotes>();
/** In words what a value may be, for messages and for the reference. */
const FORMS = z.registry<{ readonly form: string }>();

/** Declares one key of a section. */
export function setting<Schema extends z.ZodType>(schema: Schema, notes: SettingNotes): Schema {
  const described = schema.describe(notes.meaning);
  NOTES.add(described, notes);
  return described;
}

/** Declares a table: unknown keys are refused, and a table that is not there is one of defaults. */
export function section<Shape extends z.ZodRawShape>(meaning: string, shape: Shape) {
  const table = formed(z.strictObject(shape), 'a table');
  // Every key of every section is optional or has a default, so the empty table is always a valid one.
  const optional = table.prefault({} as z.input<typeof table>);
  NOTES.add(optional, { meaning });
  return optional;
}

export function notesOf(schema: z.core.$ZodType): SettingNotes | undefined {
  return NOTES.get(schema);
}

/** What the values of a setting may be, in words: "a whole number from 1 to 100". */
export function formOf(schema: z.core.$ZodType): string {
  const form = FORMS.get(schema)?.form;
  if (form !== undefined) return form;
  const inner = innerOf(schema);
  return inner === undefined ? 'another type of value' : formOf(inner);
}

/** The schema without the wrappers that make it optional or give it a default. */
export function peel(schema: z.core.$ZodType): z.core.$ZodType {
  const inner = innerOf(schema);
  return inner === undefined ? schema : peel(inner);
}

function innerOf(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  const { def } = schema._zod;
  return 'innerType' in def ? (def.innerType as z.core.$ZodType) : undefined;
}

function formed<Schema extends z.ZodType>(schema: Schema, form: string): Schema {
  FORMS.add(schema, { form });
  return schema;
}

/** 1000000 as 1,000,000. */
function grouped(number: number): string {
  return number.toLocaleString('en-US');
}

export function whole(least: number, most: number) {
  return formed(
    z.number().int().min(least).max(most),
    `a whole number from ${grouped(least)} to ${grouped(most)}`,
  );
}

export function amount(least: number, most: number) {
  return formed(z.number().min(least).max(most), `a number from ${grouped(least)} to ${grouped(most)}`);
}

export function flag() {
  return formed(z.boolean(), 'true or false');
}

export function oneOf<const Values extends readonly [string, ...string[]]>(values: Values) {
  return formed(z.enum(values), `one of ${values.map((value) => `"${value}"`).join(', ')}`);
}

export function listOf<Item extends z.ZodType>(item: Item, form: string, most: number, least = 0) {
  return formed(z.array(item).min(least).max(most), `a list of ${form}, ${grouped(most)} at most`);
}

/** A table whose keys are all optional and have no defaults. */
export function table<Shape extends z.ZodRawShape>(shape: Shape) {
  return formed(z.strictObject(shape), 'a table');
}

/** Tables under names that the user chooses. */
export function tablesByName<Key extends z.ZodString, Value extends z.ZodType>(key: Key, value: Value) {
  return formed(z.record(key, value), 'a table of tables');
}

/** A table of texts under names that the user chooses. */
export function textsByName<Value extends z.ZodType>(value: Value) {
  return formed(z.record(z.string(), value), 'a table of texts');
}

/** Of a header of HTTP (RFC 9110 §5.5): nothing that ends it. */
export function headerText() {
  return formed(z.string().regex(/^[\x20-\x7e]{0,4096}$/), 'a text of printable ASCII');
}

export function emailAddress() {
  return formed(
    z
      .string()
      .max(254)
      .regex(/^[^\s@<>()[\],;:\\"]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/),
    'a mail address',
  );
}

/** A name for machines: of a node, a region, a prefix of keys. */
export function label() {
  return formed(
    z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
    'a name of letters, digits, ".", "_" and "-", 64 at most',
  );
}

export function filePath() {
  return formed(
    z
      .string()
      .min(1)
      .max(4096)
      .refine((path) => !path.includes('\0')),
    'a path; a relative one starts at the working directory',
  );
}

export function secretText() {
  return formed(z.string().max(4096), 'a text of at least 32 bytes');
}

export function passwordText() {
  return formed(z.string().min(1).max(1024), 'a text of 1 to 1,024 characters');
}

export function shortText() {
  return formed(z.string().min(1).max(256), 'a text of 1 to 256 characters');
}

export function hostName() {
  return formed(
    z.string().refine((host) => isIP(host) !== 0 || isHostName(host)),
    'an IP address or a host name',
  );
}

function parseUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}

function isHostName(text: string): boolean {
  return text.length <= 253 && /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)*$/.test(text);
}

export function webUrl() {
  return formed(
    z.string().refine((text) => {
      const url = parseUrl(text);
      return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
    }),
    'a URL of http or https without a password in it',
  );
}

export function webOrigin() {
  return z.string().refine((text) => {
    const url = parseUrl(text);
    return url !== null && /^https?:$/.test(url.protocol) && url.origin === text;
  });
}

export function redisUrl() {
  return formed(
    z.string().refine((text) => {
      const url = parseUrl(text);
      return url !== null && /^rediss?:$/.test(url.protocol) && url.hostname !== '';
    }),
    'a URL of redis or rediss',
  );
}

export function urlPath() {
  return formed(
    z.string().regex(/^(?:\/[A-Za-z0-9_-]+){1,8}$/),
    'a path like "/health": "/" and names of letters, digits, "_" and "-"',
  );
}
