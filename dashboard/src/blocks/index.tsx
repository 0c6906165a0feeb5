export { Block } from './block.js';
export { Blocks } from './blocks.js';
export { Search } from './search.js';
