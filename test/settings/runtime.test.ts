import { describe, expect, it } from 'vitest';
import type { ProvChainError } from '../../src/errors.js';
import {
  loadSettings,
  mergeRuntime,
  runtimeOf,
  runtimePatchSchema,
  runtimeSettingsSchema,
  settingsReference,
} from '../../src/settings/index.js';

const defaults = runtimeOf(loadSettings({ env: {} }));

describe('runtimeOf', () => {
  it('gives exactly the settings that are marked as changeable at run time', () => {
    const marked = settingsReference().flatMap(({ settings }) =>
      settings.filter(({ atRunTime }) => atRunTime).map(({ key }) => key),
    );
    expect(Object.keys(defaults).sort()).toEqual(marked.sort());
    expect(runtimeSettingsSchema.parse(defaults)).toEqual(defaults);
  });
});

describe('runtimePatchSchema', () => {
  it("takes the guide's changes as they are, and adds no defaults", () => {
    const patch = { validation_level: 'Comprehensive', enable_caching: true, cache_ttl_seconds: 600 };
    expect(runtimePatchSchema.parse(patch)).toEqual(patch);
    expect(runtimePatchSchema.parse({ validation_level: 'Comprehensive' })).toEqual({
      validation_level: 'Comprehensive',
    });
  });

  it.each([
    [{}],
    [{ validation_level: 'comprehensive' }],
    [{ validation_level: 'Custom' }],
    [{ cache_ttl_seconds: 0 }],
    [{ cache_ttl_seconds: '600' }],
    [{ batch_size: 1.5 }],
    [{ max_cpu_percent: 101 }],
    [{ max_cpu_percent: Number.NaN }],
    [{ max_cache_size: 10 }],
    [{ data_directory: '/elsewhere' }],
    [[]],
    [null],
  ])('refuses %j', (patch) => {
    expect(runtimePatchSchema.safeParse(patch).success).toBe(false);
  });
});

describe('mergeRuntime', () => {
  it('changes what the patch names and leaves the rest, and what it was given', () => {
    const before = structuredClone(defaults);
    const merged = mergeRuntime(defaults, { batch_size: 500, enable_caching: undefined });
    expect(merged).toEqual({ ...before, batch_size: 500 });
    expect(defaults).toEqual(before);
  });

  it.each([
    [{ max_validation_time: 601 }],
    [{ max_validation_time_seconds: 299 }],
    [{ max_validation_time: 900, max_validation_time_seconds: 800 }],
  ])('throws CONFIG_INVALID for %j, which contradicts itself or the rest', (patch) => {
    let thrown: unknown;
    try {
      mergeRuntime(defaults, patch);
    } catch (error) {
      thrown = error;
    }
    expect((thrown as ProvChainError).code).toBe('CONFIG_INVALID');
    expect((thrown as ProvChainError).message).toContain('max_validation_time_seconds');
  });

  it('takes both limits together', () => {
    const patch = { max_validation_time: 900, max_validation_time_seconds: 900 };
    expect(mergeRuntime(defaults, patch)).toMatchObject(patch);
  });
});
