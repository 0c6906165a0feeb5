import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Diagnosis } from './diagnosis.js';

const require = createRequire(import.meta.url);

export async function checkModules(): Promise<Diagnosis[]> {
  return [
    await attempt(
      'rocksdb-native',
      checkRocks,
      'On Debian: apt-get install libatomic1. Then run npm ci again.',
    ),
    await attempt('worker threads', checkThreads, 'Validating needs threads; see what limits this process.'),
    await attempt('oxigraph', checkOxigraph, 'Run npm ci again. Levels below Comprehensive work without it.'),
  ];
}

async function attempt(name: string, check: () => Promise<string>, action: string): Promise<Diagnosis> {
  try {
    return { name, state: 'ok', value: await check() };
  } catch (error) {
    const value = (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
    return { name, state: 'fail', value, action };
  }
}

/** Loads the native module and writes and reads one value, in a directory of its own. */
async function checkRocks(): Promise<string> {
  const { default: RocksDB } = await import('rocksdb-native');
  const folder = await mkdtemp(join(tmpdir(), 'provchain-doctor-'));
  try {
    const database = new RocksDB(join(folder, 'db'));
    await database.ready();
    try {
      const [key, value] = [Buffer.from('key'), Buffer.from('value')];
      const batch = database.write();
      batch.tryPut(key, value);
      await batch.flush();
      batch.destroy();
      const reads = database.read();
      const read = reads.get(key);
      reads.tryFlush();
      const found = await read;
      reads.destroy();
      if (!found?.equals(value)) throw new Error('a value did not come back');
    } finally {
      await database.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return `${require('rocksdb-native/package').version} writes and reads`;
}

/** Starts a thread that loads the native module too, because that is where validation uses it. */
async function checkThreads(): Promise<string> {
  const url = pathToFileURL(require.resolve('rocksdb-native')).href;
  const source = `import(${JSON.stringify(url)}).then(() => require('node:worker_threads').parentPort.postMessage('up'))`;
  const started = performance.now();
  const worker = new Worker(source, { eval: true });
  try {
    await new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  } finally {
    await worker.terminate();
  }
  return `start in ${Math.round(performance.now() - started)} ms and load rocksdb-native`;
}

async function checkOxigraph(): Promise<string> {
  const { Store } = await import('oxigraph');
  const store = new Store();
  try {
    if (store.query('ASK { }') !== true) throw new Error('a query gave a wrong answer');
  } finally {
    // Its types leave this out; without it the memory is only given back some time later.
    (store as unknown as { free(): void }).free();
  }
  return `${require('oxigraph/package.json').version} answers`;
}
