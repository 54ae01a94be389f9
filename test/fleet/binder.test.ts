// identity.bind: github. GitHub is asked on which runner the job of a token runs.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { githubBinder } from '../../src/fleet/github/binder.ts';
import type { Claims } from '../../src/policy/index.ts';
import type { FakeJob } from '../fakes/github-api.ts';
import { type GitHubBench, startGitHubBench } from './support/github.ts';

let bench: GitHubBench;
let job: FakeJob;
beforeEach(async () => {
  bench = await startGitHubBench();
  job = { id: 11, run_id: 7, run_attempt: 2, status: 'in_progress', runner_id: 105, runner_name: 'airlock-1' };
  bench.fake.jobs.set('octo/app', new Map([[11, job]]));
});
afterEach(() => bench.end());

const claims = { repository: 'octo/app', runId: '7', runAttempt: '2', checkRunId: '11' } as Claims;

async function check(change: Partial<Claims> = {}, runner = 'airlock-1', limit = 20_000): Promise<void> {
  const binder = githubBinder(bench.client(), {
    registrationOf: (name) => (name === 'airlock-1' ? 105 : null),
    again: 10,
  });
  await binder.check({ ...claims, ...change }, { id: runner, ephemeral: true }, AbortSignal.timeout(limit));
}
const refusal = (message: string): object => ({ code: 'job-not-on-runner', message });
const elsewhere = refusal('the job that this token proves runs on another runner');

describe('a job', () => {
  test('on this very runner is believed', async () => {
    await check();
    expect(bench.fake.asked.at(-1)).toMatchObject({ method: 'GET', path: '/repos/octo/app/actions/jobs/11' });
  });

  test('that no runner has yet is looked at again', async () => {
    Object.assign(job, { runner_id: null, runner_name: null, status: 'queued' });
    const checked = check();
    setTimeout(() => Object.assign(job, { runner_id: 105, runner_name: 'airlock-1', status: 'in_progress' }), 100);
    await checked;
  });

  test('that no runner ever has is not believed', async () => {
    Object.assign(job, { runner_id: 0, runner_name: '' });
    await expect(check({}, 'airlock-1', 300)).rejects.toThrow(/aborted/);
  });

  test.for<[string, Partial<FakeJob>]>([
    ['on a runner of another name', { runner_name: 'airlock-2' }],
    ['on a runner of this name with another number', { runner_id: 106 }],
    ['of another run', { run_id: 8 }],
    ['of another attempt', { run_attempt: 1 }],
    ['of another id', { id: 12 }],
  ])('%s is refused', async ([, change]) => {
    Object.assign(job, change);
    await expect(check()).rejects.toMatchObject(elsewhere);
  });

  test('of a name that only begins like this runner is refused', async () => {
    await expect(check({}, 'airlock-1x')).rejects.toMatchObject(elsewhere);
  });

  test('that has ended is refused', async () => {
    job.status = 'completed';
    await expect(check()).rejects.toMatchObject(refusal('the job that this token proves has ended'));
  });

  test('that the token does not name is refused', async () => {
    await expect(check({ checkRunId: undefined })).rejects.toMatchObject(
      refusal('the token names no check run, so nobody can say where its job runs'),
    );
  });

  test('that GitHub does not show is not believed, and the operator is told what to look at', async () => {
    await expect(check({ repository: 'octo/other' })).rejects.toThrow('the App needs actions: read');
  });

  test('is not believed while GitHub is away', async () => {
    bench.fake.disturb = ({ path }) => (path.includes('/jobs/') ? { status: 502 } : undefined);
    await expect(check()).rejects.toMatchObject({ trouble: 'refused', status: 502 });
  });

  test('of a repository with a name that is none is asked for as that name, never as another path', async () => {
    await expect(check({ repository: 'octo/app%2f..%2f..' })).rejects.toThrow('GitHub shows no job');
    expect(bench.fake.asked.at(-1)?.path).toBe('/repos/octo/app%252f..%252f../actions/jobs/11');
  });
});
