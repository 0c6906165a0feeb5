import { availableParallelism, release, totalmem, type } from 'node:os';
import type { Diagnosis } from './diagnosis.js';
import { formatAmount, formatCount, formatMegabytes } from './format.js';

const LEAST_NODE = [20, 19] as const;
const LEAST_MEMORY_BYTES = 1e9;
const LEAST_OPEN_FILES = 1024;

export function checkMachine(): Diagnosis[] {
  return [checkNode(), checkCores(), checkMemory(), checkOpenFiles()];
}

function checkNode(): Diagnosis {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const enough = major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1]);
  const value = `${process.versions.node} on ${type()} ${release()}, ${process.arch}`;
  if (enough) return { name: 'Node.js', state: 'ok', value };
  return {
    name: 'Node.js',
    state: 'fail',
    value,
    action: `Install Node.js ${LEAST_NODE.join('.')} or later.`,
  };
}

function checkCores(): Diagnosis {
  const cores = availableParallelism();
  const value = formatAmount(cores, 'core');
  if (cores > 1) return { name: 'cores', state: 'ok', value };
  return { name: 'cores', state: 'warn', value, action: 'Validating works; with more cores it is faster.' };
}

/** A container's limit counts where there is one; without one the kernel reports an absurdly large number. */
function checkMemory(): Diagnosis {
  const limit = process.constrainedMemory() || totalmem();
  const bytes = Math.min(limit, totalmem());
  const value = formatMegabytes(bytes);
  if (bytes >= LEAST_MEMORY_BYTES) return { name: 'memory', state: 'ok', value };
  return {
    name: 'memory',
    state: 'warn',
    value,
    action: 'Validate with --workers 1; a worker takes up to 250 MB.',
  };
}

interface ProcessReport {
  readonly userLimits?: { readonly open_files?: { readonly soft: number | 'unlimited' } };
}

/** Node raises the soft limit to the hard one when it starts; this is what is left to it then. */
function checkOpenFiles(): Diagnosis {
  const report = process.report.getReport() as ProcessReport;
  const limit = report.userLimits?.open_files?.soft;
  const name = 'open files';
  if (limit === undefined) return { name, state: 'ok', value: 'no limit known on this system' };
  if (limit === 'unlimited') return { name, state: 'ok', value: 'unlimited' };
  const value = `${formatCount(Number(limit))} at once`;
  if (Number(limit) >= LEAST_OPEN_FILES) return { name, state: 'ok', value };
  const action = `Raise it (ulimit -n ${LEAST_OPEN_FILES}): every worker keeps each file of the database open.`;
  return { name, state: 'warn', value, action };
}
