import { parseArgs } from 'node:util';
import { EXIT } from '../../src/errors.js';
import { redisInstalled, startRedis } from '../../test/support/redis.js';
import { type Run, runRows } from '../run.js';
import type { LoadOptions, Mode } from './load-options.js';
import { SCENARIOS } from './scenarios.js';

const MODES: readonly Mode[] = ['embedded', 'fleet'];

const HELP = `Usage: npm run load -- [options]

Starts nodes as users do, fires at them with autocannon, and measures bare Express routes in the
same run, in turns; prints both rates, their ratio against its bar (PASS or SHORT), latencies and
errors, and appends each row to bench/results.jsonl. Answers are sampled and compared, and every
job that was accepted is followed to its end. The fleet needs redis-server (Debian).

Options:
  --only NAME   only this scenario; may be given several times
  --mode NAME   ${MODES.join(' or ')}; may be given several times (default: both)
  --quick       short turns: shows that all of it runs and verifies
  --json        the results as one JSON document on stdout
  --help

Scenarios:
${SCENARIOS.map(({ name, describe }) => `  ${name.padEnd(12)}  ${describe}`).join('\n')}

Exit codes: 0 everything was measured and every answer verified (a row may still be short);
1 an answer was wrong or a run failed; ${EXIT.usage} wrong usage.
`;

function parseFlags() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true, default: [] },
      mode: { type: 'string', multiple: true, default: [] },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const unknown =
    values.only.find((name) => !SCENARIOS.some((scenario) => scenario.name === name)) ??
    values.mode.find((name) => !MODES.some((mode) => mode === name));
  if (unknown !== undefined) throw new Error(`there is no "${unknown}"`);
  return values;
}

/** One run for each scenario and mode, so that one that fails takes no other with it. */
function runsOf(only: readonly string[], modes: readonly string[], options: LoadOptions): Run[] {
  const wanted = SCENARIOS.filter(({ name }) => only.length === 0 || only.includes(name));
  return MODES.filter((mode) => modes.length === 0 || modes.includes(mode)).flatMap((mode) =>
    mode === 'fleet' && options.redisUrl === undefined
      ? []
      : wanted.map((scenario) => ({
          name: `${scenario.name} ${mode}`,
          run: () => scenario.run(mode, options),
        })),
  );
}

async function main(): Promise<boolean> {
  const { only, mode, quick, json, help } = parseFlags();
  if (help) {
    process.stdout.write(HELP);
    return true;
  }
  const note = (text: string) => process.stderr.write(`${text}\n`);
  const redis = redisInstalled() ? await startRedis({ appendOnly: true }) : undefined;
  try {
    const options = { quick, note, redisUrl: redis?.url };
    return await runRows(runsOf(only, mode, options), { json, quick, note });
  } finally {
    await redis?.stop();
  }
}

try {
  if (!(await main())) process.exitCode = 1;
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n\n${HELP}`);
  process.exitCode = EXIT.usage;
}
