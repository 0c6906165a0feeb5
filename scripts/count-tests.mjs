// Prints the closing line of a test run: "N passed, N failed", with skipped tests named where there are any.
// Usage: node scripts/count-tests.mjs RESULTS.json (as Vitest's json reporter writes it)
import { readFileSync } from 'node:fs';

const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, success } = JSON.parse(
  readFileSync(process.argv[2], 'utf8'),
);
// A file that does not load has no test that failed, and yet the run has.
const failed = success ? numFailedTests : Math.max(1, numFailedTests);
const skipped = numPendingTests + numTodoTests;
console.log(`${numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
