export { type NodeOptions, type NodeRole, type RunningNode, startNode } from './start-node.js';
