// A gate as a process, sockets of several runners, and the two kinds of runner that use them: one that plays a job with
// the real hook, and one that an attacker controls, which makes single calls.

import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundle } from '../../../scripts/bundle.mjs';
import { defaultEvent } from '../../../src/try/default-event.ts';
import { claimsOf } from '../../../src/try/facts.ts';
import { startIssuer } from '../../../src/try/issuer.ts';
import { type JobResult, playJob } from '../../../src/try/runner/index.ts';
import { type Job, readWorkflow, selectJobs } from '../../../src/try/workflow/index.ts';
import { droneToken, slug } from '../../e2e/support/world.ts';
import { call } from '../../gate/support/http.ts';
import { plainEnv } from '../../support/run.ts';
import type { GateProcessSettings, Memory } from './gate-process.ts';

export type Kind = 'staging' | 'flood' | 'endless' | 'bodies';

export interface World {
  /** A whole job, with the hook. */
  job(runner: string, kind: Kind): Promise<JobResult>;
  /** Asks for a task as a hook does; answers its id. */
  task(runner: string, kind: Kind): Promise<string>;
  socket(runner: string): string;
  memory(): Promise<Memory>;
  signal(name: NodeJS.Signals): void;
  /** Of the gate's process. */
  openFiles(): number;
  /** Resident bytes of its largest child: a cell. */
  largestCell(): number;
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly drone: string;
  readonly docker?: { readonly engine: string; readonly network: string; readonly image: string };
}

const runners = ['runner-1', 'runner-2'];
const workflow = (kind: Kind): string => `
on: push
jobs:
  deploy:
    runs-on: airlock
    permissions: { id-token: write }
    container: airlock
    steps:
      - run: drone build
        env: { PARAM_ENVIRONMENT: ${kind} }
`;
const policyText = (folder: string, { drone, docker }: WorldOptions): string => `
version: 1
image: { run: '${docker?.image ?? `sha256:${'a'.repeat(64)}`}', accept: [airlock] }
identity: { audience: 'https://airlock.test.example', keys: { file: ${folder}/keys.json } }
drones:
  internal: { server: '${drone}', token: { file: ${folder}/drone-token }${docker === undefined ? '' : ', plainHttp: accepted'} }
repositories:
  - repository: ${slug}
    id: 1
    drone: internal
    pipeline: same
    log: full
    allow:
      - { task: drone build, events: [push], refs: [refs/heads/main], params: { ENVIRONMENT: { values: [staging, flood, endless, bodies] } } }
limits: { tasksPerRun: 100, perRepository: { atOnce: 50, perHour: 1000 }, logBytes: 1GiB }
`;

async function makePrograms(folder: string): Promise<{ gate: string; hook: string; script: string }> {
  const outcomes = await bundle({ outdir: folder, only: ['hook', 'cell'] });
  for (const { errors } of outcomes) if (errors !== undefined) throw new Error(errors.join('\n'));
  const gate = join(folder, 'gate.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('gate-process.ts', import.meta.url))],
    outfile: gate,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'error',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  return { gate, hook: join(folder, 'hook/index.js'), script: join(folder, 'cell.js') };
}

const said = (child: ChildProcess): Promise<unknown> =>
  new Promise((done, fail) => {
    child.once('message', done);
    child.once('exit', (code, signal) => fail(new Error(`the gate ended: ${code ?? signal}`)));
  });

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number);
}

function residentBytes(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1_024;
  } catch {
    return 0;
  }
}

export async function startWorld(options: WorldOptions): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'airlock-pressure-'));
  const { gate: program, hook, script } = await makePrograms(folder);
  const issuer = await startIssuer({ issuer: 'https://token.actions.githubusercontent.com' });
  writeFileSync(join(folder, 'keys.json'), JSON.stringify(issuer.keys));
  writeFileSync(join(folder, 'drone-token'), `${droneToken}\n`, { mode: 0o600 });
  writeFileSync(join(folder, 'policy.yaml'), policyText(folder, options));
  const socket = (runner: string): string => join(folder, runner, 'gate.sock');
  for (const runner of runners) mkdirSync(join(folder, runner));
  const settings: GateProcessSettings = {
    policy: join(folder, 'policy.yaml'),
    ledger: join(folder, 'ledger'),
    audit: join(folder, 'audit.ndjson'),
    sockets: Object.fromEntries(runners.map((runner) => [runner, socket(runner)])),
    script,
    docker: options.docker,
  };
  const gate = fork(program, [JSON.stringify(settings)], { env: plainEnv() });
  await said(gate);
  const pid = gate.pid ?? 0;
  let jobs = 0;

  function admitted(kind: Kind) {
    const event = defaultEvent({ repository: slug, checkRunId: String(1_000 + jobs++) });
    const [job] = selectJobs(readWorkflow(workflow(kind), 'deploy.yml'), 'deploy') as [Job];
    return { event, job, idToken: issuer.admit(claimsOf(job, event)) };
  }

  return {
    job(runner, kind) {
      const { event, job, idToken } = admitted(kind);
      const environment = {
        AIRLOCK_GATE: `unix:${socket(runner)}`,
        AIRLOCK_ID_TOKEN_HOST: issuer.host,
        ACTIONS_ID_TOKEN_REQUEST_URL: idToken.url,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: idToken.token,
      };
      return playJob({
        job,
        event,
        hook,
        environment,
        secrets: {},
        vars: {},
        tempDir: folder,
        onOutput: () => undefined,
      });
    },
    async task(runner, kind) {
      const { idToken } = admitted(kind);
      const ask = async (path: string, body: object) => (await call(socket(runner), 'POST', path, body)).body;
      const { session } = await ask('/v1/sessions', { v: 1, image: 'airlock' });
      const { audience } = await ask(`/v1/sessions/${session}/challenge`, {});
      const headers = { authorization: `bearer ${idToken.token}` };
      const signed = await fetch(`${idToken.url}&audience=${encodeURIComponent(audience)}`, { headers });
      const { value: token } = (await signed.json()) as { value: string };
      const request = { v: 1, request: randomBytes(16).toString('hex'), task: 'drone build' };
      const answer = await ask(`/v1/sessions/${session}/tasks`, { ...request, params: { ENVIRONMENT: kind }, token });
      if (answer.task === undefined) throw new Error(JSON.stringify(answer));
      return answer.task;
    },
    socket,
    memory() {
      const told = said(gate) as Promise<Memory>;
      gate.send('memory');
      return told;
    },
    signal: (name) => void gate.kill(name),
    openFiles: () => readdirSync(`/proc/${pid}/fd`).length,
    largestCell: () => Math.max(0, ...childrenOf(pid).map(residentBytes)),
    async close() {
      const gone = new Promise((done) => gate.once('exit', done));
      gate.kill('SIGKILL');
      if (gate.exitCode === null && gate.signalCode === null) await gone;
      await issuer.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
