/**
 * Every metric of the program, declared once; docs/metrics.md is made from this table, and a test holds the alert rules
 * and the dashboard against it.
 *
 * "counted" metrics grow with events of this process, so a zero in them is a count. "sampled" ones are asked for when
 * Prometheus scrapes, and a value that nobody could tell is left out: no zero that was not measured.
 */
interface Declaration<Label extends string = string> {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly from: 'counted' | 'sampled';
  readonly help: string;
  readonly labels: readonly Label[];
  readonly buckets?: readonly number[];
  /** Only with `monitoring.metrics.include_detailed_metrics`. */
  readonly detailed?: true;
}

const counted = <const Label extends string = never>(help: string, labels: readonly Label[] = []) =>
  ({ type: 'counter', from: 'counted', help, labels }) as const satisfies Declaration<Label>;

const countedGauge = <const Label extends string = never>(help: string, labels: readonly Label[] = []) =>
  ({ type: 'gauge', from: 'counted', help, labels }) as const satisfies Declaration<Label>;

const histogram = <const Label extends string = never>(
  help: string,
  buckets: readonly number[],
  labels: readonly Label[] = [],
) => ({ type: 'histogram', from: 'counted', help, labels, buckets }) as const satisfies Declaration<Label>;

const sampled = <const Label extends string = never>(help: string, labels: readonly Label[] = []) =>
  ({ type: 'gauge', from: 'sampled', help, labels }) as const satisfies Declaration<Label>;

const sampledCounter = <const Label extends string = never>(help: string, labels: readonly Label[] = []) =>
  ({ type: 'counter', from: 'sampled', help, labels }) as const satisfies Declaration<Label>;

/** From a bare answer to the longest wait that a request may ask for. */
const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** From Minimal of a small chain to an audit of half an hour. */
const VALIDATION_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600, 1800,
];

