import { ProvChainError } from '../errors.js';
import type { Validator } from '../pool/index.js';
import type { Base } from './base.js';
import { diskProbe, type Probe } from './health.js';
import type { LocalReplica } from './local-replica.js';
import type { Writing } from './writer.js';

interface Parts {
  readonly base: Base;
  readonly replica: LocalReplica;
  readonly validator: Validator;
  readonly writing: Writing;
  readonly stopping: AbortSignal;
}

/** What a node looks at to say whether it is well. */
export function probesOf({ base, replica, validator, writing, stopping }: Parts): readonly Probe[] {
  const { fleet, settings, state, files } = base;
  const diskMs = settings.monitoring.health_checks.check_interval_seconds * 1000;
  const redis = fleet && {
    name: 'redis',
    required: true,
    async look() {
      await fleet.redis.control().ping();
      return undefined;
    },
  };
  return [
    {
      name: 'stopping',
      required: true,
      async look() {
        if (stopping.aborted) throw new ProvChainError('SHUTTING_DOWN', 'the node is about to stop');
        return undefined;
      },
    },
    {
      name: 'validator',
      required: true,
      async look() {
        await validator.ready();
        return `process ${validator.stats().pid}`;
      },
    },
    {
      name: 'chain',
      required: true,
      async look() {
        const { height } = await replica.head();
        return `${height} blocks`;
      },
    },
    {
      name: 'state',
      required: true,
      async look() {
        await state.get('node-id');
        // Writes nothing, and is refused once a write has failed: a node that can accept no job is not ready.
        await state.put([]);
        return undefined;
      },
    },
    ...(redis ? [redis] : []),
    {
      name: 'writer',
      required: false,
      async look() {
        if ('ledger' in writing) {
          writing.ledger.requireWritable();
          return 'appends';
        }
        if (settings.blockchain.role === 'writer') throw new ProvChainError('NOT_WRITER', writing.reason);
        return `reads only: ${writing.reason}`;
      },
    },
    diskProbe('chain disk', files.dir, diskMs),
    diskProbe('state disk', settings.state.directory, diskMs),
  ];
}
