/**
 * A reader of its own process: opens a chain, reads it whole, closes, again and again, and tells at the end. Arguments:
 * chain directory, seconds. Whatever is not as it must be ends it with a message.
 */

import { hash } from 'node:crypto';
import {
  blockHash,
  blockKey,
  decodeHeader,
  decodeHeadRecord,
  HEAD_KEY,
  indexOfKey,
} from '../../src/chain/index.js';
import { openSource } from '../../src/ledger/index.js';

const [dir, seconds] = process.argv.slice(2) as [string, string];
const end = performance.now() + Number(seconds) * 1000;
const totals = {
  opens: 0,
  attempts: 0,
  vanished: 0,
  changed: 0,
  damaged: 0,
  logDamaged: 0,
  blocks: 0,
  gets: 0,
};
let height = 0;

function insist(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`open ${totals.opens}: ${message}`);
}

async function readOnce(): Promise<void> {
  const source = await openSource(dir, { direct: totals.opens % 3 === 0 });
  try {
    for (const key of ['attempts', 'vanished', 'changed', 'damaged'] as const)
      totals[key] += source.counts[key];
    if (source.logDamaged) totals.logDamaged++;
    const record = decodeHeadRecord((await source.get('default', HEAD_KEY)) ?? Buffer.alloc(0));
    insist('head' in record, 'no head record');
    const { index, hash: headHash } = record.head;
    insist(index + 1 >= height, `the chain went back from ${height} to ${index + 1} blocks`);
    // The last ones every time, all of them every twentieth time.
    const from = totals.opens % 20 === 0 ? 0 : Math.max(0, index - 2000);
    let next = from;
    let previous: string | undefined;
    for await (const entries of source.scan('header', blockKey(from), undefined)) {
      for (const { key, value } of entries) {
        insist(indexOfKey(key) === next, `block ${indexOfKey(key)} where ${next} belongs: a hole`);
        const raw = blockHash(value.subarray(32));
        insist(raw.equals(value.subarray(0, 32)), `block ${next} has another hash`);
        const decoded = decodeHeader(value.subarray(32));
        insist('header' in decoded, `block ${next} has no header`);
        insist(
          previous === undefined || decoded.header.previousHash === previous,
          `block ${next} is not linked`,
        );
        previous = raw.toString('hex');
        next++;
      }
    }
    insist(
      next === index + 1 && previous === headHash,
      `headers end at ${next - 1}, the head record at ${index}`,
    );
    await readPayloads(source, from, index);
    height = index + 1;
    totals.blocks += next - from;
    totals.opens++;
  } finally {
    await source.close();
  }
}

async function readPayloads(
  source: Awaited<ReturnType<typeof openSource>>,
  from: number,
  head: number,
): Promise<void> {
  let next = from;
  for await (const entries of source.scan('payload', blockKey(from), undefined)) {
    for (const { key } of entries) {
      insist(indexOfKey(key) === next, `payload ${indexOfKey(key)} where ${next} belongs: a hole`);
      next++;
    }
  }
  insist(next === head + 1, `payloads end at ${next - 1}, the head record at ${head}`);
  for (let i = 0; i < 20; i++) {
    const index = from + Math.floor(((head - from) * i) / 20);
    const stored = await source.get('header', blockKey(index));
    const payload = await source.get('payload', blockKey(index));
    insist(stored !== null && payload !== null, `block ${index} is missing`);
    const decoded = decodeHeader(stored.subarray(32));
    insist(
      'header' in decoded && decoded.header.payloadHash === hash('sha256', payload),
      `payload ${index} differs`,
    );
    totals.gets += 2;
  }
}

try {
  while (performance.now() < end) await readOnce();
  process.stdout.write(JSON.stringify({ ...totals, height }));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exit(1);
}
