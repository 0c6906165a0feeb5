import type { Command } from 'commander';
import { EXIT, ProvChainError } from '../errors.js';
import type { AppendedBlock, Payload } from '../ledger/index.js';
import type { RdfFormat } from '../rdf/index.js';
import { formatOf, nameOf, readDocument } from './documents.js';
import { formatCount } from './format.js';
import { describeCommand } from './help.js';
import { formatTable } from './table.js';
import { createTerminal, printable } from './terminal.js';

/** The longest document that is read, in any format. */
const DOCUMENT_LIMIT_BYTES = 64 << 20;
/** Checked payloads are kept up to here; what is beyond is read and checked once more when its turn comes. */
const KEPT_BYTES = 256 << 20;

interface Input {
  readonly file: string;
  readonly format: RdfFormat;
}

interface StoredBlock extends AppendedBlock {
  readonly quads: number;
  readonly file: string;
}

export function registerAppend(program: Command): void {
  const command = program
    .command('append')
    .description('append documents to a chain, one block for each file')
    .argument('<dir>', 'the chain directory')
    .argument('<file...>', 'N-Quads, N-Triples, Turtle, TriG or JSON-LD; "-" is standard input')
    .option(
      '-f, --format <format>',
      'nquads, ntriples, turtle, trig or jsonld, for all files (default: by their names)',
    )
    .action(append);
  describeCommand(command, {
    examples: [
      ['append ./chain shipment.ttl', 'one block'],
      ['append ./chain day/*.jsonld', 'one block for each file, in that order'],
      ['append ./chain - --format nquads', 'one block from standard input'],
    ],
    exits: [EXIT.inputRefused, EXIT.tampered, EXIT.incomplete, EXIT.locked],
    meanings: {
      [EXIT.tampered]: 'the chain is damaged, nothing was appended',
      [EXIT.incomplete]: 'the chain could not be written now',
      [EXIT.inputRefused]: 'input refused: nothing of any file was stored',
    },
  }).addHelpText(
    'after',
    '\nEvery file is read and checked before the first block is stored: if one is refused, none is. A block is' +
      '\nreported once it would survive a power cut.',
  );
}

async function append(
  directory: string,
  files: string[],
  flags: { format?: string; json?: boolean },
): Promise<void> {
  const terminal = createTerminal(flags);
  const { chainFiles, openWriter } = await import('../ledger/index.js');
  await chainFiles(directory);
  const inputs = files.map((file) => ({ file, format: formatOf(file, flags.format) }));
  const checked = await checkAll(inputs);
  const ledger = await openWriter(directory);
  const stored: StoredBlock[] = [];
  try {
    const quads: number[] = [];
    const payloads = async function* () {
      for (const [i, input] of inputs.entries()) {
        const { bytes, quadCount } = checked[i] ?? (await check(input));
        quads.push(quadCount);
        yield bytes;
      }
    };
    await ledger.appendAll(payloads(), (block) => {
      const i = stored.length;
      stored.push({ ...block, quads: quads[i]!, file: inputs[i]!.file });
    });
  } catch (thrown) {
    throw afterStoring(stored, thrown);
  } finally {
    await ledger.close();
  }
  const rows = stored.map(({ index, hash, quads, file }) => [
    formatCount(index),
    hash,
    formatCount(quads),
    printable(file),
  ]);
  terminal.print(formatTable(terminal, ['block', 'hash', 'quads', 'file'], rows, ['right', 'left', 'right']));
  terminal.document(stored);
}

/** Every document checked; undefined in place of those that are too many to keep. */
async function checkAll(inputs: readonly Input[]): Promise<(Payload | undefined)[]> {
  const all: (Payload | undefined)[] = [];
  let kept = 0;
  for (const input of inputs) {
    const checked = await check(input).catch((thrown) => {
      throw extendMessage(thrown, 'nothing was stored', nameOf(input.file));
    });
    const keep = input.file === '-' || kept + checked.bytes.length <= KEPT_BYTES;
    if (keep) kept += checked.bytes.length;
    all.push(keep ? checked : undefined);
  }
  return all;
}

async function check({ file, format }: Input): Promise<Payload> {
  const { DEFAULT_LEDGER_SETTINGS, preparePayload } = await import('../ledger/index.js');
  const { ingest } = await import('../rdf/index.js');
  const { name, bytes } = await readDocument(file, format, DOCUMENT_LIMIT_BYTES);
  const nquads = await ingest(bytes, format, { source: name });
  return preparePayload(nquads, DEFAULT_LEDGER_SETTINGS.payloadLimitBytes);
}

function afterStoring(stored: readonly StoredBlock[], thrown: unknown): ProvChainError {
  const [first, last] = [stored.at(0), stored.at(-1)];
  if (!(first && last)) return extendMessage(thrown, 'no block of this call is known to be stored');
  const range = first === last ? `block ${first.index} was` : `blocks ${first.index} to ${last.index} were`;
  return extendMessage(thrown, `${range} stored before, up to the file ${last.file}`);
}

function extendMessage(thrown: unknown, addition: string, source?: string): ProvChainError {
  const { code, message, place } = ProvChainError.from(thrown);
  const named = source === undefined ? place : { source, ...place };
  return new ProvChainError(code, `${message}; ${addition}`, { cause: thrown, place: named });
}
