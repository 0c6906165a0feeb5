import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readSettings } from '../../src/settings/index.js';
import { expectUsable } from '../support/command-line.js';
import { projectRoot } from '../support/project.js';

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>> | readonly string[];
  readonly read_only?: boolean;
}
const root = projectRoot();
const text = readFileSync(join(root, 'docker-compose.yml'), 'utf8');
const compose: { services: Record<string, Service>; volumes: Record<string, null> } = parse(text, {
  merge: true,
  uniqueKeys: true,
});
const { services } = compose;
const NODES = ['node1', 'node2', 'node3'] as const;

/** What a user puts into .env, as the containers get it. */
const SECRETS = {
  JWT_SECRET_KEY: 'Hq3v9Qx2mB7nL0pR5tY8wZ1cF4hG6dS2',
  REDIS_SHARED_SECRET: 'bT7w1Kx9vN3mC5zP8rJ2yL6fD0gS4hQa',
  REDIS_PASSWORD: 'c0ffee',
  GRAFANA_PASSWORD: 'decaf',
};

const environmentOf = (name: string) =>
  Object.fromEntries(
    Object.entries(services[name]?.environment ?? {}).map(([key, value]) => [
      key,
      value.replace(/\$\{(\w+)[^}]*\}/g, (_, variable: keyof typeof SECRETS) => SECRETS[variable]),
    ]),
  );

describe('docker-compose.yml', () => {
  it('has the fleet: two Redis, three nodes, HAProxy, Prometheus, Grafana', () => {
    expect(Object.keys(services).sort()).toEqual(
      ['cache', 'chain', 'grafana', 'haproxy', ...NODES, 'prometheus', 'queue'].sort(),
    );
  });

  it('starts the nodes with a command that the command line takes', () => {
    for (const name of NODES) {
      expectUsable(services[name]!.command!);
      expect(services[name]!.command).toContain('/etc/provchain/config.toml');
    }
    const [script] = services.chain!.command!;
    const [, command] = /provchain (.+)$/.exec(script!)!;
    expectUsable(command!.split(' '));
  });

  it.each(NODES)('gives %s settings that are valid, without a warning', (name) => {
    const { settings, problems, warnings } = readSettings({
      file: join(root, 'deploy/compose.toml'),
      env: environmentOf(name),
    });
    expect(problems).toEqual([]);
    expect(warnings).toEqual([]);
    expect(settings).toMatchObject({
      network: { api: { host: '0.0.0.0', port: 8080, public_url: `http://${name}:8080` } },
      redis: { url: 'redis://:c0ffee@queue:6379', cache_url: 'redis://:c0ffee@cache:6379' },
      security: { authentication: { enabled: true } },
      deployment: { environment: { instance_id: name } },
    });
  });

  it('has one writer, and readers that cannot write the chain', () => {
    expect(NODES.map((name) => environmentOf(name).PROVCHAIN_CHAIN_ROLE)).toEqual([
      'writer',
      'reader',
      'reader',
    ]);
    const chain = NODES.map((name) => services[name]!.volumes!.find((volume) => volume.startsWith('chain:')));
    const folder = 'chain:/var/lib/provchain/data';
    expect(chain).toEqual([folder, `${folder}:ro`, `${folder}:ro`]);
  });

  it('gives every node a state of its own', () => {
    const states = NODES.map((name) => services[name]!.volumes!.find((volume) => volume.includes('/state')));
    expect(new Set(states).size).toBe(3);
  });

  it('never lets the queue evict, and keeps it on disk; lets the cache evict', () => {
    const [queue, cache] = ['queue', 'cache'].map((name) => services[name]!.command!.join(' '));
    expect(queue).toContain('--maxmemory-policy noeviction');
    expect(queue).toContain('--appendonly yes');
    expect(cache).toContain('--maxmemory-policy allkeys-lru');
    expect(cache).toContain('--appendonly no');
    for (const command of [queue, cache]) expect(command).toContain('--requirepass');
  });

  it('publishes ports on loopback only', () => {
    const published = Object.values(services).flatMap(({ ports = [] }) => ports);
    expect(published).toHaveLength(3);
    for (const port of published) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  it('holds no secret, and does not start without one', () => {
    for (const name of Object.keys(SECRETS)) expect(text).toMatch(new RegExp(`\\$\\{${name}:\\?`));
  });

  it('mounts files that exist, and volumes that are declared', () => {
    const sources = Object.values(services).flatMap(({ volumes = [] }) =>
      volumes.map((volume) => volume.split(':')[0]!),
    );
    for (const source of sources.filter((name) => name.startsWith('.'))) {
      expect(existsSync(join(root, source)), source).toBe(true);
    }
    const named = new Set(sources.filter((name) => !name.startsWith('.')));
    expect([...named].sort()).toEqual(Object.keys(compose.volumes).sort());
  });

  it('runs nodes on a root file system that is read-only, so everything they write is in a volume', () => {
    const settings = readSettings({ file: join(root, 'deploy/compose.toml'), env: environmentOf('node1') })
      .settings!;
    const targets = services.node1!.volumes!.map((volume) => volume.split(':')[1]!);
    for (const path of [
      settings.blockchain.storage.data_directory,
      settings.state.directory,
      settings.security.authentication.users_file,
      settings.security.audit.audit_log_file,
    ]) {
      expect(
        targets.some((target) => path!.startsWith(target)),
        path,
      ).toBe(true);
    }
    expect(settings.monitoring.logging.log_file).toBeUndefined();
    for (const name of NODES) expect(services[name]!.read_only).toBe(true);
  });

  it('names the nodes that HAProxy and Prometheus look for', () => {
    const haproxy = readFileSync(join(root, 'deploy/haproxy.cfg'), 'utf8');
    const prometheus = parse(readFileSync(join(root, 'deploy/prometheus.yml'), 'utf8'));
    const servers = new Set([...haproxy.matchAll(/^ +server \S+ (\S+):8080/gm)].map(([, name]) => name));
    expect([...servers]).toEqual([...NODES]);
    expect(prometheus.scrape_configs[0].static_configs[0].targets).toEqual(
      NODES.map((name) => `${name}:9090`),
    );
  });
});
