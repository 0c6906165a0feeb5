/** A key of the predecessor's file that changes nothing here. */
export interface WithoutEffect {
  /** Never: it has no meaning here. Later: what it is about does not exist in this version yet. */
  readonly when: 'never' | 'later';
  readonly why: string;
  /** The value that says what happens anyway: nothing is lost with it, so nothing is said about it. */
  readonly agrees?: boolean;
  /** A value that asks for protection which is not given: refused, because a warning would be overlooked. */
  readonly refused?: boolean;
}

const never = (why: string, more: Partial<WithoutEffect> = {}): WithoutEffect => ({
  when: 'never',
  why,
  ...more,
});
const later = (why: string, more: Partial<WithoutEffect> = {}): WithoutEffect => ({
  when: 'later',
  why,
  ...more,
});

const NOTICES = 'messages before a maintenance window';
const BACKUP = 'backups';
const COMPRESSION = 'the RocksDB binding leaves no choice of it';
const PEERS = 'nodes meet in Redis; there is no network of peers';
const SCALING = 'nodes are started and stopped by what runs them';
const OFF = { agrees: false };
const ON = { agrees: true };

/**
 * Every key of the predecessor's production.toml and guide that is accepted without having an effect. Warnings and
 * docs/settings.md are made from this table; a key that is neither here nor in the schema is an error.
 */
export const WITHOUT_EFFECT: Readonly<Record<string, WithoutEffect>> = {
  'integrity.background_monitoring.enable_auto_repair': never(
    'data is never rewritten to make a check pass',
    OFF,
  ),
  'blockchain.storage.enable_compression': never(COMPRESSION),
  'blockchain.storage.compression_level': never(COMPRESSION),
  'blockchain.storage.enable_encryption': never(
    'data at rest is not encrypted by this program; encrypt the volume, and leave this false',
    { agrees: false, refused: true },
  ),
  'blockchain.storage.backup_directory': later(BACKUP),
  'blockchain.storage.max_backup_count': later(BACKUP),
  'blockchain.performance.cache_size_mb': never(
    'a validation reads each block once, and from the files; cached results are bounded by cache.max_cache_size_mb',
  ),
  'blockchain.performance.enable_write_ahead_log': never('there is always a log', ON),
  'blockchain.performance.checkpoint_interval_seconds': never(
    'the log is flushed when it is long, not after a time, so that readers always open fast',
  ),
  'blockchain.validation.enable_strict_validation': never('every rule always applies', ON),
  'blockchain.validation.enable_hash_verification': never('hashes are always verified', ON),
  'network.p2p.enabled': never(PEERS, OFF),
  'network.p2p.listen_port': never(PEERS),
  'network.p2p.max_peers': never(PEERS),
  'network.p2p.connection_timeout_seconds': never(PEERS),
  'security.authorization.enable_rbac': never('with authentication, roles always apply', ON),
  'monitoring.metrics.export_interval_seconds': never(
    'Prometheus asks when it wants to, and gets the figures of that moment',
  ),
  'deployment.scaling.enable_auto_scaling': never(SCALING, OFF),
  'deployment.scaling.min_instances': never(SCALING),
  'deployment.scaling.max_instances': never(SCALING),
  'deployment.scaling.cpu_threshold_percent': never(SCALING),
  'deployment.scaling.memory_threshold_percent': never(SCALING),
  'deployment.maintenance.notify_before_maintenance_hours': later(NOTICES),
  'backup.schedule.enabled': later(BACKUP, OFF),
  'backup.schedule.interval_hours': later(BACKUP),
  'backup.schedule.retention_days': later(BACKUP),
  'backup.schedule.compress_backups': later(BACKUP),
  'backup.storage.local_directory': later(BACKUP),
  'backup.storage.enable_remote_backup': later(BACKUP, OFF),
  'backup.storage.remote_type': later(BACKUP),
  'backup.storage.remote_bucket': later(BACKUP),
  'backup.storage.remote_region': later(BACKUP),
  'backup.verification.verify_after_backup': later(BACKUP, OFF),
  'backup.verification.test_restore_monthly': later(BACKUP, OFF),
  'backup.verification.alert_on_backup_failure': later(BACKUP, OFF),
};

/** The reason as a sentence part, the same in warnings and in the reference. */
export function reasonOf({ when, why }: WithoutEffect): string {
  return when === 'never' ? `no effect here: ${why}` : `not available in this version yet: ${why}`;
}
