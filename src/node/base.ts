import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import {
  checkRedisPolicy,
  connectRedis,
  createSealer,
  openLocalDocuments,
  openSharedDocuments,
  type RedisConnections,
  type SharedDocuments,
  sealingSecret,
} from '../fleet/index.js';
import { type ChainFiles, chainFiles } from '../ledger/index.js';
import { type ClosableLog, createLog } from '../logging/index.js';
import type { Settings } from '../settings/index.js';
import { openState, type State } from '../state/index.js';

/** What makes a node one of a fleet. */
interface Fleet {
  readonly redis: RedisConnections;
  /** Of every key of this chain's fleet. */
  readonly prefix: string;
  /** What nodes seal under; see `createSealer`. */
  readonly secret: Uint8Array;
}

/** What every part of a node stands on. */
export interface Base {
  readonly settings: Settings;
  readonly nodeId: string;
  readonly log: ClosableLog;
  readonly state: State;
  readonly files: ChainFiles;
  readonly documents: SharedDocuments;
  /** Absent when the node is alone. */
  readonly fleet?: Fleet;
  readonly now: () => Date;
  close(): Promise<void>;
}

const NODE_ID_KEY = 'node-id';

/**
 * Opens log, state, chain files and, with a Redis, what nodes share.
 *
 * Errors: LOCKED when another node uses the state directory; NOT_A_CHAIN; CONFIG_INVALID; QUEUE_UNAVAILABLE when Redis
 * does not answer at the start, because nobody can tell then whether it would lose jobs.
 */
export async function openBase(settings: Settings, dir: string): Promise<Base> {
  const now = () => new Date();
  const files = await chainFiles(dir);
  const log = openLog(settings);
  const state = await openState(settings.state.directory, { log });
  const nodeId = settings.deployment.environment.instance_id ?? (await ownNodeId(state));
  const fleet = openFleet(settings, files, nodeId, log);
  const close = async () => {
    await fleet?.redis.close();
    await state.close();
    await log.close();
  };
  try {
    if (fleet) await checkRedisPolicy(fleet.redis.control(), log);
    const documents = fleet
      ? await openSharedDocuments({
          state,
          redis: fleet.redis.control(),
          prefix: fleet.prefix,
          sealer: createSealer(fleet.secret, 'document'),
          now,
          log,
        })
      : await openLocalDocuments({ state, now, log });
    const closeAll = async () => {
      await documents.close();
      await close();
    };
    return { settings, nodeId, log, state, files, documents, fleet, now, close: closeAll };
  } catch (error) {
    await close();
    throw error;
  }
}

function openLog({ monitoring: { logging }, security, redis, deployment, integrity }: Settings): ClosableLog {
  const { name, region, datacenter, instance_id } = deployment.environment;
  const { level, format, log_file, max_log_size_mb, max_log_files } = logging;
  const { email, webhook, slack } = integrity.alerting;
  const secrets = [
    ...[security.authentication.jwt_secret_key, redis.shared_secret],
    ...[email.password, webhook.secret, slack.webhook_url, ...Object.values(webhook.headers)],
  ];
  return createLog({
    level,
    format,
    output: 'stderr',
    file:
      log_file === undefined
        ? undefined
        : { path: log_file, maxSizeMb: max_log_size_mb, maxFiles: max_log_files },
    fields: { environment: name, region, datacenter, node: instance_id },
    secrets: secrets.filter((secret) => secret !== undefined),
  });
}

/** A name that stays the same over restarts. */
async function ownNodeId(state: State): Promise<string> {
  const known = await state.get<string>(NODE_ID_KEY);
  if (known !== undefined) return known;
  const made = `${hostname().replace(/[^A-Za-z0-9.-]/g, '-')}-${randomBytes(3).toString('hex')}`;
  await state.put([[NODE_ID_KEY, made]]);
  return made;
}

function openFleet(
  settings: Settings,
  files: ChainFiles,
  nodeId: string,
  log: ClosableLog,
): Fleet | undefined {
  const { url, cache_url, prefix, shared_secret } = settings.redis;
  if (url === undefined) return undefined;
  const urls = cache_url === undefined ? [url] : [url, cache_url];
  const secret = sealingSecret(shared_secret, urls, log);
  const redis = connectRedis({ url, cacheUrl: cache_url, name: nodeId, log });
  return { redis, secret, prefix: `${prefix}:${files.trust.chainId}` };
}
