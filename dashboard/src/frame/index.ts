export { Frame } from './frame.js';
export { Help } from './help.js';
export { listenToKeys } from './keys.js';
export { applyTheme, storedTheme } from './theme.js';
