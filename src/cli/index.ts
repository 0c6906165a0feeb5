export { EXIT_MEANINGS } from './help.js';
export { createProgram } from './program.js';
