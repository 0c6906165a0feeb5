import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyResult, matters } from '../../src/alerts/apply-result.js';
import { MOST_EVIDENCE } from '../../src/alerts/evidence.js';
import { actionOf } from '../../src/alerts/message.js';
import type { FleetResult, Result } from '../../src/alerts/results.js';
import { type Check, LEVEL_CHECKS, LEVELS, type Status } from '../../src/validation/index.js';
import { altered, Desk, fleetResult, incomplete, MINUTE, result, START, THRESHOLDS } from './support.js';

const give = (desk: Desk, ...results: readonly Result[]) => {
  for (const one of results) {
    desk.turn((book, document) => applyResult(book, document, one, THRESHOLDS, one.finishedAt));
  }
  return desk;
};
const rules = (desk: Desk) =>
  desk.document.alerts.filter(({ state }) => state !== 'resolved').map(({ rule }) => rule);
const later = (minutes: number) => ({ startedAt: START + minutes * MINUTE });

describe('results', () => {
  it('open a critical alert for a single critical finding, whatever the threshold says', () => {
    const desk = give(new Desk(), altered());
    expect(desk.document.alerts).toMatchObject([
      {
        rule: 'integrity-critical',
        severity: 'critical',
        fingerprint: 'integrity-critical/replica-1',
        where: { chain: 'test-chain', replica: 'replica-1', node: 'node-1', blocks: [7] },
      },
    ]);
    expect(desk.document.alerts[0]?.what).toContain('PAYLOAD_DIGEST_MISMATCH × 1');
    expect(desk.document.alerts[0]?.what).toContain('block 7');
    expect(desk.document.alerts[0]?.action).toContain('Stop appending');
  });

  it('add the counts rule from its threshold on', () => {
    const many = (count: number) => altered({ findingCounts: { PAYLOAD_DIGEST_MISMATCH: count } });
    expect(rules(give(new Desk(), many(2)))).toEqual(['integrity-critical']);
    expect(rules(give(new Desk(), many(3)))).toEqual(['integrity-critical', 'critical-threshold']);
    const warned = (count: number) => result({ status: 'Warning', findingCounts: { UNKNOWN_KEY: count } });
    expect(rules(give(new Desk(), warned(4)))).toEqual(['integrity-warning']);
    expect(rules(give(new Desk(), warned(5)))).toEqual(['integrity-warning', 'warning-threshold']);
  });

  it('count once when they are given twice', () => {
    const once = altered();
    const desk = give(new Desk(), once, once, result(later(1)), once);
    expect(desk.states()).toEqual(['integrity-critical resolved']);
    expect(desk.document.alerts[0]?.count).toBe(1);
  });

  it('take back what they looked at as hard, wholly, later, against the anchor, and to the end', () => {
    const accused = () => give(new Desk(), altered({ level: 'Comprehensive' }));
    const open = ['integrity-critical'];
    expect(rules(give(accused(), result({ level: 'Comprehensive', ...later(1) })))).toEqual([]);
    expect(rules(give(accused(), result({ level: 'Full', ...later(1) })))).toEqual([]);
    expect(rules(give(accused(), result({ level: 'Standard', ...later(1) })))).toEqual(open);
    expect(rules(give(accused(), result({ level: 'Full', startedAt: START + 999 })))).toEqual(open);
    expect(rules(give(accused(), result({ level: 'Full', ...later(1), requireAnchor: false })))).toEqual(
      open,
    );
    expect(rules(give(accused(), incomplete({ level: 'Full', ...later(1) })))).toEqual(open);
    expect(rules(give(accused(), result({ level: 'Full', ...later(1), complete: false })))).toEqual(open);
    expect(rules(give(accused(), result({ level: 'Full', ...later(1), replica: 'replica-2' })))).toEqual(
      open,
    );
    const scope = { from: 0, to: 100, partial: true };
    expect(rules(give(accused(), result({ level: 'Full', ...later(1), scope })))).toEqual(open);
  });

  it('take back a range by that range or more', () => {
    const range = (from: number, to: number) => ({ scope: { from, to, partial: true } });
    const accused = () => give(new Desk(), altered(range(10, 20)));
    expect(rules(give(accused(), result({ ...later(1), ...range(10, 20) })))).toEqual([]);
    expect(rules(give(accused(), result({ ...later(1), ...range(5, 30) })))).toEqual([]);
    expect(rules(give(accused(), result(later(1))))).toEqual([]);
    expect(rules(give(accused(), result({ ...later(1), ...range(11, 20) })))).toEqual(['integrity-critical']);
    expect(rules(give(accused(), result({ ...later(1), ...range(10, 19) })))).toEqual(['integrity-critical']);
  });

  it('take back each accusation by what looked as hard as it, and say what is left to validate', () => {
    const slice = { level: 'Full', scope: { from: 10, to: 20, partial: true } } as const;
    const desk = give(new Desk(), altered(slice), altered(later(1)));
    const action = () => actionOf(desk.document.alerts[0]!);
    expect(action()).toContain('blocks 10 to 19 at level Full or more; the whole chain at level Standard');
    give(desk, result(later(2)));
    expect(rules(desk)).toEqual(['integrity-critical']);
    expect(action()).toContain('find it well: blocks 10 to 19 at level Full or more.');
    give(desk, result({ ...later(3), level: 'Full', scope: { from: 20, to: 30, partial: true } }));
    expect(rules(desk)).toEqual(['integrity-critical']);
    give(desk, result({ ...later(4), ...slice }));
    expect([rules(desk), desk.events()]).toEqual([[], ['opened', 'resolved']]);
  });

  it('accuse of nothing that a later look has taken back, however late and often they are given', () => {
    const once = altered();
    const desk = give(new Desk({ cooldownMs: 0 }), once, result(later(60)));
    for (let n = 0; n < 300; n++) desk.document.seen.push(`other-${n}`);
    desk.document.seen = desk.document.seen.slice(-200);
    give(desk, once);
    expect([desk.states(), desk.events()]).toEqual([['integrity-critical resolved'], ['opened', 'resolved']]);
    give(desk, altered({ level: 'Full' }));
    expect(rules(desk)).toEqual(['integrity-critical']);
    const newer = give(new Desk({ cooldownMs: 0 }), altered(), result(later(60)), altered(later(61)));
    expect(rules(newer)).toEqual(['integrity-critical']);
  });

  it('keep a bounded number of accusations apart', () => {
    const desk = new Desk();
    const slice = (n: number) => ({ scope: { from: n * 10, to: n * 10 + 10, partial: true } });
    for (let n = 0; n < 50; n++) give(desk, altered({ level: 'Full', ...later(n), ...slice(n) }));
    give(desk, altered(later(50)));
    expect(desk.document.alerts[0]?.evidence).toHaveLength(MOST_EVIDENCE);
    for (let n = 0; n < 50; n++) give(desk, altered(later(51 + n)));
    expect(desk.document.alerts[0]?.evidence).toHaveLength(MOST_EVIDENCE);
    give(desk, result({ level: 'Full', ...later(200) }));
    expect(rules(desk)).toEqual([]);
  });

  it('take a critical alert back with Warning, and open one of that', () => {
    const warned = result({ ...later(1), status: 'Warning', findingCounts: { UNKNOWN_KEY: 1 } });
    const desk = give(new Desk(), altered(), warned);
    expect(desk.states()).toEqual(['integrity-critical resolved', 'integrity-warning open']);
  });

  it('tell of a chain that cannot be checked after two rounds in a row, and of a check that came through', () => {
    const desk = give(new Desk(), incomplete());
    expect(desk.states()).toEqual([]);
    give(desk, incomplete(later(5)));
    expect(desk.states()).toEqual(['validation-failed open']);
    expect(desk.document.alerts[0]).toMatchObject({ rule: 'validation-failed', severity: 'warning' });
    give(desk, result({ level: 'Minimal', ...later(6) }));
    expect(desk.states()).toEqual(['validation-failed open']);
    give(desk, result(later(7)));
    expect(desk.states()).toEqual(['validation-failed resolved']);
  });

  it('forget one round that failed when the next comes through, and never mind jobs that are no rounds', () => {
    const desk = give(new Desk(), incomplete(), result(later(5)), incomplete(later(10)));
    give(desk, ...[11, 12, 13].map((minute) => incomplete({ ...later(minute), isRound: false })));
    expect(desk.states()).toEqual([]);
    give(
      desk,
      result({ ...later(15), status: undefined, complete: false, error: 'QUEUE_UNAVAILABLE: gone' }),
    );
    expect(desk.states()).toEqual(['validation-failed open']);
    expect(desk.document.alerts[0]?.what).toContain('QUEUE_UNAVAILABLE: gone');
  });

  it('count slices of the scrub by their range', () => {
    const slice = (from: number, to: number) => ({ scope: { from, to, partial: true } });
    const desk = give(new Desk(), incomplete(slice(0, 10)), result({ ...later(1), ...slice(10, 20) }));
    expect(desk.states()).toEqual([]);
    give(desk, incomplete({ ...later(60), ...slice(0, 10) }));
    expect(desk.states()).toEqual(['validation-failed open']);
    give(desk, result({ ...later(61), ...slice(0, 10) }));
    expect(desk.states()).toEqual(['validation-failed resolved']);
  });

  it('count slices at the end of a chain that grows', () => {
    const slice = (to: number) => ({ scope: { from: 90, to, partial: true } });
    const desk = give(new Desk(), incomplete(slice(95)), incomplete({ ...later(60), ...slice(98) }));
    expect(desk.states()).toEqual(['validation-failed open']);
    expect(desk.document.failures).toMatchObject([{ count: 2, evidence: { scope: { from: 90, to: 98 } } }]);
    give(desk, result({ ...later(61), ...slice(97) }));
    expect(desk.states()).toEqual(['validation-failed open']);
    give(desk, result({ ...later(62), ...slice(100) }));
    expect([desk.states(), desk.document.failures]).toEqual([['validation-failed resolved'], []]);
  });

  it('keep a bounded number of failed slices', () => {
    const desk = new Desk();
    for (let n = 0; n < 60; n++) {
      give(desk, incomplete({ ...later(n), scope: { from: n * 10, to: n * 10 + 10, partial: true } }));
    }
    expect(desk.document.failures).toHaveLength(50);
  });

  it('tell of replicas that disagree, until a fleet job finds that they agree', () => {
    const desk = give(new Desk(), fleetResult({ agree: false }));
    expect(desk.document.alerts).toMatchObject([{ rule: 'replicas-disagree', severity: 'critical' }]);
    give(desk, result(later(1)), fleetResult({ ...later(2), agree: null }));
    give(
      desk,
      fleetResult({ ...later(3), complete: false }),
      fleetResult({ ...later(4), checks: ['headers'] }),
    );
    expect(desk.states()).toEqual(['replicas-disagree open']);
    give(desk, fleetResult(later(5)));
    expect(desk.states()).toEqual(['replicas-disagree resolved']);
  });

  it('take back a disagreement only by comparing the same replicas, as far as they were compared', () => {
    const replicas = ['a', 'b', 'c'];
    const accused = () => give(new Desk(), fleetResult({ agree: false, replicas, commonHeight: 1000 }));
    const then = (options: Partial<FleetResult>) =>
      rules(give(accused(), fleetResult({ ...later(1), replicas, commonHeight: 1000, ...options })));
    const open = ['replicas-disagree'];
    expect(then({ replicas: ['a', 'b'] })).toEqual(open);
    expect(then({ commonHeight: 999 })).toEqual(open);
    expect(then({ commonHeight: null })).toEqual(open);
    expect(then({})).toEqual([]);
    expect(then({ replicas: [...replicas, 'd'], commonHeight: 1001 })).toEqual([]);
    const both = give(accused(), fleetResult({ ...later(1), agree: false, replicas: ['c', 'd'] }));
    expect(rules(give(both, fleetResult({ ...later(2), replicas, commonHeight: 1000 })))).toEqual(open);
    const pair = ['c', 'd'];
    expect(rules(give(both, fleetResult({ ...later(3), replicas: pair, commonHeight: 99 })))).toEqual(open);
    expect(rules(give(both, fleetResult({ ...later(4), replicas: pair, commonHeight: 100 })))).toEqual([]);
  });

  it('change nothing and are not even looked at while everything is well', () => {
    const desk = new Desk();
    expect(matters(desk.document, result(), THRESHOLDS)).toBe(false);
    expect(matters(desk.document, altered(), THRESHOLDS)).toBe(true);
    expect(matters(give(desk, altered()).document, result(later(1)), THRESHOLDS)).toBe(true);
  });
});

