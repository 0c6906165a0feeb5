/**
 * Arguments of worker threads, beside those of their process. Piscina tries `require` before `import`, and Node (seen with
 * 20.20) aborts the whole process when a thread is ended while `require` loads an ES module: 1 in some 100 times that
 * a pool is closed, or a job is cancelled, before all threads have booted. Without that way of `require` it goes on to
 * `import`, which bears it.
 */
export const threadArguments = (): string[] => [...process.execArgv, '--no-experimental-require-module'];