export const METRICS = {
  provchain_http_requests_total: counted(
    'HTTP requests answered; the route is the declared path, or "unmatched".',
    ['method', 'route', 'status'],
  ),
  provchain_http_request_duration_seconds: {
    ...histogram('Time from a request to the end of its answer.', REQUEST_SECONDS, ['method', 'route']),
    detailed: true,
  },
  provchain_http_event_streams: countedGauge('Event streams of jobs that are open.'),

  provchain_jobs_accepted_total: counted('Jobs accepted by this node.', ['level', 'trigger']),
  provchain_jobs_joined_total: counted('Requests that were given a job already under way.', ['level']),
  provchain_jobs_refused_total: counted('Requests for a job that were refused, by error code.', ['code']),
  provchain_jobs_retried_total: counted('Jobs started again after their worker was lost.', ['level']),
  provchain_jobs_finished_total: counted('Jobs that reached a terminal state on this node.', [
    'level',
    'state',
  ]),
  provchain_job_wait_seconds: histogram('Time from acceptance of a job to its start.', VALIDATION_SECONDS, [
    'level',
  ]),
  provchain_queue_waiting: sampled('Jobs that wait.', ['queue']),
  provchain_queue_active: sampled('Jobs that run.', ['queue']),
  provchain_queue_oldest_waiting_seconds: sampled(
    'How long the oldest waiting job of this node has waited; absent when none waits.',
    ['queue'],
  ),

  provchain_validations_total: counted('Reports made, by what they say.', ['level', 'status']),
  provchain_validation_duration_seconds: histogram('Time that a validation took.', VALIDATION_SECONDS, [
    'level',
    'status',
  ]),
  provchain_validated_blocks_total: counted('Blocks whose header was checked.', ['level']),
  provchain_validated_bytes_total: counted('Bytes of payloads that were checked.', ['level']),
  provchain_findings_total: counted('Findings in reports, by code (docs/findings.md).', ['code']),
  provchain_validation_stage_seconds: {
    ...histogram(
      'Time spent in one group of checks or one stage, summed over all threads.',
      VALIDATION_SECONDS,
      ['level', 'stage'],
    ),
    detailed: true,
  },
  provchain_last_validation_timestamp_seconds: countedGauge(
    'When the last complete validation of the whole chain ended.',
    ['level'],
  ),
  provchain_last_validation_evidence_timestamp_seconds: countedGauge(
    'When the oldest evidence in the report of that validation was read.',
    ['level'],
  ),
  provchain_last_validation_status: countedGauge(
    '1 for the status of the last validation of the whole chain, complete or not, 0 for the others.',
    ['level', 'status'],
  ),

  provchain_validator_threads: sampled('Threads of the validator process.'),
  provchain_validator_threads_busy: sampled('Threads that work on a shard.'),
  provchain_validator_restarts_total: sampledCounter('Times that the validator process was started anew.'),
  provchain_validator_resident_memory_bytes: sampled('Resident memory of the validator process.'),
  provchain_validator_cpu_percent: sampled('Processor time of the validator process; 100 is one core.'),
  provchain_memory_limit_bytes: sampled('integrity.resource_limits.max_memory_mb in force.'),
  provchain_cpu_limit_percent: sampled('integrity.resource_limits.max_cpu_percent in force.'),

  provchain_cache_hits_total: sampledCounter('Requests answered from the result cache.', ['level']),
  provchain_cache_misses_total: sampledCounter('Requests that the result cache had no answer for.', [
    'level',
  ]),
  provchain_cache_entries: sampled('Results in the cache.'),
  provchain_cache_bytes: sampled('Bytes of results in the cache.'),

  provchain_chain_height: sampled('Blocks of the chain that this node sees.'),
  provchain_chain_head_timestamp_seconds: sampled('Time in the header of the last block.'),
  provchain_chain_writer: sampled('1 when this node appends to the chain.'),
  provchain_chain_frozen: sampled('1 while appends are stopped by an operator or a maintenance window.'),
  provchain_appends_total: counted('Appends by outcome: "stored", or the code of the error.', ['outcome']),
  provchain_append_duration_seconds: histogram('Time until a block was durable.', REQUEST_SECONDS),

  provchain_redis_up: sampled('1 when this Redis answers; absent on a node without Redis.', ['use']),
  provchain_fleet_nodes: sampled('Nodes of the fleet that this node knows to be alive.'),

  provchain_monitor_rounds_total: counted(
    'Rounds of the monitor that this node has begun, by the status of their report, or "failed" or "refused".',
    ['level', 'status'],
  ),
  provchain_monitor_last_round_timestamp_seconds: sampled('When the last round of the replica ended.'),
  provchain_monitor_interval_seconds: sampled(
    'integrity.background_monitoring.interval_seconds; absent while the monitor is off.',
  ),
  provchain_monitor_silent: sampled(
    '1 when no round has said anything for two intervals and the time limit of a validation.',
  ),
  provchain_scrub_oldest_unverified_seconds: sampled(
    'How long ago the block was verified that was verified the longest time ago.',
    ['check'],
  ),
  provchain_scrub_promise_seconds: sampled(
    'integrity.background_monitoring.scrub.full_cycle_hours; absent while there is no scrub.',
  ),
  provchain_scrub_slices_total: counted(
    'Slices of the scrub that this node has begun, by the status of their report, or "failed" or "refused".',
    ['status'],
  ),
  provchain_scrub_blocks_total: counted('Blocks of slices that were verified completely.'),
  provchain_scrub_overdue: sampled('1 when a block has not been verified for longer than was promised.'),
  provchain_alerts_open: sampled('Alerts that are open or acknowledged.', ['severity']),
  provchain_alerts_opened_total: counted(
    'Alerts that were opened by this node, again or for the first time.',
    ['rule', 'severity'],
  ),
  provchain_alert_deliveries_total: counted(
    'Attempts of this node to deliver a message: "sent", "retried" (it is tried again) or "given_up".',
    ['channel', 'outcome'],
  ),
  provchain_alert_deliveries_pending: sampled('Messages that a channel is owed.', ['channel']),
  provchain_alert_channel_up: sampled(
    '1 when the last attempt to deliver over this channel got through; absent before the first.',
    ['channel'],
  ),

  provchain_logins_total: counted('Successful logins.'),
  provchain_auth_failures_total: counted('Failed logins and refused requests, by error code.', ['code']),
  provchain_audit_records_total: counted('Records written to the audit log.'),
  provchain_audit_failures_total: counted('Records that could not be written to the audit log.'),

  provchain_build_info: sampled('1, with the version of the program and of Node.', [
    'version',
    'node_version',
  ]),
  provchain_node_info: sampled('1, with who this node is.', [
    'node_id',
    'chain_id',
    'replica',
    'mode',
    'roles',
  ]),
  provchain_scrape_failures_total: counted(
    'Parts of the node that could not tell their figures at a scrape.',
    ['source'],
  ),
} as const satisfies Record<string, Declaration>;

export type MetricName = keyof typeof METRICS;
export type LabelsOf<Name extends MetricName> = Readonly<
  Record<(typeof METRICS)[Name]['labels'][number], string>
>;
export type NamesOf<
  Type extends Declaration['type'],
  From extends Declaration['from'] = Declaration['from'],
> = {
  [Name in MetricName]: (typeof METRICS)[Name] extends { type: Type; from: From } ? Name : never;
}[MetricName];
