import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CRITICAL, type Raised } from '../../src/alerts/alert.js';
import { claim, conclude, countPending, GIVE_UP_MS, nextDue } from '../../src/alerts/outbox.js';
import { Desk, HOUR, MINUTE, START } from './support.js';

const A = 'node-a';
const B = 'node-b';
const LEASE_MS = 45_000;

const raised = (subject: string): Raised => ({
  ...{ rule: 'memory', subject, severity: CRITICAL, rank: 2, title: 'T', what: 'W', action: 'A' },
  place: { chain: 'test-chain', node: subject, blocks: [] },
});
const cleared = (subject: string) => ({ rule: 'memory', subject, resolution: 'R' }) as const;

function deskWith(...subjects: string[]): Desk {
  const desk = new Desk({ channels: ['email', 'slack'] });
  for (const subject of subjects) desk.turn((book) => book.raise(raised(subject), START));
  return desk;
}
const take = (desk: Desk, sender: string, now: number) =>
  desk.turn((_, document) => claim(document, 'email', sender, now, LEASE_MS));
const end = (desk: Desk, id: string, ok: boolean, now: number, sender = A) =>
  desk.turn((_, document) =>
    conclude(document, { id, channel: 'email' }, sender, ok ? { ok } : { ok, error: 'no\r\nway' }, now, 0.5),
  );

