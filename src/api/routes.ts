import { adminRoutes } from './admin-routes.js';
import { alertRoutes } from './alert-routes.js';
import { authRoutes } from './auth-routes.js';
import { blockRoutes } from './block-routes.js';
import { chainRoutes } from './chain-routes.js';
import { configRoutes } from './config-routes.js';
import { dashboardRoutes } from './dashboard-routes.js';
import { documentRoutes } from './document-routes.js';
import { figureRoutes } from './figure-routes.js';
import { healthRoutes } from './health-routes.js';
import { inspectionRoutes } from './inspection-routes.js';
import { jobRoutes } from './job-routes.js';
import { monitorRoutes } from './monitor-routes.js';
import { queueRoutes } from './queue-routes.js';
import type { Route } from './route.js';
import { statusRoutes } from './status-routes.js';
import { validateRoutes } from './validate-routes.js';

const DEFAULT_HEALTH_PATH = '/health';

/** Every route of the node, in the order of the documentation. */
export function apiRoutes(healthPath: string | false = DEFAULT_HEALTH_PATH): readonly Route[] {
  const routes = [
    ...(healthPath === false ? [] : healthRoutes(healthPath)),
    ...statusRoutes,
    ...validateRoutes,
    ...figureRoutes,
    ...monitorRoutes,
    ...configRoutes,
    ...jobRoutes,
    ...alertRoutes,
    ...chainRoutes,
    ...blockRoutes,
    ...inspectionRoutes,
    ...adminRoutes,
    ...authRoutes,
    ...dashboardRoutes,
    ...queueRoutes,
  ];
  return [...routes, ...documentRoutes(routes)];
}
