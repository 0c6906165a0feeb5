import type { DashboardView } from '../api/index.js';
import type { NodeRegistry } from '../fleet/index.js';
import type { EndedJob } from '../jobs/index.js';
import { LEVEL_CHECKS } from '../validation/index.js';
import { type Alerts, openAlerts } from './alerts.js';
import type { Closer } from './closer.js';
import { type MonitorParts, type NodeMonitor, openMonitor } from './monitor.js';

interface Parts extends Omit<MonitorParts, 'alertCounts' | 'onRoundRefused'> {
  readonly registry: NodeRegistry;
}

/** What watches the chain, and what tells people of it. */
export interface Watch {
  readonly monitor: NodeMonitor;
  readonly alerts: Alerts;
}

/**
 * Opens monitor and alerts, each of which needs a little of the other, and gives both every job that has ended. Neither
 * keeps the other from its share: a job that one of them could not take is given to both again.
 */
export async function openWatch(parts: Parts, closer: Closer): Promise<Watch> {
  const { base, service } = parts;
  const later: { alerts?: Alerts } = {};
  const monitor = await openMonitor({
    ...parts,
    alertCounts: () => (later.alerts ? countsOf(later.alerts) : null),
    onRoundRefused: (reason) => {
      // With Redis away the alerts cannot be changed either; that is an alert of the node's own.
      tellRefusal(parts, later.alerts, reason).catch((error: unknown) =>
        base.log.debug('a refused round was not noted', { reason: String(error) }),
      );
    },
  });
  closer.add('monitor', () => monitor.close());
  const alerts = await openAlerts({ ...parts, monitorFacts: () => monitor.facts() });
  later.alerts = alerts;
  closer.add('alerts', () => alerts.close());
  service.followEnded(async (ended: EndedJob) => {
    const taken = await Promise.allSettled([alerts.observe(ended), monitor.jobEnded(ended)]);
    for (const one of taken) if (one.status === 'rejected') throw one.reason;
  });
  return { monitor, alerts };
}

async function tellRefusal({ base }: Parts, alerts: Alerts | undefined, reason: string): Promise<void> {
  const { files, nodeId: node, settings } = base;
  const level = settings.integrity.background_monitoring.validation_level;
  const about = { chain: files.trust.chainId, replica: files.replicaId, node };
  await alerts?.service.roundRefused({ ...about, level, checks: LEVEL_CHECKS[level], reason });
}

/** What the one sentence of the dashboard stands beside. */
function countsOf({ service }: Alerts): DashboardView['alerts'] {
  const { open, acknowledged } = service.figures();
  const { critical, warning, info } = open;
  return { open: critical + warning + info, critical, warning, acknowledged };
}