describe('the outbox', () => {
  it('gives what came together as one message, to one sender at a time', () => {
    const desk = deskWith('one', 'two');
    const batch = take(desk, A, START)!;
    expect(batch.alerts.map(({ fingerprint }) => fingerprint)).toEqual(['memory/one', 'memory/two']);
    expect(take(desk, B, START)).toBeUndefined();
    end(desk, batch.id, true, START + 1);
    expect(take(desk, B, START + HOUR)).toBeUndefined();
    expect(countPending(desk.document, 'email')).toBe(0);
    expect(countPending(desk.document, 'slack')).toBe(2);
  });

  it('gives the same message again when a sender is lost: to itself at once, to others after the lease', () => {
    const desk = deskWith('one');
    const first = take(desk, A, START)!;
    expect(take(desk, B, START + LEASE_MS - 1)).toBeUndefined();
    expect(nextDue(desk.document, 'email', B, START)).toBe(START + LEASE_MS);
    expect(nextDue(desk.document, 'email', A, START)).toBe(START);
    // What joins meanwhile is another message: this one must stay what the receiver may have already.
    desk.turn((book) => book.raise(raised('two'), START + 1));
    const again = take(desk, A, START + 2)!;
    expect([again.id, again.alerts.length]).toEqual([first.id, 1]);
    expect(take(desk, B, START + 3)?.alerts.map(({ fingerprint }) => fingerprint)).toEqual(['memory/two']);
    expect(take(desk, B, START + 2 + LEASE_MS)?.id).toBe(first.id);
  });

  it('gives a channel no more alerts at once than it can name, the worst first, and loses none', () => {
    const desk = new Desk({ channels: ['slack'] });
    for (let n = 0; n < 12; n++) {
      const rank = n === 11 ? 3 : n === 0 ? 1 : 2;
      desk.turn((book) => book.raise({ ...raised(`n${n}`), rank }, START + n));
    }
    const told: string[][] = [];
    for (;;) {
      const batch = desk.turn((_, document) => claim(document, 'slack', A, START + 20, LEASE_MS, 5));
      if (batch === undefined) break;
      told.push(batch.alerts.map(({ where }) => where.node!));
      const done = { id: batch.id, channel: 'slack' } as const;
      desk.turn((_, document) => conclude(document, done, A, { ok: true }, START + 20, 0));
    }
    expect(told).toEqual([
      ['n11', 'n1', 'n2', 'n3', 'n0'],
      ['n4', 'n5', 'n6', 'n7', 'n8'],
      ['n9', 'n10'],
    ]);
  });

  it('notes on the channel what went wrong with a message that counts as sent', () => {
    const desk = deskWith('one');
    const batch = take(desk, A, START)!;
    const outcome = { ok: true, warning: 'one\r\nwas refused' } as const;
    desk.turn((_, document) => conclude(document, batch, A, outcome, START + 1, 0));
    expect(desk.document.alerts[0]?.deliveries[0]?.state).toBe('sent');
    expect(desk.document.channels.email).toMatchObject({ up: true, lastError: 'one was refused' });
  });

  it('leaves a lease to who has it when one who has lost it fails', () => {
    const desk = deskWith('one');
    const first = take(desk, A, START)!;
    const over = START + LEASE_MS;
    expect(take(desk, B, over)?.id).toBe(first.id);
    end(desk, first.id, false, over + 1, A);
    expect(take(desk, A, over + 2)).toBeUndefined();
    expect(desk.document.alerts[0]?.deliveries[0]).toMatchObject({ state: 'pending', claimedBy: B });
    end(desk, first.id, true, over + 3, A);
    expect(desk.document.alerts[0]?.deliveries[0]?.state).toBe('sent');
  });

  it('tries again ever more slowly, for a day, then gives up', () => {
    const desk = deskWith('one');
    const rests: number[] = [];
    let now = START;
    for (;;) {
      const batch = take(desk, A, now)!;
      if (end(desk, batch.id, false, now).givenUp) break;
      const due = nextDue(desk.document, 'email', A, now)!;
      rests.push(due - now);
      now = due;
    }
    expect(rests.slice(0, 9)).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 300].map((seconds) => seconds * 1000));
    expect(Math.max(...rests)).toBe(300_000);
    expect(now - START).toBeGreaterThanOrEqual(GIVE_UP_MS);
    expect(now - START).toBeLessThan(GIVE_UP_MS + 300_000);
    expect(desk.document.alerts[0]?.deliveries[0]).toMatchObject({ state: 'given_up', lastError: 'no way' });
    expect(desk.document.channels.email).toMatchObject({ up: false, failingSince: START });
  });

  it('spreads its attempts', () => {
    const dues = [0, 1].map((chance) => {
      const desk = deskWith('one');
      const { id } = take(desk, A, START)!;
      desk.turn((_, document) =>
        conclude(document, { id, channel: 'email' }, A, { ok: false, error: '' }, START, chance),
      );
      return nextDue(desk.document, 'email', A, START)! - START;
    });
    expect(dues).toEqual([1600, 2400]);
  });

  it('sends what rests as soon as the channel works again', () => {
    const desk = deskWith('one');
    const first = take(desk, A, START)!;
    end(desk, first.id, false, START);
    desk.turn((book) => book.raise(raised('two'), START + 1));
    const second = take(desk, A, START + 1)!;
    end(desk, second.id, true, START + 2);
    expect(nextDue(desk.document, 'email', A, START + 2)).toBe(START + 2);
  });

  it('tells the opening before the end, when both have waited', () => {
    const desk = deskWith('one');
    const first = take(desk, A, START)!;
    end(desk, first.id, false, START);
    desk.turn((book) => book.clear(cleared('one'), START + 1000));
    const order = [];
    for (let now = START + 1000; order.length < 2; now += 1000) {
      const batch = take(desk, A, now);
      if (batch === undefined) continue;
      order.push(batch.event);
      end(desk, batch.id, true, now);
    }
    expect(order).toEqual(['opened', 'resolved']);
  });

  it('holds what is silenced', () => {
    const desk = deskWith('one');
    const until = START + HOUR;
    desk.turn((_, { silences }) =>
      silences.push({ id: 's', match: { rule: 'memory' }, reason: '', by: 'ann', createdAt: START, until }),
    );
    expect(take(desk, A, START + MINUTE)).toBeUndefined();
    expect(take(desk, A, until)?.alerts).toHaveLength(1);
  });

  it('never loses a message or sends two at once, whatever ends in between', () => {
    const step = fc.record({
      sender: fc.constantFrom('a', 'b'),
      fate: fc.constantFrom('sent', 'failed', 'killed before', 'killed after'),
      ms: fc.integer({ min: 1, max: 60_000 }),
      event: fc.constantFrom('raise', 'clear', 'none'),
      subject: fc.constantFrom('one', 'two', 'three'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const desk = deskWith();
        const received = new Map<string, number>();
        const [kills, held] = [{ after: 0 }, new Map<string, number>()];
        let now = START;
        const send = (node: 'a' | 'b', fate: string) => {
          const batch = take(desk, node, now);
          if (batch === undefined) return;
          expect(held.get(batch.id) ?? 0).toBeLessThanOrEqual(now);
          if (fate === 'sent' || fate === 'killed after')
            received.set(batch.id, (received.get(batch.id) ?? 0) + 1);
          if (fate === 'killed after') kills.after++;
          if (!fate.startsWith('killed')) end(desk, batch.id, fate === 'sent', now, node);
          held.set(batch.id, 0);
        };
        for (const { sender, fate, ms, event, subject } of steps) {
          now += ms;
          if (event === 'raise') desk.turn((book) => book.raise(raised(subject), now));
          if (event === 'clear') desk.turn((book) => book.clear(cleared(subject), now));
          send(sender, fate);
        }
        for (let i = 0; i < 200 && countPending(desk.document, 'email') > 0; i++) {
          now += 400_000;
          send('a', 'sent');
        }
        expect(countPending(desk.document, 'email')).toBe(0);
        const sent = desk.document.alerts.flatMap(({ deliveries }) =>
          deliveries.filter(({ channel }) => channel === 'email'),
        );
        for (const { batch, state } of sent)
          expect([state, received.get(batch!)]).toEqual(['sent', expect.any(Number)]);
        const duplicates = [...received.values()].reduce((sum, count) => sum + count - 1, 0);
        expect(duplicates).toBeLessThanOrEqual(kills.after);
      }),
      { numRuns: 500 },
    );
  });
});
