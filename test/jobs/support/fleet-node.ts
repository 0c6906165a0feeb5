import { connected, type FleetBackend, fleetBackend } from './fleet.js';
import { type NodeOptions, startNode, type TestNode } from './node.js';

export interface FleetTestNode extends TestNode {
  readonly backend: FleetBackend;
}

/** A node of a fleet, once it is connected. */
export async function startFleetNode(
  url: string,
  node: string,
  options: NodeOptions = {},
): Promise<FleetTestNode> {
  const { replica = 'r1', nodes } = options;
  const backend = fleetBackend({ url, node, replica, ...(nodes && { nodes }) });
  await connected(backend);
  return { ...(await startNode(backend, { ...options, node, replica })), backend };
}
