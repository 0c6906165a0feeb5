import { describe, expect, it } from 'vitest';
import { Gate } from '../../src/pool/gate.js';

const never = new AbortController().signal;
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Owners in the order in which they were let in; each keeps its lane until `leave` is called. */
function admissions(gate: Gate, owners: readonly string[]): string[] {
  const order: string[] = [];
  for (const owner of owners) {
    void gate.enter(owner, never).then((entered) => entered && order.push(owner));
  }
  return order;
}

async function leaveAll(gate: Gate): Promise<void> {
  while (gate.running > 0) {
    gate.leave();
    await turn();
  }
}

describe('Gate', () => {
  it('lets as many in as there are lanes', async () => {
    const gate = new Gate(2);
    const order = admissions(gate, ['a', 'a', 'a']);
    await turn();
    expect(order).toHaveLength(2);
    expect(gate.running).toBe(2);
    gate.leave();
    await turn();
    expect(order).toHaveLength(3);
    expect(gate.running).toBe(2);
  });

  it('has owners take turns, however many tasks one of them has waiting', async () => {
    const gate = new Gate(1);
    const order = admissions(gate, ['a', 'a', 'a', 'a', 'b', 'b', 'c']);
    await turn();
    await leaveAll(gate);
    expect(order.join('')).toBe('aabcaba');
  });

  it('lets nobody in whose signal is aborted, before or while waiting', async () => {
    const gate = new Gate(1);
    expect(await gate.enter('a', AbortSignal.abort())).toBe(false);
    const stop = new AbortController();
    await gate.enter('a', never);
    const waiting = gate.enter('b', stop.signal);
    const other = gate.enter('b', never);
    stop.abort();
    expect(await waiting).toBe(false);
    gate.leave();
    expect(await other).toBe(true);
    expect(gate.running).toBe(1);
  });

  it('lets more in at once when lanes are added, and nobody until enough have left when they are taken away', async () => {
    const gate = new Gate(1);
    const order = admissions(gate, ['a', 'b', 'c', 'd', 'e']);
    gate.resize(3);
    await turn();
    expect(order).toEqual(['a', 'b', 'c']);
    gate.resize(1);
    gate.leave();
    gate.leave();
    await turn();
    expect(order).toEqual(['a', 'b', 'c']);
    gate.leave();
    await turn();
    expect(order).toEqual(['a', 'b', 'c', 'd']);
  });
});
