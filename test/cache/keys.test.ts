import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ResultIdentity, resultKey } from '../../src/cache/index.js';
import { projectRoot } from '../support/project.js';

interface Golden {
  readonly identity: ResultIdentity;
  readonly key: string;
}

const { results } = JSON.parse(readFileSync(join(projectRoot(), 'test/golden/cache-keys.json'), 'utf8')) as {
  results: Golden[];
};

describe('resultKey', () => {
  it('makes the golden keys', () => {
    for (const { identity, key } of results) expect(resultKey(identity)).toBe(key);
  });

  it('does not go by the order of checks, nor by what is beside the identity', () => {
    const { identity, key } = results[0]!;
    expect(identity.checks.length).toBeGreaterThan(1);
    expect(resultKey({ ...identity, checks: [...identity.checks].reverse() })).toBe(key);
    expect(resultKey({ ...identity, jobId: 'other' } as ResultIdentity)).toBe(key);
  });

  it('is another one when any part of the identity is another', () => {
    const { identity, key } = results[0]!;
    const { scope } = identity;
    const others: Partial<ResultIdentity>[] = [
      { chainId: 'x' },
      { replica: 'x' },
      { level: 'Custom' },
      { checks: identity.checks.slice(1) },
      { requireAnchor: !identity.requireAnchor },
      { scope: { ...scope, from: scope.from + 1 } },
      { scope: { ...scope, to: scope.to + 1 } },
      { height: identity.height + 1 },
      { headHash: '0'.repeat(64) },
      { fingerprint: '0'.repeat(64) },
      { engineVersion: 'x' },
    ];
    const keys = others.map((other) => resultKey({ ...identity, ...other }));
    expect(Object.keys(identity)).toHaveLength(10);
    expect(new Set([key, ...keys]).size).toBe(others.length + 1);
  });
});