/** A result as it comes from anywhere, at any time, in any order. */
const anyResult = fc.record({
  level: fc.constantFrom(...LEVELS),
  status: fc.constantFrom<Status>('Healthy', 'Warning', 'Incomplete', 'Critical', 'Corrupted'),
  complete: fc.boolean(),
  requireAnchor: fc.boolean(),
  from: fc.integer({ min: 0, max: 3 }),
  length: fc.integer({ min: 1, max: 3 }),
  partial: fc.boolean(),
  startedAt: fc.integer({ min: 0, max: 50 }),
  ms: fc.integer({ min: 0, max: 10 }),
  replica: fc.constantFrom('replica-1', 'replica-2'),
  findings: fc.integer({ min: 1, max: 4 }),
});
type AnyResult = typeof anyResult extends fc.Arbitrary<infer T> ? T : never;

function resultOf(any: AnyResult) {
  const { level, status, from, length, partial, startedAt, ms, findings, ...rest } = any;
  const accuses = status === 'Critical' || status === 'Corrupted';
  const counts = { HEADER_INVALID: findings };
  return result({
    ...{ level, status, ...rest },
    complete: status === 'Incomplete' ? false : rest.complete,
    scope: partial ? { from, to: from + length, partial } : { from: 0, to: 6, partial },
    startedAt: START + startedAt,
    finishedAt: START + startedAt + ms,
    findingCounts: accuses ? counts : {},
    worst: accuses ? [{ code: 'HEADER_INVALID', severity: status, block: from }] : [],
  });
}

