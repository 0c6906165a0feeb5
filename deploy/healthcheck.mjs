// Exit code 0 when the node in this container is alive, 1 otherwise: for HEALTHCHECK, so that the image needs no curl.
// Alive, not ready: a node that waits for Redis must not be restarted for it. Load balancers ask /health/ready.
import { get as getPlain } from 'node:http';
import { get as getSecure } from 'node:https';

const PATIENCE_MS = 4_000;
const url = process.env.PROVCHAIN_HEALTH_URL ?? 'http://127.0.0.1:8080/health/live';

function fail(reason) {
  console.error(`${url}: ${reason}`);
  process.exit(1);
}

const options = {
  timeout: PATIENCE_MS,
  // The certificate is for the name that clients use, and this asks the node under a loopback address.
  rejectUnauthorized: false,
};
const get = url.startsWith('https:') ? getSecure : getPlain;
const request = get(url, options, (response) => {
  response.resume();
  if (response.statusCode === 200) process.exit(0);
  fail(`status ${response.statusCode}`);
});
request.on('timeout', () => fail('no answer in time'));
request.on('error', (error) => fail(error.message));
