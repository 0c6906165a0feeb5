import { openAudit } from '../../src/audit/index.js';
import { ProvChainError } from '../../src/errors.js';
import { silentLog } from '../../src/logging/index.js';

/**
 * Writes lines until it is killed or cannot, and prints the number of each one that was acknowledged, and in the end
 * the code of the error.
 */
const [file = '', from = '0'] = process.argv.slice(2);
const fill = 'x'.repeat(300);
try {
  const log = await openAudit({ file, maxBytes: 20_000, log: silentLog, now: () => new Date() });
  for (let i = Number(from); ; i += 4) {
    await Promise.all(
      [0, 1, 2, 3].map(async (j) => {
        await log.record({ action: 'test.line', outcome: 'ok', requestId: `${i + j}`, details: { fill } });
        process.stdout.write(`${i + j}\n`);
      }),
    );
  }
} catch (thrown) {
  process.stdout.write(`${ProvChainError.from(thrown).code}\n`);
}
