import type { BenchOptions } from '../group.js';
import { type Bar, type BenchRow, median } from '../row.js';
import { WrongAnswer } from '../verify.js';
import { type Aim, type Fire, type Shot, shoot } from './cannon.js';

/** Two servers that are fired at in turns. */
export interface Duel {
  readonly name: string;
  readonly title: string;
  readonly bar: Bar;
  readonly ours: { readonly url: string; readonly fire: Fire };
  readonly peer: { readonly url: string; readonly fire: Fire };
  /** Requests of a turn, where each of them costs work that has to be done afterwards. */
  readonly amount?: number;
  /** Statuses that are no mistake; 200 when not given. */
  readonly expect?: readonly number[];
  readonly notes?: readonly string[];
}

const CONNECTIONS = 64;
const TURN_SECONDS = 5;
const WARM_UP_SECONDS = 1;

/**
 * Fires at both in turns after a turn of each that does not count; medians of the rates. Where a turn is a number of
 * requests, the first one is as long as the others: code is still being compiled after a thousand. Errors: WrongAnswer.
 */
export async function fight(duel: Duel, { quick, note }: BenchOptions): Promise<BenchRow> {
  const pairs = quick ? 2 : 5;
  const seconds = quick ? 1 : TURN_SECONDS;
  note(`${duel.name}: ${pairs} pairs`);
  const turn = async (side: 'ours' | 'peer', warm: boolean): Promise<Shot> => {
    const { url, fire } = duel[side];
    const load: Partial<Aim> =
      duel.amount === undefined ? { seconds: warm ? WARM_UP_SECONDS : seconds } : { amount: duel.amount };
    const shot = await shoot({ url, connections: CONNECTIONS, ...load }, fire);
    checkShot(`${duel.name}, ${side}`, shot, duel.expect ?? [200]);
    return shot;
  };
  await turn('peer', true);
  await turn('ours', true);
  const ours: Shot[] = [];
  const peer: Shot[] = [];
  for (let i = 0; i < pairs; i++) {
    ours.push(await turn('ours', false));
    peer.push(await turn('peer', false));
  }
  return {
    name: duel.name,
    title: duel.title,
    table: 'load',
    unit: 'req/s',
    ours: median(ours.map(({ rate }) => rate)),
    peer: median(peer.map(({ rate }) => rate)),
    bar: duel.bar,
    settings: {
      connections: CONNECTIONS,
      pairs,
      ...(duel.amount ? { amount: duel.amount } : { seconds }),
      quick,
    },
    notes: [latencies('ours', ours), latencies('peer', peer), ...(duel.notes ?? [])],
  };
}

function checkShot(what: string, { errors, statuses, problem }: Shot, expected: readonly number[]): void {
  if (problem !== undefined) throw new WrongAnswer(what, problem);
  if (errors > 0) throw new WrongAnswer(what, `${errors} connections broke`);
  const others = Object.entries(statuses).filter(([status]) => !expected.includes(Number(status)));
  if (others.length > 0)
    throw new WrongAnswer(what, `answers with status ${JSON.stringify(Object.fromEntries(others))}`);
  if (Object.keys(statuses).length === 0) throw new WrongAnswer(what, 'no answers');
}

export function latencies(whose: string, shots: readonly Shot[]): string {
  const of = (figure: 'p50' | 'p97' | 'p99') => median(shots.map((shot) => shot[figure]));
  const errors = shots.reduce((sum, shot) => sum + shot.errors, 0);
  return `${whose}: p50 ${of('p50')} ms, p97.5 ${of('p97')} ms, p99 ${of('p99')} ms, ${errors} errors`;
}
