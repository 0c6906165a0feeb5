import { parseArgs } from 'node:util';
import { EXIT } from '../src/errors.js';
import { benchCanonicalize } from './canonicalize.js';
import type { BenchGroup } from './group.js';
import { GUIDE } from './guide/guide.js';
import { LEVEL_GROUPS } from './levels.js';
import { writeReadme } from './readme.js';
import { runRows } from './run.js';
import { SCALE } from './scale.js';
import { SCALING } from './scaling.js';

const CANONICALIZE: BenchGroup = {
  name: 'canonicalize',
  describe: 'one thread, against rdf-canonize on the same N-Quads',
  run: benchCanonicalize,
};
const GROUPS: readonly BenchGroup[] = [CANONICALIZE, ...LEVEL_GROUPS, SCALING, SCALE, GUIDE];

const HELP = `Usage: npm run bench -- [options]

Measures the engine against peers in the same run, prints both times and their ratio
against its bar (PASS or SHORT), and appends each row to bench/results.jsonl.

Both sides are processes of their own, timed from before they are spawned until they have
exited, in turns, the first of each not counted; medians. "Inside the process" leaves out
the start and the end of Node. Chains are generated once and kept in bench/.data.

Options:
  --only NAME   only this group; may be given several times
  --quick       fewer blocks and pairs: shows that all of it runs and verifies; the bars
                are for the full size
  --json        the results as one JSON document on stdout
  --readme      measure nothing; put the newest results at full size into README.md
  --help

Groups:
${GROUPS.map(({ name, describe, slow }) => `  ${name.padEnd(13)} ${describe}${slow ? ' (not in --quick)' : ''}`).join('\n')}

Exit codes: 0 everything was measured and every answer verified (a row may still be short);
1 an answer was wrong or a run failed; ${EXIT.usage} wrong usage.
`;

interface Flags {
  readonly quick: boolean;
  readonly json: boolean;
  readonly readme: boolean;
  readonly help: boolean;
  readonly groups: readonly BenchGroup[];
}

function parseFlags(): Flags | string {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string', multiple: true, default: [] },
        quick: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        readme: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const { only, quick, json, readme, help } = values;
    const unknown = only.find((name) => !GROUPS.some((group) => group.name === name));
    if (unknown !== undefined) {
      return `unknown group "${unknown}"; the groups are ${GROUPS.map(({ name }) => name).join(', ')}`;
    }
    const wanted = ({ name, slow }: BenchGroup) => (only.length > 0 ? only.includes(name) : !(quick && slow));
    return { quick, json, readme, help, groups: GROUPS.filter(wanted) };
  } catch (error) {
    return (error as Error).message;
  }
}

function runGroups({ groups, quick, json }: Flags): Promise<boolean> {
  const note = (text: string) => process.stderr.write(`${text}\n`);
  const runs = groups.map((group) => ({ name: group.name, run: () => group.run({ quick, note }) }));
  return runRows(runs, { json, quick, note });
}

const flags = parseFlags();
if (typeof flags === 'string') {
  process.stderr.write(`${flags}\n\n${HELP}`);
  process.exitCode = EXIT.usage;
} else if (flags.help) process.stdout.write(HELP);
else if (flags.readme) writeReadme();
else if (!(await runGroups(flags))) process.exitCode = 1;
