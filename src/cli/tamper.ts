import RocksDB from 'rocksdb-native';
import { blockKey } from '../chain/index.js';
import { ProvChainError } from '../errors.js';

/** What {@link changeOneQuad} did. */
export interface Tampering {
  readonly block: number;
  /** The line as it was and as it is now, without the line end. */
  readonly before: string;
  readonly after: string;
}

/**
 * Changes one quad of one stored payload the way somebody with access to the disk would: past every rule of this
 * program. For the demonstration and for tests; nothing else of the program writes to a chain like this.
 *
 * The first number in a literal is raised by one, so that the payload stays well-formed N-Quads.
 */
export async function changeOneQuad(directory: string, block: number): Promise<Tampering> {
  const root = new RocksDB(`${directory}/db`, {
    columnFamilies: ['header', 'payload'],
    createIfMissing: false,
  });
  await root.ready();
  const payloads = root.columnFamily('payload');
  try {
    const reads = payloads.read();
    const read = reads.get(blockKey(block));
    reads.tryFlush();
    const payload = (await read)?.toString('utf8') ?? '';
    reads.destroy();
    const tampering = raiseNumber(block, payload);
    const batch = payloads.write();
    batch.tryPut(blockKey(block), Buffer.from(payload.replace(tampering.before, () => tampering.after)));
    await batch.flush();
    batch.destroy();
    await payloads.flush();
    return tampering;
  } finally {
    await payloads.close();
    await root.close();
  }
}

function raiseNumber(block: number, payload: string): Tampering {
  const before = payload.split('\n').find((line) => /"\d+"/.test(line));
  if (before === undefined) {
    throw new ProvChainError('OUT_OF_RANGE', `block ${block} holds no number that could be changed`, {
      place: { block },
    });
  }
  return { block, before, after: before.replace(/"(\d+)"/, (_, digits) => `"${BigInt(digits) + 1n}"`) };
}
