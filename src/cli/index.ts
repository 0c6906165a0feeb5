export { HINTS } from './failure.js';
export { EXIT_MEANINGS } from './help.js';
export { createProgram } from './program.js';
