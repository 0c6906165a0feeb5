import { type Client, createClient, hasEnded, type RemoteJob } from '../../src/client/index.js';
import { WrongAnswer } from '../verify.js';

/** Jobs asked about at one time. */
const LOOKS_AT_ONCE = 16;
const PAUSE_MS = 20;
const JOB_ID = /"jobId":"([0-9a-f-]{36})"/;
/** Reports that are fetched and looked at, of all jobs of a turn. */
const SAMPLED_REPORTS = 20;

export type Ends = Readonly<Record<RemoteJob['state'], number>>;

/** The jobs that a node has accepted while it was measured: each must come to an end that can be seen. */
export class AcceptedJobs {
  readonly #ids = new Set<string>();

  /** Takes the body of an answer 202, and says what is wrong with it. */
  take(body: string): string | undefined {
    // Parsing the whole of it would take CPU that the node is to have, and not its peer's client.
    const jobId = JOB_ID.exec(body)?.[1];
    if (jobId === undefined) return 'an accepted job has no id';
    this.#ids.add(jobId);
    return undefined;
  }

  get count(): number {
    return this.#ids.size;
  }

  /**
   * Waits until all have ended, and looks at the reports of some. Errors: WrongAnswer when a job is not there, when a
   * report is not that of an intact chain, or when some have not ended after `limitMs`.
   */
  async awaitEnds(url: string, limitMs: number): Promise<Ends> {
    const client = createClient({ url });
    const ends: Record<RemoteJob['state'], number> = {
      queued: 0,
      running: 0,
      completed: 0,
      failed: 0,
      cancelled: 0,
    };
    const open = [...this.#ids];
    const deadline = performance.now() + limitMs;
    const follow = async () => {
      for (let jobId = open.pop(); jobId !== undefined; jobId = open.pop()) {
        ends[await endOf(client, jobId, deadline)]++;
      }
    };
    await Promise.all(Array.from({ length: LOOKS_AT_ONCE }, follow));
    await this.#sampleReports(client);
    return ends;
  }

  async #sampleReports(client: Client): Promise<void> {
    const ids = [...this.#ids];
    const step = Math.max(1, Math.floor(ids.length / SAMPLED_REPORTS));
    for (let i = 0; i < ids.length; i += step) {
      const job = await client.get(ids[i]!);
      if (job.state !== 'completed') continue;
      const { status, complete, findingCounts } = await client.report(ids[i]!);
      if (status !== 'Healthy' || !complete) {
        throw new WrongAnswer(
          `job ${ids[i]}`,
          `${status}, complete: ${complete}, ${JSON.stringify(findingCounts)}`,
        );
      }
    }
  }
}

async function endOf(client: Client, jobId: string, deadline: number): Promise<RemoteJob['state']> {
  for (;;) {
    const job = await client.get(jobId);
    if (hasEnded(job)) return job.state;
    if (performance.now() > deadline) throw new WrongAnswer(`job ${jobId}`, `it is still ${job.state}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
