import { hash } from 'node:crypto';
import {
  blockHash,
  decodeAnchor,
  decodeHeader,
  decodeHeadRecord,
  HEAD_KEY,
  HistoryTree,
  indexOfKey,
  placeOfTreeKey,
  splitStoredHeader,
  verifyAnchor,
  ZERO_HASH,
} from '../../src/chain/index.js';
import { chainFiles, type LedgerSource, openSource } from '../../src/ledger/index.js';

export interface CheckedChain {
  /** Hex block hashes from block 0 on. */
  readonly hashes: readonly string[];
  readonly payloads: readonly Buffer[];
  readonly logDamaged: boolean;
}

const START = Buffer.alloc(0);

/**
 * Reads a whole chain and throws at the first thing in it that does not fit together: written apart from
 * `src/validation`, so that each has something to be compared with.
 */
export async function checkChain(dir: string): Promise<CheckedChain> {
  const { anchor } = await chainFiles(dir);
  const source = await openSource(dir);
  try {
    const payloads = await readPayloads(source);
    const { hashes, tree } = await checkHeaders(source, payloads);
    await checkRecords(source, hashes, tree);
    const decoded = decodeAnchor(anchor ?? START);
    if ('problem' in decoded) throw new Error(`anchor: ${decoded.problem}`);
    if (!verifyAnchor(decoded.anchor)) throw new Error('anchor: bad signature');
    const { index, hash: anchored } = decoded.anchor;
    if (hashes[index] !== anchored)
      throw new Error(`anchor: block ${index} is ${hashes[index]}, not ${anchored}`);
    return { hashes, payloads, logDamaged: source.logDamaged };
  } finally {
    await source.close();
  }
}

async function readPayloads(source: LedgerSource): Promise<Buffer[]> {
  const payloads: Buffer[] = [];
  for await (const entries of source.scan('payload', START, undefined)) {
    for (const { key, value } of entries) {
      if (indexOfKey(key) !== payloads.length)
        throw new Error(`payload ${indexOfKey(key)} after ${payloads.length}`);
      payloads.push(Buffer.from(value));
    }
  }
  return payloads;
}

async function checkHeaders(source: LedgerSource, payloads: readonly Buffer[]) {
  const hashes: string[] = [];
  const subtrees = new Map<string, string>();
  const tree = new HistoryTree();
  let previousTime = '';
  for await (const entries of source.scan('header', START, undefined)) {
    for (const { key, value } of entries) {
      const index = hashes.length;
      const fail = (problem: string): never => {
        throw new Error(`block ${index}: ${problem}`);
      };
      if (indexOfKey(key) !== index) fail(`its key is ${Buffer.from(key).toString('hex')}`);
      const parts = splitStoredHeader(value) ?? fail('short header');
      const decoded = decodeHeader(parts.header);
      if ('problem' in decoded) throw new Error(`block ${index}: ${decoded.problem}`);
      const { header } = decoded;
      const raw = blockHash(parts.header);
      const payload = payloads[index] ?? fail('no payload');
      if (!raw.equals(parts.hash)) fail('hash');
      if (header.index !== index || header.previousHash !== (hashes.at(-1) ?? ZERO_HASH))
        fail('index or link');
      if (header.timestamp < previousTime) fail('timestamp');
      if (header.historyRoot !== tree.rootHex()) fail('history root');
      if (header.payloadHash !== hash('sha256', payload) || header.payloadBytes !== payload.length)
        fail('payload');
      for (const { level, position, hash } of tree.append(raw)) {
        subtrees.set(`${level}/${position}`, Buffer.from(hash).toString('hex'));
      }
      hashes.push(raw.toString('hex'));
      previousTime = header.timestamp;
    }
  }
  if (payloads.length !== hashes.length)
    throw new Error(`${payloads.length} payloads, ${hashes.length} headers`);
  return { hashes, tree: subtrees };
}

async function checkRecords(
  source: LedgerSource,
  hashes: readonly string[],
  tree: ReadonlyMap<string, string>,
) {
  const head = decodeHeadRecord((await source.get('default', HEAD_KEY)) ?? START);
  if ('problem' in head) throw new Error(`head record: ${head.problem}`);
  if (head.head.index !== hashes.length - 1 || head.head.hash !== hashes.at(-1))
    throw new Error('head record');
  let records = 0;
  for await (const entries of source.scan('default', Buffer.from('t'), Buffer.from('u'))) {
    for (const { key, value } of entries) {
      const place = placeOfTreeKey(key);
      const expected = place && tree.get(`${place.level}/${place.position}`);
      if (expected !== Buffer.from(value).toString('hex'))
        throw new Error(`tree record ${Buffer.from(key).toString('hex')}`);
      records++;
    }
  }
  if (records !== tree.size) throw new Error(`${records} tree records instead of ${tree.size}`);
}
