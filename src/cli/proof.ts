import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import {
  decodeTrustRoot,
  encodeProof,
  type ProofStatement,
  type TrustRoot,
  verifyProof,
} from '../chain/index.js';
import { EXIT, ProvChainError } from '../errors.js';
import { formatOf, nameOf, readInput } from './documents.js';
import { formatAmount, formatCount } from './format.js';
import { describeCommand, describeGroup } from './help.js';
import { parseCount, parseIndex } from './options.js';
import { formatTable } from './table.js';
import { createTerminal, printable, type Terminal } from './terminal.js';

const TRUST_LIMIT_BYTES = 1 << 20;
const PROOF_LIMIT_BYTES = 4 << 20;
/** As for a document that is appended. */
const DOCUMENT_LIMIT_BYTES = 64 << 20;

const PROOF_EXITS = {
  [EXIT.healthy]: 'the proof holds',
  [EXIT.tampered]: 'the proof does not hold',
  [EXIT.inputRefused]: 'input refused: a file that cannot be read',
};

export function registerProof(program: Command): void {
  const group = program
    .command('proof')
    .description('show that a block is in a chain, to somebody who has only its chain.json');
  registerMake(group);
  registerVerify(group);
  describeGroup(group, {
    examples: [
      ['proof make ./chain 4711 -o proof.json', 'by whoever has the chain'],
      ['proof verify proof.json --trust chain.json', 'by whoever has its chain.json'],
    ],
    exits: [EXIT.tampered, EXIT.incomplete, EXIT.inputRefused],
    meanings: PROOF_EXITS,
  });
}

function registerMake(group: Command): void {
  const command = group
    .command('make')
    .description('make the proof that a block is in the history of a later one')
    .argument('<dir>', 'the chain directory')
    .argument('<index>', 'number of the block, from 0', parseIndex)
    .option(
      '--height <n>',
      'prove it for the first n blocks (default: all); the last of them is the head',
      parseCount,
    )
    .option('-o, --output <file>', 'write the proof there (default: to stdout)')
    .action(makeProof);
  describeCommand(command, {
    examples: [
      ['proof make ./chain 4711 -o proof.json', 'under the newest head'],
      ['proof make ./chain 4711 --height 5000', 'under the head that is block 4999'],
    ],
    exits: [EXIT.inputRefused, EXIT.tampered, EXIT.incomplete],
    meanings: { [EXIT.tampered]: 'the chain is damaged, so there is no proof' },
  });
}

function registerVerify(group: Command): void {
  const command = group
    .command('verify')
    .description('check a proof, offline, with nothing but chain.json')
    .argument('<file>', 'the proof; "-" is standard input')
    .requiredOption('-t, --trust <file>', 'chain.json of the chain, from somebody you trust')
    .option('-p, --payload <file>', 'the document that the block is said to hold, in any RDF format')
    .option('-f, --format <format>', 'format of the document (default: by its name)')
    .action(verifyFile);
  describeCommand(command, {
    examples: [
      ['proof verify proof.json --trust chain.json', 'is this block in that chain?'],
      ['proof verify proof.json --trust chain.json -p shipment.ttl', 'does it hold this document?'],
    ],
    exits: [EXIT.tampered, EXIT.inputRefused],
    meanings: PROOF_EXITS,
  }).addHelpText(
    'after',
    '\nA proof that holds says: a producer that chain.json trusts signed a head, and the block is in its history.' +
      '\nWhether the head is the newest one, or the only one the producer signed for its height, no single proof says.',
  );
}

async function makeProof(
  directory: string,
  index: number,
  flags: { height?: number; output?: string; json?: boolean },
): Promise<void> {
  const terminal = createTerminal(flags);
  const { readInclusionProof } = await import('../ledger/index.js');
  const proof = await readInclusionProof(directory, index, flags.height);
  const text = `${encodeProof(proof)}\n`;
  if (flags.output === undefined) {
    terminal.write(text);
    return;
  }
  await writeOutput(flags.output, text);
  const { out } = terminal;
  terminal.print(
    `${out.green('Written')} to ${printable(flags.output)}: block ${formatCount(index)} under the head, block ` +
      `${formatCount(proof.treeSize)}, in ${formatAmount(proof.path.length, 'step')}.`,
  );
  terminal.document(proof);
}

async function writeOutput(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (cause) {
    const message = `it cannot be written: ${(cause as Error).message}`;
    throw new ProvChainError('FILE_UNREADABLE', message, { cause, place: { source: file } });
  }
}

interface VerifyFlags {
  readonly trust: string;
  readonly payload?: string;
  readonly format?: string;
  readonly json?: boolean;
}

async function verifyFile(file: string, flags: VerifyFlags): Promise<void> {
  const terminal = createTerminal(flags);
  const trust = await readTrust(flags.trust);
  const payload = flags.payload === undefined ? undefined : await readPayload(flags.payload, flags.format);
  const bytes = await readInput(file, PROOF_LIMIT_BYTES);
  const statement = check(bytes, trust, payload, nameOf(file));
  printStatement(terminal, statement, flags.payload);
  terminal.document({
    holds: true,
    ...statement,
    payload: flags.payload === undefined ? undefined : 'matches',
  });
}

function check(
  bytes: Uint8Array,
  trust: TrustRoot,
  payload: Uint8Array | undefined,
  source: string,
): ProofStatement {
  try {
    return verifyProof(bytes, trust, payload);
  } catch (thrown) {
    const { code, message } = ProvChainError.from(thrown);
    throw new ProvChainError(code, message, { cause: thrown, place: { source } });
  }
}

async function readTrust(file: string): Promise<TrustRoot> {
  const decoded = decodeTrustRoot(await readInput(file, TRUST_LIMIT_BYTES));
  if ('trust' in decoded) return decoded.trust;
  throw new ProvChainError('NOT_A_CHAIN', `it is no chain.json: ${decoded.problem}`, {
    place: { source: file },
  });
}

/** The canonical N-Quads of a document: what a block that holds it stores. */
async function readPayload(file: string, format: string | undefined): Promise<Uint8Array> {
  const { canonicalize, ingest } = await import('../rdf/index.js');
  const bytes = await readInput(file, DOCUMENT_LIMIT_BYTES);
  const nquads = await ingest(bytes, formatOf(file, format), { source: nameOf(file) });
  return canonicalize(nquads).bytes;
}

function printStatement(
  terminal: Terminal,
  { chainId, block, head }: ProofStatement,
  payload?: string,
): void {
  const { bold, green, dim } = terminal.out;
  const place =
    block.index === head.index
      ? 'is the head itself'
      : `is in the history of block ${formatCount(head.index)}`;
  terminal.print(
    `${bold(green('Proven'))}  Block ${formatCount(block.index)} of the chain ${printable(chainId)} ${place}.\n`,
  );
  const data = `${block.payloadHash}, ${formatAmount(block.quadCount, 'quad')}, ${formatAmount(block.payloadBytes, 'byte')}`;
  const rows = [
    ['block', block.hash],
    ['payload', data],
    ...(payload === undefined ? [] : [['', `the same as ${printable(payload)}`]]),
    ...(block.producer === null ? [] : [['signed by', `${block.producer}, ${block.timestamp}`]]),
    ['head', `${head.hash}${head.kind === 'anchor' ? ', named by the anchor' : ''}`],
    ['signed by', `${head.producer}, ${head.timestamp}`],
  ];
  terminal.print(
    formatTable(
      terminal,
      [],
      rows.map(([name, value]) => [dim(name), value]),
    ),
  );
}
