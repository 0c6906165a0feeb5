import { hash } from 'node:crypto';
import { type Command, Option } from 'commander';
import { EXIT, ProvChainError } from '../errors.js';
import { formatOf, readDocument } from './documents.js';
import { describeCommand } from './help.js';
import { createTerminal } from './terminal.js';

const ALGORITHMS = ['SHA-256', 'SHA-384'] as const;
type Algorithm = (typeof ALGORITHMS)[number];

interface CanonicalizeFlags {
  readonly algorithm: Algorithm;
  readonly map?: boolean;
  readonly hash?: boolean;
  readonly format?: string;
  readonly json?: boolean;
}

export function registerCanonicalize(program: Command): void {
  const command = program
    .command('canonicalize')
    .description('print the canonical N-Quads of a document (RDFC-1.0)')
    .argument('<file>', 'the document; "-" is standard input')
    .addOption(
      new Option('-a, --algorithm <name>', 'hash function of the algorithm and of --hash')
        .choices(ALGORITHMS)
        .default('SHA-256'),
    )
    .option('-m, --map', 'print the canonical label of every blank node instead, as JSON')
    .option('-H, --hash', 'print the hash of the canonical form instead')
    .option('-f, --format <format>', 'nquads, ntriples, turtle, trig or jsonld (default: by the name)')
    .action(canonicalizeFile);
  describeCommand(command, {
    examples: [
      ['canonicalize data.ttl > data.nq', 'canonical N-Quads of a Turtle document'],
      ['canonicalize data.nq --hash', 'the payloadHash that a block with this data has'],
      ['canonicalize - --format jsonld --map', 'labels that the blank nodes of a JSON-LD document get'],
    ],
    exits: [EXIT.inputRefused],
  }).addHelpText(
    'after',
    '\nN-Quads are taken as they are. Other formats, and everything that is appended to a chain, have their' +
      '\nlanguage tags in lower case, so that one dataset has one hash whatever it was written in.',
  );
}

async function canonicalizeFile(file: string, flags: CanonicalizeFlags): Promise<void> {
  const terminal = createTerminal(flags);
  const { canonicalize, ingest } = await import('../rdf/index.js');
  const { name, format, bytes } = await readDocument(file, formatOf(file, flags.format));
  const nquads =
    format === 'n-quads' ? bytes : await ingest(bytes, format, { source: name, maxBytes: 2 ** 31 - 1 });
  const { algorithm } = flags;
  const canonical = namingSource(name, () =>
    canonicalize(nquads, { algorithm, map: flags.map || flags.json }),
  );
  const digest = hash(algorithm === 'SHA-384' ? 'sha384' : 'sha256', canonical.bytes);
  const labels = Object.fromEntries(canonical.labels ?? []);
  if (flags.json) {
    const { quads, transactions } = canonical;
    const text = Buffer.from(canonical.bytes).toString('utf8');
    terminal.document({ algorithm, quads, transactions, hash: digest, canonical: text, map: labels });
    return;
  }
  if (flags.hash) terminal.print(digest);
  if (flags.map) terminal.print(JSON.stringify(labels, null, 2));
  if (!(flags.hash || flags.map)) terminal.write(canonical.bytes);
}

/** Errors of the canonicalizer know line and column, but not the name of the document. */
function namingSource<T>(source: string, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    const { code, message, place } = ProvChainError.from(thrown);
    throw new ProvChainError(code, message, { cause: thrown, place: { source, ...place } });
  }
}
