// A job on one of a world's runners, played as GitHub's runner plays it, with what can be seen of it from outside.

import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { DroneScenario } from '../../src/try/drone/index.ts';
import { defaultEvent } from '../../src/try/default-event.ts';
import { claimsOf } from '../../src/try/facts.ts';
import type { Issuer } from '../../src/try/issuer.ts';
import { type Conclusion, playJob } from '../../src/try/runner/index.ts';
import { readWorkflow, selectJobs } from '../../src/try/workflow/index.ts';
import type { PlayedDrone } from './drone.ts';
import { slug } from './drone.ts';
import type { SeenBuild } from './judge.ts';

const workflow = `
on: push
jobs:
  deploy:
    runs-on: airlock
    permissions: { id-token: write }
    container: airlock
    steps:
      - id: drone
        run: drone build
        env: { PARAM_ENVIRONMENT: staging }
`;

export interface Job {
  /** GitHub's number of its run. */
  readonly run: string;
  readonly folder: string;
  readonly lines: readonly string[];
  /** Makes the runner begin. */
  start(): void;
  readonly conclusion: Promise<Conclusion>;
  cancel(): void;
  builds(): SeenBuild[];
  /** Of its newest build; undefined: none. */
  number(): number | undefined;
}

export interface JobParts {
  readonly folder: string;
  readonly hook: string;
  readonly issuer: Issuer;
  readonly drone: PlayedDrone;
}

let count = 0;

/** @param socket that this runner has of its gate */
export function newJob(
  { folder: parent, hook, issuer, drone }: JobParts,
  socket: string,
  scenario: DroneScenario,
): Job {
  count += 1;
  const [run, sha] = [String(1_000 + count), count.toString(16).padStart(40, '0')];
  const event = defaultEvent({ repository: slug, runId: run, checkRunId: String(900_000 + count), sha });
  const [job] = selectJobs(readWorkflow(workflow, 'deploy.yml'), 'deploy');
  if (job === undefined) throw new Error('the workflow has no job');
  const folder = mkdtempSync(join(parent, 'job-'));
  const idToken = issuer.admit(claimsOf(job, event));
  const lines: string[] = [];
  const cancel = new AbortController();
  drone.scenarios.set(sha, scenario);
  const ours = () => drone.store.builds(slug).filter(({ after }) => after === sha);

  let start = (): void => undefined;
  const started = new Promise<void>((done) => (start = done));
  const play = () =>
    playJob({
      job,
      event,
      hook,
      environment: {
        AIRLOCK_GATE: `unix:${socket}`,
        AIRLOCK_ID_TOKEN_HOST: issuer.host,
        ACTIONS_ID_TOKEN_REQUEST_URL: idToken.url,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: idToken.token,
      },
      secrets: {},
      vars: {},
      tempDir: folder,
      onOutput: ({ text }) => lines.push(text),
      signal: cancel.signal,
    });
  return {
    run,
    folder,
    lines,
    start,
    conclusion: started.then(play).then(({ conclusion }) => conclusion),
    cancel: () => cancel.abort(),
    builds: () => ours().map(({ status, params }) => ({ status, nonce: params['AIRLOCK_NONCE'] ?? '' })),
    number: () => ours().at(-1)?.number,
  };
}
