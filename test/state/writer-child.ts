import { silentLog } from '../../src/logging/index.js';
import { openState } from '../../src/state/index.js';

/**
 * Writes to the state in argv[2] for ever, in groups of all sizes, and tells each number once its entry is confirmed:
 * `n/<number>` holds a text made from the number. Whatever it told must be there after it was killed.
 */
const [, , dir = '', first = '0'] = process.argv;
const state = await openState(dir, { log: silentLog });
process.stdout.write('open\n');
let number = Number(first);
for (let round = 0; ; round++) {
  const size = 1 + ((round * 7919) % 40);
  const numbers = Array.from({ length: size }, () => number++);
  await Promise.all(
    numbers.map(async (n) => {
      const text = String(n).repeat(1 + ((n * 31) % (n % 50 === 0 ? 20_000 : 200)));
      await state.put([[`n/${n}`, { n, text }]]);
      process.stdout.write(`${n}\n`);
    }),
  );
}
