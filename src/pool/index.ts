export { type DirectoryOptions, validateDirectory } from './validate-directory.js';
export { validateInProcess } from './validator-process.js';
