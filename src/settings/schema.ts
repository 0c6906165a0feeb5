import { join } from 'node:path';
import { z } from 'zod';
import { alerting } from './alerting-settings.js';
import { blockchain } from './blockchain-settings.js';
import { levels, performance, resourceLimits } from './integrity-settings.js';
import { backgroundMonitoring } from './monitoring-settings.js';
import { network } from './network-settings.js';
import { deployment, monitoring } from './operation-settings.js';
import { security } from './security-settings.js';
import { cache, jobs, redis, state } from './service-settings.js';
import { section } from './setting.js';

/** All settings under the names they have in the TOML file. */
export const settingsTable = z.strictObject({
  integrity: section('Validation.', {
    performance,
    background_monitoring: backgroundMonitoring,
    resource_limits: resourceLimits,
    levels,
    alerting,
  }),
  blockchain,
  network,
  security,
  redis,
  state,
  jobs,
  cache,
  monitoring,
  deployment,
});

/** Settings as they may be given: every key and every table may be left out. */
export type SettingsInput = z.input<typeof settingsTable>;
type StatedSettings = z.output<typeof settingsTable>;

/** Fills in the defaults that follow from other settings. */
function completeSettings(stated: StatedSettings) {
  const { security, state, jobs, redis, integrity, cache, network } = stated;
  const { authentication, audit, rate_limit } = security;
  const secret = authentication.jwt_secret_key !== undefined;
  const keyFile = authentication.jwt_private_key_file !== undefined;
  const enabled = authentication.enabled ?? (secret || keyFile);
  const { max_cache_size, ...performance } = integrity.performance;
  return {
    ...stated,
    integrity: {
      ...integrity,
      performance,
      alerting: completeAlerting(integrity.alerting, network.api.public_url),
    },
    security: {
      ...security,
      authentication: {
        ...authentication,
        enabled,
        users_file: authentication.users_file ?? join(state.directory, 'users.json'),
        jwt_algorithm: authentication.jwt_algorithm ?? (keyFile && !secret ? 'EdDSA' : 'HS256'),
      } as const,
      audit: { ...audit, audit_log_file: audit.audit_log_file ?? join(state.directory, 'audit.log') },
      rate_limit: { ...rate_limit, enabled: rate_limit.enabled ?? enabled },
    },
    redis: { ...redis, cache_url: redis.cache_url ?? redis.url },
    jobs: { ...jobs, max_queue_depth_per_client: jobs.max_queue_depth_per_client ?? jobs.max_queue_depth },
    cache: { ...cache, max_cache_entries: max_cache_size ?? cache.max_cache_entries },
  };
}

function completeAlerting(stated: StatedSettings['integrity']['alerting'], publicUrl: string | undefined) {
  const { email, link_base } = stated;
  const address = email.username?.includes('@') ? email.username : undefined;
  return { ...stated, link_base: link_base ?? publicUrl, email: { ...email, from: email.from ?? address } };
}

/** Parses the tree of a TOML file; rules between settings are in rules.ts. */
export const settingsSchema = settingsTable.transform(completeSettings);

/**
 * The settings in force, every default filled in. Undefined are only: the chain directory (then a demo chain), URLs
 * and files of parts that are not used, names that the node makes up itself, and what a custom level leaves to
 * `integrity.performance`.
 */
export type Settings = z.output<typeof settingsSchema>;
