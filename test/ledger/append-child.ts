/**
 * A writer of its own process, for the tests. Arguments: what to do, chain directory, and what that needs. One line of
 * JSON on stdout for everything that happened.
 */

import { closeSync, openSync } from 'node:fs';
import { ProvChainError } from '../../src/errors.js';
import { chainFiles, openSource, openWriter } from '../../src/ledger/index.js';
import { documentOf, seededNumbers } from './documents.js';

const [task, dir, argument] = process.argv.slice(2) as [string, string, string];
// Written at once, so that a kill right after it cannot take it back.
const tell = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);

async function appendForever(seed: number): Promise<never> {
  const next = seededNumbers(seed);
  const ledger = await openWriter(dir, next(2) ? { flushAtLogBytes: 256 << 10 } : {});
  tell({ opened: ledger.head.index });
  for (;;) {
    const kind = next(10);
    const count = 1 + next(20);
    const documents = Array.from({ length: count }, () =>
      documentOf(next(1 << 30), kind < 2 ? 3000 : 1 + next(40)),
    );
    const tellBlock = ({ index, hash }: { index: number; hash: string }) => tell({ index, hash });
    if (kind < 3) await ledger.appendAll(documents, tellBlock);
    else if (kind < 7)
      await Promise.all(documents.map(async (document) => tellBlock(await ledger.append(document))));
    else for (const document of documents.slice(0, 4)) tellBlock(await ledger.append(document));
    if (kind === 9) await ledger.flush();
    if (kind === 8 && next(4) === 0) await ledger.compact();
  }
}

/** Appends until writing fails, then once more. */
async function appendUntilFailure(documentQuads: number): Promise<void> {
  const ledger = await openWriter(dir);
  for (let i = 0; ; i++) {
    try {
      const { index, hash } = await ledger.append(documentOf(i, documentQuads));
      tell({ index, hash });
    } catch (error) {
      tell({ failed: ProvChainError.from(error).toPlain() });
      break;
    }
  }
  await ledger
    .append(documentOf(0, 1))
    .catch((error) => tell({ failed: ProvChainError.from(error).toPlain() }));
  await ledger.close();
  tell({ closed: true });
}

async function open(): Promise<void> {
  const ledger = await openWriter(dir);
  tell({ opened: ledger.head.index });
  if (argument === 'hold') await new Promise((resolve) => process.stdin.once('data', resolve));
  await ledger.close();
}

/** Opens for reading with no file descriptor left, then with one, and so on up to `argument`. */
async function openWithFewDescriptors(): Promise<void> {
  const taken: number[] = [];
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'));
  } catch {
    // None is left.
  }
  for (let free = 0; free <= Number(argument); free++) {
    await tellOpening();
    closeSync(taken.pop()!);
  }
}

/** Opens for reading as a user who owns nothing, which root is not kept out by file modes for. */
async function openAsNobody(): Promise<void> {
  if (process.getuid?.() === 0) {
    process.setgid!(65534);
    process.setuid!(65534);
  }
  await tellOpening();
}

async function tellOpening(): Promise<void> {
  try {
    await chainFiles(dir);
    const source = await openSource(dir);
    try {
      for await (const entries of source.scan('payload', Buffer.alloc(0), undefined))
        tell({ opened: entries.length });
    } finally {
      await source.close();
    }
  } catch (error) {
    tell({ failed: ProvChainError.from(error).toPlain() });
  }
}

const TASKS: Record<string, () => Promise<void>> = {
  'append-forever': () => appendForever(Number(argument)),
  'append-until-failure': () => appendUntilFailure(Number(argument)),
  open,
  'open-with-few-descriptors': openWithFewDescriptors,
  'open-as-nobody': openAsNobody,
};

try {
  await TASKS[task]!();
  process.exit(0);
} catch (error) {
  tell({ failed: ProvChainError.from(error).toPlain() });
  process.exit(1);
}
