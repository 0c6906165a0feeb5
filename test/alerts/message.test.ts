import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { htmlMessage, messageOf, plainMessage } from '../../src/alerts/message.js';
import { oneLine } from '../../src/alerts/plain-text.js';
import { alertOf, CONTEXT, HOSTILE, HOUR, START } from './support.js';

const batch = { id: 'b', channel: 'email', event: 'opened', alerts: [alertOf()] } as const;

describe('a message', () => {
  it('says what, where, since when and what to do now, with links', () => {
    expect(plainMessage(messageOf(batch, CONTEXT, START + HOUR))).toBe(
      [
        'Chain altered [critical]',
        '',
        'What: Replica replica-1 is Critical',
        'Where: chain test-chain, replica replica-1, node node-1, block 7',
        'Since: 2026-03-01 12:00:00 UTC (60 min ago)',
        'What to do now: Stop appending.',
        'Rule: integrity-critical, seen 1 time',
        'Alert: https://node.example/#/alerts/alert-1',
        'Report: https://node.example/#/report/job-9',
        '',
        'Sent by the ProvChain node node-1 for chain test-chain.',
        '',
      ].join('\n'),
    );
  });

  it('has no links where nobody said under which address people reach the node', () => {
    const text = plainMessage(messageOf(batch, { chain: 'c', node: 'n' }, START));
    expect(text).not.toContain('http');
  });

  it('says why it is told again, and how it ended', () => {
    const told = (event: 'escalated' | 'resolved' | 'reminder', part = {}) =>
      plainMessage(messageOf({ ...batch, event, alerts: [alertOf(part)] }, CONTEXT, START));
    expect(told('escalated', { escalatedAt: START })).toContain('Nobody has acknowledged it in time.');
    expect(told('escalated')).toContain('It got worse.');
    const ended = told('resolved', { resolvedAt: START, resolution: 'Well again.' });
    expect(ended).toContain('Resolved: 2026-03-01 12:00:00 UTC. Well again.');
    expect(ended).not.toContain('What to do now');
    expect(messageOf({ ...batch, event: 'reminder' }, CONTEXT, START).subject).toContain(
      'Still open: Chain altered',
    );
  });

  it('tells of several alerts in one, the worst in its subject', () => {
    const alerts = [alertOf({ rank: 1, title: 'Few' }), alertOf({ title: 'Bad' })];
    const { subject, entries } = messageOf({ ...batch, alerts }, CONTEXT, START);
    expect([subject, entries.length]).toEqual([
      '[critical] Bad (and 1 more) - chain test-chain, replica-1',
      2,
    ]);
  });

  it('makes one line of text of whatever comes from outside', () => {
    const message = messageOf(
      { ...batch, alerts: [alertOf({ title: HOSTILE, what: HOSTILE, action: HOSTILE })] },
      CONTEXT,
      START,
    );
    expect(plainMessage(message).split('\n')).toHaveLength(12);
    expect(htmlMessage(message)).not.toMatch(/<script|<!channel|<@U123/);
    expect(htmlMessage(message)).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  });
});

describe('oneLine', () => {
  it('keeps ordinary text of every language', () => {
    for (const text of ['plain', 'Größe – 10 %', '日本語', 'مرحبا', '🔴 e\u0301', "it's <b>"])
      expect(oneLine(text, 99)).toBe(text);
  });

  it('has no breaks, controls, marks of direction or lone surrogates, and its length is bounded', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 300 }),
        fc.integer({ min: 1, max: 80 }),
        (text, most) => {
          const line = oneLine(`${text}\ud800\u202e\r\n\u0000`, most);
          expect([...line].length).toBeLessThanOrEqual(most);
          expect(line.isWellFormed()).toBe(true);
          expect(line).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069\u200b\ufeff]/u);
        },
      ),
    );
  });
});
