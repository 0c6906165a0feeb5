import { describe, expect, it } from 'vitest';
import { CRITICAL, type Raised, WARNING } from '../../src/alerts/alert.js';
import { MOST_ALERTS } from '../../src/alerts/book.js';
import { keepUp } from '../../src/alerts/upkeep.js';
import { Desk, HOUR, MINUTE, START } from './support.js';

const DISK: Raised = {
  rule: 'disk-space',
  subject: 'node-1/state',
  severity: WARNING,
  rank: 1,
  title: 'Disk space runs out',
  what: '5 % free',
  action: 'make room',
  place: { chain: 'test-chain', node: 'node-1', blocks: [] },
};
const WORSE: Raised = { ...DISK, severity: CRITICAL, rank: 2, what: '1 % free' };
const CLEARED = { rule: DISK.rule, subject: DISK.subject, resolution: 'now 40 % free' };

describe('AlertBook', () => {
  it('opens one alert per fingerprint and tells every channel once', () => {
    const desk = new Desk();
    for (let i = 0; i < 10; i++) desk.turn((book) => book.raise(DISK, START + i * 1000));
    expect(desk.states()).toEqual(['disk-space open']);
    expect([desk.events('email'), desk.events('webhook'), desk.events('slack')]).toEqual([
      ['opened'],
      ['opened'],
      [],
    ]);
  });

  it('writes nothing for a condition that lasts, but for a sign every five minutes', () => {
    const desk = new Desk();
    desk.turn((book) => book.raise(DISK, START));
    const again = (ms: number) =>
      desk.turn((book) => {
        book.raise(DISK, START + ms);
        return book.changed;
      });
    expect(again(MINUTE)).toBe(false);
    expect(again(5 * MINUTE)).toBe(true);
    expect(desk.document.alerts[0]).toMatchObject({ count: 2, lastSeenAt: START + 5 * MINUTE, since: START });
  });

  it('lets a critical alert go at once, and others wait for company', () => {
    const desk = new Desk();
    desk.turn((book) => book.raise(DISK, START));
    desk.turn((book) => book.raise({ ...WORSE, subject: 'node-2/state' }, START));
    const waits = desk.document.alerts.map(({ deliveries }) => deliveries[0]!.notBefore - START);
    expect(waits).toEqual([5000, 0]);
  });

  it('tells that it got worse, and opens what was acknowledged', () => {
    const desk = new Desk();
    desk.turn((book) => book.raise(DISK, START));
    desk.turn((book, { alerts }) => book.acknowledge(alerts[0]!, 'ann', 'I look', START));
    expect(desk.states()).toEqual(['disk-space acknowledged']);
    desk.turn((book) => book.raise(WORSE, START + 1000));
    expect(desk.document.alerts[0]).toMatchObject({ state: 'open', severity: 'critical', what: '1 % free' });
    expect(desk.events()).toEqual(['opened', 'escalated']);
  });

  it('owes a channel one escalation at a time, which tells how bad it is when it goes out', () => {
    const desk = new Desk();
    for (let n = 0; n < 5; n++) {
      desk.turn((book) => book.raise(DISK, START + 2 * n * MINUTE));
      desk.turn((book) => book.raise(WORSE, START + (2 * n + 1) * MINUTE));
    }
    expect(desk.events()).toEqual(['opened', 'escalated']);
    desk.turn((_, { alerts }) => {
      for (const one of alerts[0]!.deliveries) one.state = 'sent';
    });
    desk.turn((book) => book.raise(DISK, START + HOUR));
    desk.turn((book) => book.raise(WORSE, START + HOUR + MINUTE));
    expect(desk.events()).toEqual(['opened', 'escalated', 'escalated']);
  });

  it('resolves and tells so, once', () => {
    const desk = new Desk();
    desk.turn((book) => book.raise(DISK, START));
    desk.turn((book) => book.clear(CLEARED, START + MINUTE));
    desk.turn((book) => book.clear(CLEARED, START + 2 * MINUTE));
    expect(desk.document.alerts[0]).toMatchObject({ state: 'resolved', resolvedAt: START + MINUTE });
    expect(desk.events()).toEqual(['opened', 'resolved']);
  });

  it('keeps a re-opening within the cool-down to itself until that ends, then tells if it lasts', () => {
    const desk = new Desk();
    desk.turn((book) => book.raise(DISK, START));
    desk.turn((book) => book.clear(CLEARED, START + MINUTE));
    desk.turn((book) => book.raise(DISK, START + 2 * MINUTE));
    expect([desk.document.alerts.length, desk.states()[0], desk.events()]).toEqual([
      1,
      'disk-space open',
      ['opened', 'resolved'],
    ]);
    desk.turn((book) => book.tick(START + 11 * MINUTE - 1));
    expect(desk.events()).toEqual(['opened', 'resolved']);
    desk.turn((book) => book.tick(START + 11 * MINUTE));
    expect(desk.events()).toEqual(['opened', 'resolved', 'opened']);
  });

  it('says nothing at all of a re-opening that is over before the cool-down ends', () => {
    const desk = new Desk();
    desk.turn((book) => book.raise(DISK, START));
    desk.turn((book) => book.clear(CLEARED, START + MINUTE));
    desk.turn((book) => book.raise(DISK, START + 2 * MINUTE));
    desk.turn((book) => book.clear(CLEARED, START + 3 * MINUTE));
    desk.turn((book) => book.tick(START + HOUR));
    expect([desk.states(), desk.events()]).toEqual([['disk-space resolved'], ['opened', 'resolved']]);
  });

  it('tells a re-opening at once when it is worse than before, and when the cool-down is over', () => {
    const desk = new Desk();
    desk.turn((book) => book.raise(DISK, START));
    desk.turn((book) => book.clear(CLEARED, START + MINUTE));
    desk.turn((book) => book.raise(WORSE, START + 2 * MINUTE));
    expect([desk.document.alerts.length, desk.events()]).toEqual([1, ['opened', 'resolved', 'opened']]);
    desk.turn((book) => book.clear(CLEARED, START + 3 * MINUTE));
    desk.turn((book) => book.raise(DISK, START + HOUR));
    expect(desk.document.alerts.map(({ state }) => state)).toEqual(['resolved', 'open']);
  });

  it('escalates a critical alert that nobody acknowledges in time, once', () => {
    const desk = new Desk();
    desk.turn((book) => book.raise(WORSE, START));
    desk.turn((book) => book.raise({ ...DISK, subject: 'warning' }, START));
    desk.turn((book) => book.raise({ ...WORSE, subject: 'acknowledged' }, START));
    desk.turn((book, { alerts }) => book.acknowledge(alerts[2]!, 'ann', undefined, START));
    for (const minutes of [29, 30, 31, 60]) desk.turn((book) => book.tick(START + minutes * MINUTE));
    const told = desk.document.alerts.map(({ deliveries }) =>
      deliveries.filter(({ channel }) => channel === 'email').map(({ event }) => event),
    );
    expect(told).toEqual([['opened', 'escalated'], ['opened'], ['opened']]);
    expect(desk.document.alerts[0]?.escalatedAt).toBe(START + 30 * MINUTE);
  });

  it('reminds of what is open every so many hours, not of what is acknowledged or not sent yet', () => {
    const desk = new Desk({ escalateAfterMs: 0 });
    desk.turn((book) => book.raise(DISK, START));
    desk.turn((book) => book.tick(START + 25 * HOUR));
    expect(desk.events()).toEqual(['opened']);
    desk.turn((_, { alerts }) => {
      for (const delivery of alerts[0]!.deliveries) delivery.state = 'sent';
    });
    desk.turn((book) => book.tick(START + 25 * HOUR));
    expect(desk.events()).toEqual(['opened', 'reminder']);
    desk.turn((book, { alerts }) => {
      for (const delivery of alerts[0]!.deliveries) delivery.state = 'sent';
      book.acknowledge(alerts[0]!, 'ann', undefined, START);
    });
    desk.turn((book) => book.tick(START + 100 * HOUR));
    expect(desk.events()).toEqual(['opened', 'reminder']);
  });

  it('reminds over a channel that works while another is down', () => {
    const desk = new Desk({ escalateAfterMs: 0 });
    desk.turn((book) => book.raise(DISK, START));
    const sent = () =>
      desk.turn((_, { alerts }) => {
        for (const one of alerts[0]!.deliveries) if (one.channel === 'webhook') one.state = 'sent';
      });
    sent();
    desk.turn((book) => book.tick(START + 25 * HOUR));
    sent();
    desk.turn((book) => book.tick(START + 50 * HOUR));
    expect([desk.events('email'), desk.events('webhook')]).toEqual([
      ['opened'],
      ['opened', 'reminder', 'reminder'],
    ]);
  });

  it('gives up what a channel is owed that is switched off, unless another node still tries it', () => {
    const desk = new Desk();
    desk.turn((book) => book.raise({ ...WORSE, rule: 'monitor-silent' }, START));
    const keep = (now: number) =>
      desk.turn((book, document) => keepUp(book, document, ['webhook'], 'test-chain', now));
    expect(keep(START + HOUR - 1)).toEqual([]);
    desk.turn((_, { alerts }) => Object.assign(alerts[0]!.deliveries[0]!, { notBefore: START + MINUTE }));
    expect(keep(START + HOUR)).toEqual([]);
    expect(keep(START + HOUR + MINUTE)).toMatchObject([{ channel: 'email', state: 'given_up' }]);
    const states = desk.document.alerts[0]!.deliveries.map(({ channel, state }) => `${channel} ${state}`);
    expect(states).toEqual(['email given_up', 'webhook pending']);
  });

  it('drops reminders that nobody needs any more when it resolves', () => {
    const desk = new Desk();
    desk.turn((book) => book.raise(WORSE, START));
    desk.turn((book) => book.tick(START + 30 * MINUTE));
    desk.turn((book) => book.clear(CLEARED, START + 31 * MINUTE));
    expect(desk.events()).toEqual(['opened', 'resolved']);
  });

  it('shows what is silenced, and tells of it when the silence ends', () => {
    const desk = new Desk();
    const silence = {
      id: 's',
      match: { rule: 'disk-space' as const },
      reason: 'works',
      by: 'ann',
      createdAt: START,
    };
    desk.turn((_, document) => document.silences.push({ ...silence, until: START + HOUR }));
    desk.turn((book) => book.raise(WORSE, START));
    desk.turn((book) => book.tick(START + HOUR - 1));
    expect([desk.states(), desk.events()]).toEqual([['disk-space open'], []]);
    desk.turn((book) => book.tick(START + HOUR));
    expect([desk.events(), desk.document.silences]).toEqual([['opened'], []]);
  });

  it('tells once, when the silence ends, that it got worse in a silence', () => {
    const desk = new Desk({ escalateAfterMs: 0 });
    const silence = { id: 's', match: { severity: CRITICAL }, reason: 'works', by: 'ann', createdAt: START };
    desk.turn((book) => book.raise(DISK, START));
    desk.turn((_, document) => document.silences.push({ ...silence, until: START + HOUR }));
    desk.turn((book) => book.raise(WORSE, START + MINUTE));
    desk.turn((book) => book.tick(START + HOUR - 1));
    expect(desk.events()).toEqual(['opened']);
    desk.turn((book) => book.tick(START + HOUR));
    desk.turn((book) => book.tick(START + 2 * HOUR));
    expect(desk.events()).toEqual(['opened', 'escalated']);
    desk.turn((book) => book.clear(CLEARED, START + 3 * HOUR));
    expect(desk.events()).toEqual(['opened', 'resolved']);
  });

  it('says nothing of what began and ended in a silence', () => {
    const desk = new Desk();
    const silence = { id: 's', match: { severity: CRITICAL }, reason: 'works', by: 'ann', createdAt: START };
    desk.turn((_, document) => document.silences.push({ ...silence, until: START + HOUR }));
    desk.turn((book) => book.raise(WORSE, START));
    desk.turn((book) => book.clear(CLEARED, START + MINUTE));
    desk.turn((book) => book.tick(START + 2 * HOUR));
    expect(desk.events()).toEqual([]);
  });

  it('does not tell a channel over itself that it is down', () => {
    const desk = new Desk();
    desk.turn((book) => book.raise({ ...DISK, rule: 'channel-down', subject: 'email' }, START));
    expect([desk.events('email'), desk.events('webhook')]).toEqual([[], ['opened']]);
  });

  it('keeps a bounded number, and lets go of resolved ones before others', () => {
    const desk = new Desk({ channels: [] });
    desk.turn((book) => {
      for (let i = 0; i < MOST_ALERTS; i++) book.raise({ ...DISK, subject: `volume-${i}` }, START + i);
      book.clear({ ...CLEARED, subject: 'volume-7' }, START + HOUR);
      book.raise({ ...DISK, subject: 'one more' }, START + HOUR);
    });
    const subjects = desk.document.alerts.map(({ fingerprint }) => fingerprint);
    expect(subjects).toHaveLength(MOST_ALERTS);
    expect(subjects).not.toContain('disk-space/volume-7');
    expect(subjects.at(-1)).toBe('disk-space/one more');
  });
});
