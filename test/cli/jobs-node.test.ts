import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blockKey } from '../../src/chain/index.js';
import { smallChain, temporaryFolder } from '../support/chains.js';
import { provchain } from '../support/cli.js';
import { startNode, type TestNode } from '../support/node.js';
import { tamper } from '../support/raw-store.js';

const folder = temporaryFolder();
const BLOCKS = 20;
let intact: TestNode;
let damaged: TestNode;

beforeAll(async () => {
  const [good, bad] = [join(folder.path, 'intact'), join(folder.path, 'damaged')];
  await smallChain(good, BLOCKS);
  await smallChain(bad, BLOCKS);
  await tamper(bad, (store) => store.put('payload', blockKey(7), Buffer.from('<urn:s> <urn:p> "x" .\n')));
  [intact, damaged] = await Promise.all([startNode({ dir: good }), startNode({ dir: bad })]);
});

afterAll(async () => {
  await Promise.all([intact?.stop(), damaged?.stop()]);
  folder.remove();
});

const jobs = (node: TestNode, ...args: string[]) =>
  provchain(['jobs', ...args, '--server', node.url, '--json']);

interface Outcome {
  readonly cached: boolean;
  readonly job: { readonly jobId: string; readonly state: string } | null;
  readonly report: { readonly status: string; readonly findings: { code: string; block: number }[] } | null;
}

const outcomeOf = ({ stdout }: { stdout: string }) => JSON.parse(stdout) as Outcome;

describe('provchain jobs with a node', () => {
  it('validates there and shows the report; the next answer comes from the cache', async () => {
    const first = await jobs(intact, 'submit', '--level', 'full', '--wait');
    expect([first.status, first.stderr]).toEqual([0, '']);
    const { job, report } = outcomeOf(first);
    expect([job?.state, report?.status]).toEqual(['completed', 'Healthy']);
    const second = await jobs(intact, 'submit', '--level', 'full');
    expect(outcomeOf(second)).toMatchObject({ cached: true, job: null, report: { status: 'Healthy' } });
    const listed = JSON.parse((await jobs(intact, 'list', '--state', 'completed')).stdout) as {
      jobs: { jobId: string }[];
    };
    expect(listed.jobs.map(({ jobId }) => jobId)).toContain(job?.jobId);
    const shown = await jobs(intact, 'show', job!.jobId);
    expect([shown.status, outcomeOf(shown).report?.status]).toEqual([0, 'Healthy']);
    const watched = await jobs(intact, 'watch', job!.jobId);
    expect([watched.status, outcomeOf(watched).report?.status]).toEqual([0, 'Healthy']);
  });

  it('ends with 2 and names the block of a chain that was altered there', async () => {
    const outcome = await jobs(damaged, 'submit', '--level', 'standard', '--wait');
    expect(outcome.status).toBe(2);
    const { report } = outcomeOf(outcome);
    expect(report?.status).toBe('Critical');
    expect(report?.findings.map(({ code, block }) => [code, block])).toContainEqual([
      'PAYLOAD_DIGEST_MISMATCH',
      7,
    ]);
  });

  it('shows what a fleet job came to, replica by replica', async () => {
    const sound = await jobs(intact, 'submit', '--fleet', '--wait');
    expect([sound.status, sound.stderr]).toEqual([0, '']);
    const { job } = JSON.parse(sound.stdout) as {
      job: { jobId: string; agree: boolean; replicas: { status: string }[] };
    };
    expect([job.agree, job.replicas.map(({ status }) => status)]).toEqual([true, ['Healthy']]);
    expect((await jobs(intact, 'show', job.jobId)).status).toBe(0);
    expect((await jobs(damaged, 'submit', '--fleet', '--wait')).status).toBe(2);
  });

  it('passes on what the node refuses', async () => {
    const outcome = await jobs(intact, 'submit', '--from', '500', '--to', '501');
    expect([outcome.status, outcome.stdout]).toEqual([65, '']);
    expect((JSON.parse(outcome.stderr) as { error: { code: string } }).error.code).toBe('OUT_OF_RANGE');
    expect((await jobs(intact, 'cancel', '0198c0de-7000-7000-8000-000000000000')).status).toBe(65);
  });

  it('checks a proof that the node made, offline', async () => {
    const answer = await fetch(`${intact.url}/api/blocks/5/proof`);
    const file = join(folder.path, 'proof.json');
    writeFileSync(file, await answer.text());
    const trust = join(folder.path, 'intact', 'chain.json');
    const { status, stdout } = await provchain(['proof', 'verify', file, '--trust', trust, '--json']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ block: { index: 5 }, head: { index: BLOCKS } });
  });
});
