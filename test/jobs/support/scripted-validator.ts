import { hash } from 'node:crypto';
import { ProvChainError } from '../../../src/errors.js';
import type { JobValidator, RunOptions, RunResult, RunSpec } from '../../../src/jobs/index.js';
import type { Plan, Report, ShardOutcome, ShardTask, Status } from '../../../src/validation/index.js';

type Script = (spec: RunSpec, options: RunOptions) => Promise<RunResult>;

/**
 * Stands in for the validator where a test is about what becomes of a job and not about what is checked: each run does
 * what the test says, so that it can be stopped at any point. Without a script a run ends at once, and is healthy.
 */
export class ScriptedValidator implements JobValidator {
  readonly runs: RunSpec[] = [];
  script: Script = async (spec) => ({ report: reportOf(spec) });
  shardScript: (plan: Plan, task: ShardTask, signal: AbortSignal) => Promise<ShardOutcome> = async () => {
    throw new ProvChainError('INTERNAL', 'no shard was expected');
  };

  async run(_dir: string, spec: RunSpec, options: RunOptions): Promise<RunResult> {
    this.runs.push(spec);
    return this.script(spec, options);
  }

  runShard(_dir: string, plan: Plan, task: ShardTask, signal: AbortSignal): Promise<ShardOutcome> {
    return this.shardScript(plan, task, signal);
  }

  /** From now on runs wait until the gate is opened, or until they are stopped: then they end as Incomplete. */
  close(): Gate {
    const gate = new Gate();
    this.script = async (spec, { signal }) => {
      const stopped = new Promise<'stopped'>((resolve) => {
        if (signal.aborted) resolve('stopped');
        signal.addEventListener('abort', () => resolve('stopped'), { once: true });
      });
      const how = await Promise.race([gate.opened, stopped]);
      return { report: reportOf(spec, how === 'stopped' ? 'Incomplete' : 'Healthy') };
    };
    return gate;
  }
}

export class Gate {
  open: () => void = () => {};
  readonly opened = new Promise<void>((resolve) => {
    this.open = resolve;
  });
}

/** A report of the right shape, with a digest that depends on the status only. */
export function reportOf(spec: RunSpec, status: Status = 'Healthy', headHash = 'a'.repeat(64)): Report {
  const now = new Date().toISOString();
  const height = spec.pin?.height ?? 10;
  const group = { ran: false, findings: 0, durationMs: 0 };
  return {
    schema: 'provchain-report/1',
    jobId: spec.jobId,
    chain: { id: 'chain', format: 'provchain/1', height, headHash },
    replica: 'replica',
    node: spec.node,
    level: spec.level ?? 'Custom',
    scope: { from: spec.from ?? 0, to: spec.to ?? height, partial: false },
    status,
    complete: status !== 'Incomplete',
    anchored: true,
    verifiedAboveAnchor: 0,
    startedAt: now,
    finishedAt: now,
    durationMs: 0,
    checked: {
      headers: height,
      payloads: 0,
      payloadBytes: 0,
      quads: 0,
      transactions: 0,
      signatures: 0,
      canonicalized: 0,
    },
    findingCounts: {},
    findings: [],
    checks: { blockchain: group, transactions: group, sparql: group, canonicalization: group },
    recommendations: [],
    engine: { version: '0', policyHash: '0'.repeat(64) },
    shards: [],
    asOf: now,
    reportDigest: hash('sha256', status),
  };
}
