import { describe, expect, it } from 'vitest';
import { type SilenceFacts, silenceOf } from '../../src/monitor/index.js';

const START = 1_000_000;
const facts: SilenceFacts = {
  enabled: true,
  intervalMs: 10_000,
  timeLimitMs: 5000,
  lastRoundMs: undefined,
  startedMs: START,
  carriedMs: 0,
};

describe('silenceOf', () => {
  it('is silent after two intervals and the time limit without a round, and not before', () => {
    expect(silenceOf(facts, START + 25_000)).toEqual({ silentMs: 25_000, silent: false });
    expect(silenceOf(facts, START + 25_001)).toEqual({ silentMs: 25_001, silent: true });
  });

  it('counts from the last round', () => {
    const heard = { ...facts, lastRoundMs: START + 100_000 };
    expect(silenceOf(heard, START + 110_000)).toEqual({ silentMs: 10_000, silent: false });
    expect(silenceOf(heard, START + 126_000)).toEqual({ silentMs: 26_000, silent: true });
  });

  it('does not count the time in which the node did not run', () => {
    const restarted = { ...facts, lastRoundMs: START - 3_600_000 };
    expect(silenceOf(restarted, START + 1000)).toEqual({ silentMs: 1000, silent: false });
  });

  it('counts what earlier processes had watched, so that dying again and again is noticed', () => {
    const dying = { ...facts, carriedMs: 24_000 };
    expect(silenceOf(dying, START + 500)).toEqual({ silentMs: 24_500, silent: false });
    expect(silenceOf(dying, START + 1500)).toEqual({ silentMs: 25_500, silent: true });
    expect(silenceOf({ ...dying, lastRoundMs: START + 1000 }, START + 1500).silent).toBe(false);
  });

  it('says nothing of a monitor that is off', () => {
    expect(silenceOf({ ...facts, enabled: false }, START + 1e9)).toEqual({ silentMs: null, silent: false });
  });

  it('is not silent when the clock was set back', () => {
    expect(silenceOf(facts, START - 5000)).toEqual({ silentMs: 0, silent: false });
  });
});
