import fc from 'fast-check';

/** N-Quads documents with every feature that canonicalization is about, small ones mostly. */

const IRIS = [
  '<http://example.org/s>',
  '<http://example.org/o>',
  '<urn:ex:é>',
  '<http://例え.jp/?q=1#x>',
  '<a:>',
];
const PREDICATES = ['<http://example.org/p>', '<http://example.org/q>', '<urn:ex:p\\u00e9>'];
const LITERALS = [
  '"plain"',
  '""',
  '"tab\\tnewline\\nquote\\"backslash\\\\"',
  '"control \\u0001 \\u000B \\u007F delete"',
  '"it\\\'s \\u0041 \\U0001F303"',
  '"grün 🌃 ☃"@de-AT-1901',
  '"Grün"@DE',
  '"7"^^<http://www.w3.org/2001/XMLSchema#integer>',
  '"x"^^<http://www.w3.org/2001/XMLSchema#string>',
  '"_:b0 <http://example.org/o> ."',
];
const GRAPHS = ['', '', '<http://example.org/g>', '<http://example.org/h>'];
/** By copy. */
const LABELS = ['b', 'n.é-', '0_'];
const NODE = 0.6;

/** Picks from a list, or a blank node, by a number below 1000. */
function term(number: number, others: readonly string[], nodes: number, share: number, copy: number): string {
  if (number < 1000 * share) return `_:${LABELS[copy]}${number % nodes}`;
  return others[number % others.length]!;
}

interface Shape {
  /** Blank nodes of one copy. */
  readonly nodes: number;
  /** Four numbers below 1000 for each quad: subject, predicate, object, graph name. */
  readonly quads: readonly (readonly [number, number, number, number])[];
  /** Copies with blank nodes of their own: two or more make all of them alike. */
  readonly copies: number;
  /** Lines to repeat. */
  readonly repeated: readonly number[];
}

function linesOf({ nodes, quads, copies, repeated }: Shape): string[] {
  const lines: string[] = [];
  for (let copy = 0; copy < copies; copy++) {
    for (const [s, p, o, g] of quads) {
      const subject = term(s, IRIS, nodes, NODE, copy);
      const object = term(o, o % 2 ? IRIS : LITERALS, nodes, NODE, copy);
      const graph = term(g, GRAPHS, nodes, 0.15, copy);
      lines.push(`${subject} ${PREDICATES[p % PREDICATES.length]} ${object} ${graph}${graph && ' '}.`);
    }
  }
  return [...lines, ...repeated.map((number) => lines[number % lines.length]!)];
}

const number = fc.nat(999);

const small: fc.Arbitrary<string[]> = fc
  .record({
    nodes: fc.integer({ min: 1, max: 6 }),
    quads: fc.array(fc.tuple(number, number, number, number), { minLength: 1, maxLength: 10 }),
    copies: fc.constantFrom(1, 1, 1, 2, 2, 3),
    repeated: fc.array(number, { maxLength: 2 }),
  })
  .map(linesOf);

type Family = (size: number, seed: number) => string[];

/** Graphs of hundreds of blank nodes of which it is known that they are not too hard. */
const FAMILIES: readonly Family[] = [
  // All different at first degree.
  (size, seed) =>
    range(size, (i) => [
      `_:n${i} ${PREDICATES[0]} "${i}" .`,
      `_:n${i} ${PREDICATES[1]} _:n${(i * seed + 7) % size} .`,
    ]),
  // Pairs, all alike.
  (size) =>
    range(size / 2, (i) => [`_:a${i} ${PREDICATES[0]} _:b${i} .`, `_:b${i} ${PREDICATES[0]} _:a${i} .`]),
  // The same list twice.
  (size) =>
    range(size / 2, (i) =>
      range(2, (k) => [
        `_:l${k}n${i} ${PREDICATES[0]} _:l${k}n${i + 1} .`,
        `_:l${k}n${i} ${PREDICATES[1]} "${i}" .`,
      ]),
    ),
  // Leaves of one root, alike.
  (size) =>
    range(size, (i) => [`_:root ${PREDICATES[0]} _:leaf${i} .`, `_:leaf${i} ${PREDICATES[1]} "leaf" .`]),
  // Rings of three to six, most alike.
  (size) =>
    range(size / 6, (ring) => {
      const length = 3 + (ring % 4);
      return range(length, (i) => [`_:r${ring}n${i} ${PREDICATES[0]} _:r${ring}n${(i + 1) % length} .`]);
    }),
  // Blank graph names, each with something inside that is alike.
  (size, seed) =>
    range(size / 2, (i) => [
      `_:g${i} ${PREDICATES[0]} "${(i * seed) % size}" .`,
      `_:m${i} ${PREDICATES[1]} "in" _:g${i} .`,
    ]),
];

function range(count: number, make: (i: number) => string[]): string[] {
  return Array.from({ length: Math.floor(count) }, (_, i) => make(i)).flat();
}

const large: fc.Arbitrary<string[]> = fc
  .record({ family: fc.nat(FAMILIES.length - 1), size: fc.integer({ min: 100, max: 300 }), seed: fc.nat(99) })
  .map(({ family, size, seed }) => FAMILIES[family]!(size, seed));

const inOrder = (lines: readonly string[], seed: number) => {
  const shuffled = [...lines];
  let state = seed;
  for (let i = shuffled.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    const j = (state >>> 8) % (i + 1);
    [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
  }
  return shuffled;
};

/** The lines of a document without their line ends, in arbitrary order. About one in a hundred is large. */
export const graphLines: fc.Arbitrary<string[]> = fc
  .tuple(fc.oneof({ weight: 99, arbitrary: small }, { weight: 1, arbitrary: large }), fc.nat(2 ** 31 - 1))
  .map(([lines, seed]) => inOrder(lines, seed));

export const toDocument = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');
