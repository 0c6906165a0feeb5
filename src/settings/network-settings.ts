import {
  amount,
  filePath,
  flag,
  hostName,
  listOf,
  oneOf,
  section,
  setting,
  webOrigin,
  webUrl,
  whole,
} from './setting.js';

export const network = section('How the node is reached.', {
  api: section('The HTTP server.', {
    host: setting(hostName().default('127.0.0.1'), {
      meaning: 'address it listens on; without authentication it must be a loopback address',
    }),
    port: setting(whole(0, 65_535).default(8080), { meaning: 'port it listens on; 0 takes a free one' }),
    public_url: setting(webUrl().optional(), {
      meaning: 'URL under which clients and other nodes reach this one',
      otherwise: 'made from host and port',
    }),
    enable_cors: setting(flag().default(false), {
      meaning: 'let pages of other origins call the API from a browser',
    }),
    cors_origins: setting(listOf(webOrigin(), 'origins like "https://example.org"', 100).default([]), {
      meaning: 'the origins that may; "*" is not taken',
    }),
    max_request_size_mb: setting(amount(0.01, 256).default(10), {
      meaning: 'longest request body',
      unit: 'MB',
    }),
    request_timeout_seconds: setting(whole(1, 3600).default(30), {
      meaning: 'a request must have arrived within this time; streams of events are not cut by it',
      unit: 's',
    }),
    headers_timeout_seconds: setting(whole(1, 600).default(10), {
      meaning: 'the head of a request must have arrived within this time',
      unit: 's',
    }),
    keep_alive_timeout_seconds: setting(whole(1, 3600).default(65), {
      meaning: 'an idle connection is closed after it; longer than that of the load balancer before it',
      unit: 's',
    }),
    trust_proxy_hops: setting(whole(0, 10).default(0), {
      meaning: 'proxies before the node whose X-Forwarded-For is believed',
    }),
  }),
  tls: section('HTTPS without a proxy.', {
    enabled: setting(flag().default(false), { meaning: 'serve HTTPS; needs both files' }),
    cert_file: setting(filePath().optional(), { meaning: 'certificate chain, PEM' }),
    key_file: setting(filePath().optional(), { meaning: 'private key, PEM' }),
    min_tls_version: setting(oneOf(['1.2', '1.3']).default('1.2'), { meaning: 'older versions are refused' }),
  }),
});