describe('any sequence of results', () => {
  it('leaves one open alert per fingerprint, and none resolved by what did not look as hard', () => {
    fc.assert(
      fc.property(fc.array(anyResult, { minLength: 1, maxLength: 30 }), (sequence) => {
        const desk = new Desk({ cooldownMs: 0 });
        // The oracle keeps every accusation and takes back each by itself, block by block and check by check.
        let accusations: { replica: string; check: Check; block: number; readUntil: number }[] = [];
        // What was read before somebody saw it intact is no accusation when it comes late.
        const intactFrom = new Map<string, number>();
        for (const any of sequence) {
          const one = resultOf(any);
          give(desk, one);
          const blocks = [0, 1, 2, 3, 4, 5].filter((at) => at >= one.scope.from && at < one.scope.to);
          if (one.status === 'Critical' || one.status === 'Corrupted') {
            for (const check of one.checks) {
              for (const block of blocks) {
                if ((intactFrom.get(`${one.replica} ${check} ${block}`) ?? -1) >= one.finishedAt) continue;
                accusations.push({ replica: one.replica, check, block, readUntil: one.finishedAt });
              }
            }
          } else if (one.complete && one.requireAnchor && one.status !== 'Incomplete') {
            const atoms = one.checks.flatMap((check) =>
              blocks.map((block) => `${one.replica} ${check} ${block}`),
            );
            for (const atom of atoms) {
              intactFrom.set(atom, Math.max(one.startedAt, intactFrom.get(atom) ?? 0));
            }
            accusations = accusations.filter(
              ({ replica, check, block, readUntil }) =>
                replica !== one.replica ||
                !one.checks.includes(check) ||
                !blocks.includes(block) ||
                one.startedAt < readUntil,
            );
          }
          for (const replica of ['replica-1', 'replica-2']) {
            const open = desk.document.alerts.filter(
              (alert) =>
                alert.rule === 'integrity-critical' &&
                alert.where.replica === replica &&
                alert.state !== 'resolved',
            );
            expect(open.length).toBeLessThanOrEqual(1);
            // The book may hold on for longer than it must, since it joins ranges; it never lets go too early.
            const standing = new Map<string, Set<number>>();
            for (const each of accusations.filter((accusation) => accusation.replica === replica)) {
              standing.set(each.check, (standing.get(each.check) ?? new Set()).add(each.block));
            }
            if (open.length === 0) expect([...standing]).toEqual([]);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('is resolved by one complete intact result of everything, whatever came before', () => {
    fc.assert(
      fc.property(fc.array(anyResult, { minLength: 1, maxLength: 30 }), (sequence) => {
        const desk = give(new Desk({ cooldownMs: 0 }), ...sequence.map(resultOf));
        for (const replica of ['replica-1', 'replica-2']) {
          give(desk, result({ level: 'Full', replica, checks: LEVEL_CHECKS.Full, ...later(60) }));
        }
        expect(rules(desk)).toEqual([]);
      }),
    );
  });
});
