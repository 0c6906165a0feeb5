#!/usr/bin/env node
import { reportFailure } from './failure.js';
import { createProgram } from './program.js';
import { tolerateClosedPipes } from './terminal.js';

tolerateClosedPipes();
const argv = process.argv.slice(2);
try {
  await createProgram().parseAsync(argv, { from: 'user' });
} catch (thrown) {
  process.exitCode = reportFailure(thrown, argv);
}
