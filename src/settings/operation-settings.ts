import {
  amount,
  filePath,
  flag,
  hostName,
  label,
  oneOf,
  section,
  setting,
  urlPath,
  whole,
} from './setting.js';

export const monitoring = section('What the node tells about itself.', {
  metrics: section('Metrics for Prometheus, on a port of their own.', {
    enabled: setting(flag().default(true), { meaning: 'serve /metrics' }),
    host: setting(hostName().default('127.0.0.1'), {
      meaning: 'address it listens on; without authentication of the API it must be a loopback address',
    }),
    export_port: setting(whole(0, 65_535).default(9090), {
      meaning: 'port it listens on; 0 takes a free one',
    }),
    include_detailed_metrics: setting(flag().default(true), {
      meaning: 'also what costs many series: the times of the stages',
    }),
  }),
  logging: section('The log of the program.', {
    level: setting(oneOf(['trace', 'debug', 'info', 'warn', 'error']).default('info'), {
      meaning: 'least level that is written; "trace" is the same as "debug"',
    }),
    format: setting(oneOf(['json', 'text']).default('json'), { meaning: 'one JSON object a line, or text' }),
    log_file: setting(filePath().optional(), {
      meaning: 'a file that is rotated, for what also goes to standard error',
      otherwise: 'standard error only',
    }),
    max_log_size_mb: setting(amount(0.01, 10_240).default(100), {
      meaning: 'size at which the file is rotated',
      unit: 'MB',
    }),
    max_log_files: setting(whole(1, 1000).default(10), { meaning: 'files that are kept', unit: 'files' }),
  }),
  health_checks: section('Health for load balancers.', {
    enabled: setting(flag().default(true), { meaning: 'serve the health routes' }),
    check_interval_seconds: setting(whole(1, 3600).default(30), {
      meaning:
        'how old the answer may be about what changes slowly (free space); the rest is looked at every second',
      unit: 's',
    }),
    endpoint_path: setting(urlPath().default('/health'), {
      meaning: 'path of the health route, with /live and /ready below it',
    }),
    include_detailed_status: setting(flag().default(false), {
      meaning:
        'show the state of every part to whoever asks for the health; otherwise only names of what fails',
    }),
  }),
});

export const deployment = section('Where and when it runs.', {
  environment: section('Fields of every log line, and who this node is.', {
    name: setting(label().default('development'), { meaning: 'name of the environment' }),
    region: setting(label().optional(), { meaning: 'region' }),
    datacenter: setting(label().optional(), { meaning: 'data center' }),
    instance_id: setting(label().optional(), {
      meaning: 'name of this node, no other of the fleet has it',
      otherwise: 'INSTANCE_ID, or a random one kept in the state directory',
    }),
  }),
  maintenance: section('A daily window in which appends are answered 423.', {
    enable_maintenance_mode: setting(flag().default(false), { meaning: 'there is such a window' }),
    maintenance_start_hour: setting(whole(0, 23).default(2), { meaning: 'hour at which it opens, UTC' }),
    maintenance_duration_hours: setting(amount(0.01, 24).default(2), {
      meaning: 'how long it is open',
      unit: 'h',
    }),
  }),
});
