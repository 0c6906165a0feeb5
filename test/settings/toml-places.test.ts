import * as fc from 'fast-check';
import { parse, stringify } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { locateToml, type Path } from '../../src/settings/toml-places.js';

/** Every value of a tree with its path: elements of arrays too, tables not. */
function* valuesOf(node: unknown, path: Path = []): Generator<[Path, unknown]> {
  const isTable =
    typeof node === 'object' && node !== null && !Array.isArray(node) && !(node instanceof Date);
  if (path.length > 0 && !isTable) yield [path, node];
  if (Array.isArray(node)) for (const [i, item] of node.entries()) yield* valuesOf(item, [...path, i]);
  if (isTable) for (const [name, inner] of Object.entries(node)) yield* valuesOf(inner, [...path, name]);
}

const isArrayOfTables = (value: unknown): boolean =>
  Array.isArray(value) && value.some((item) => typeof item === 'object' && !Array.isArray(item));

const key = fc.oneof(
  fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/),
  fc.string({ maxLength: 5, unit: 'grapheme' }),
  fc.constantFrom('', 'a.b', '"', "'", '#', '[x]', '=', '\u{1f600}', 'line\nend', '\\'),
);
const scalar = fc.oneof(
  fc.integer(),
  fc.boolean(),
  fc.string({ maxLength: 12, unit: 'grapheme' }),
  fc.constantFrom('"""', "'''", '#', ']', '}', ', x = 1', '\\', 'a\nb', '[a]\nb = 1'),
);
const { tree } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, scalar, fc.array(tie('value'), { maxLength: 3 }), tie('tree')),
  tree: fc.dictionary(key, tie('value'), { maxKeys: 4 }),
}));

/** What stands at the place of each value is that value: the parser says so when it reads it again. */
function expectPlaces(text: string, parsed: unknown): void {
  const places = locateToml(text);
  for (const [path, value] of valuesOf(parsed)) {
    expect(places.keyAt(path), JSON.stringify(path)).toBeDefined();
    const written = places.valueText(path);
    if (written === undefined) expect(isArrayOfTables(value)).toBe(true);
    else expect(parse(`x = ${written}`).x).toEqual(value);
  }
}

describe('locateToml', () => {
  it('finds every value where the parser read it, whatever the document', () => {
    fc.assert(
      fc.property(tree, (node) => {
        const text = stringify(node as Record<string, unknown>);
        expectPlaces(text, parse(text));
      }),
      { numRuns: 300 },
    );
  });

  const text = [
    '# [not.a.table]',
    'top = 1  # comment = "x"',
    'a.b."c d" = 2',
    "  'lit.eral' = '''",
    '[no.table]',
    "x = ''''' ",
    'inline = { one = 1, two.three = [ "x", { four = 4 } ] }',
    '[ table . "quoted \\u0041" ]',
    'list = [',
    '  "a", # ]',
    '  "b\\"]",',
    ']',
    '[[rows]]',
    'n = 1',
    '[[rows]]',
    'n = 2',
    '[rows.sub]',
    'wide = "\u{1f600}\u{1f600}" ',
    'multi = """',
    'x = 5 \\""" y"""""',
    'after = 1979-05-27 07:32:00',
  ].join('\n');
  const places = locateToml(text);

  it.each<[Path, number, number]>([
    [['top'], 2, 7],
    [['a', 'b', 'c d'], 3, 13],
    [['lit.eral'], 4, 16],
    [['inline', 'one'], 7, 18],
    [['inline', 'two', 'three'], 7, 33],
    [['inline', 'two', 'three', 0], 7, 35],
    [['inline', 'two', 'three', 1, 'four'], 7, 49],
    [['table', 'quoted A', 'list'], 9, 8],
    [['table', 'quoted A', 'list', 1], 11, 3],
    [['rows', 0, 'n'], 14, 5],
    [['rows', 1, 'n'], 16, 5],
    [['rows', 1, 'sub', 'multi'], 19, 9],
    [['rows', 1, 'sub', 'after'], 21, 9],
  ])('gives the place of the value at %j', (path, line, column) => {
    expect(parse(text)).toBeDefined();
    expect(places.valueAt(path)).toEqual({ line, column });
  });

  it.each<[Path, number, number]>([
    [['a'], 3, 1],
    [['a', 'b'], 3, 3],
    [['a', 'b', 'c d'], 3, 5],
    [['table'], 8, 3],
    [['table', 'quoted A'], 8, 11],
    [['rows', 1, 'sub'], 17, 7],
  ])('gives the place of the key at %j', (path, line, column) => {
    expect(places.keyAt(path)).toEqual({ line, column });
  });

  it('finds nothing that is not there', () => {
    for (const path of [['not'], ['x'], ['no'], ['rows', 2], ['comment'], ['inline', 'three']]) {
      expect(places.keyAt(path)).toBeUndefined();
    }
  });

  const line = fc.constantFrom(
    '[a]',
    '[a.b]',
    '[[c]]',
    '[[c.d]]',
    '[c.e] # [f]',
    '["a"."g"]',
    'x = 1',
    'y.z = "#"',
    "y.'w' = [1, [2, {k = 3}], # ]\n 4,]",
    'v = { m = 1, n.o = """a""""" }',
    "u = '''\n[a]\n'''",
    '',
    '# x = 2',
    '  t  =  true  ',
  );

  it('finds every value in any arrangement of tables and keys that the parser takes', () => {
    let taken = 0;
    fc.assert(
      fc.property(fc.uniqueArray(line, { minLength: 2, maxLength: 8 }), fc.array(line), (some, more) => {
        const document = [...some, ...more].join('\n');
        let parsed: unknown;
        try {
          parsed = parse(document);
        } catch {
          return;
        }
        taken++;
        expectPlaces(document, parsed);
      }),
      { numRuns: 1000 },
    );
    expect(taken).toBeGreaterThan(50);
  });
});
