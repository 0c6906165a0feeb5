import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WORKLOAD_PROFILES, type WorkloadProfile, workloadDocument } from '../../src/rdf/index.js';
import { fixtures } from '../support/project.js';

interface WorkloadModule {
  dataset(profile: WorkloadProfile, index: number, options?: { quads?: number; seed?: number }): string;
}

const PROFILES = Object.keys(WORKLOAD_PROFILES) as WorkloadProfile[];
const digest = (text: string) => createHash('sha256').update(text).digest('hex');
const folder = fixtures('workloads');

/** SHA-256 of documents of the module that is shared with the peers of the benchmarks. */
const GOLDEN: [WorkloadProfile, number, { quads?: number; seed?: number }, string][] = [
  ['trace', 0, {}, 'd626e7b4ae910e217ab74107831691f659d855dba586cccec5c672e0e208ae23'],
  ['trace', 1, { quads: 1, seed: 2 }, 'f7a552dccaa78de11b1bb8ee3e726364bd4ef520932a0b62ea0e0ef8a0a47a47'],
  [
    'trace',
    9_999,
    { quads: 64, seed: 1 },
    '78ecefa9c5bfc280aac2217e0086635f377140d58d22dc788f0f2459bc51cde1',
  ],
  [
    'trace',
    999_999,
    { quads: 12, seed: 1 },
    'd4ab5761e4132ab27d2db4d0d83df3b63563052aaa3947fc6c677f3d89343536',
  ],
  ['flat', 0, {}, 'a3831c8bbfa0ae4d797338638d51b415806a02cb9b2e98c065ff39d762e35f14'],
  ['flat', 123, { quads: 32, seed: 7 }, 'd49976868224ee30c2c1fd1b152d927e2b835a95115df85d634611dd4a0e744e'],
  ['tangle', 0, {}, '2879ea49f50c4a180ec469366e48ba544c4cab72ec8bd9f5d8a09e48fcd7f490'],
  ['tangle', 5, { quads: 200, seed: 42 }, 'ded205e7c0279cb04733f4893f57e53af667ce5f7c82b248873059cdcc735982'],
  ['tangle', 999, { quads: 64, seed: 1 }, 'f308308acb3711771de578fe783020e79bb7fec3ac04e26f9da7fd1d0dee857f'],
];

describe('workloadDocument', () => {
  it.each(GOLDEN)('gives the known text of %s %i %o', (profile, index, options, sha256) => {
    expect(digest(workloadDocument(profile, index, options))).toBe(sha256);
  });

  it('gives the known text of the first hundred documents of every profile', () => {
    const texts = PROFILES.flatMap((profile) =>
      Array.from({ length: 100 }, (_, index) => workloadDocument(profile, index)),
    );
    expect(digest(texts.join(''))).toBe('26c99b6f9d3c9d7bb1a102debd8e425cecedbb3d5546ec035286b283f4239317');
  });

  it('holds exactly as many quads as asked for, in one graph', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...PROFILES),
        fc.nat(1_000_000),
        fc.integer({ min: 1, max: 300 }),
        (profile, index, quads) => {
          const lines = workloadDocument(profile, index, { quads }).split('\n');
          expect(lines.pop()).toBe('');
          expect(lines).toHaveLength(quads);
          expect(lines.every((line) => line.endsWith(` <http://provchain.org/tx/${index}> .`))).toBe(true);
        },
      ),
    );
  });

  it.skipIf(folder === undefined)('gives the same text as the shared module for any arguments', async () => {
    const path = pathToFileURL(join(folder as string, 'workloads.mjs')).href;
    const { dataset } = (await import(path)) as WorkloadModule;
    fc.assert(
      fc.property(
        fc.constantFrom(...PROFILES),
        fc.nat(2_000_000),
        fc.integer({ min: 1, max: 150 }),
        fc.integer({ min: -1_000, max: 1_000_000 }),
        (profile, index, quads, seed) => {
          const options = { quads, seed };
          return workloadDocument(profile, index, options) === dataset(profile, index, options);
        },
      ),
      { numRuns: 3_000 },
    );
  });
});
