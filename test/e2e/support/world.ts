// One machine with everything on it, each in a process of its own where it may be killed: gate, holder of cells, hook.
// GitHub's token issuer and Drone are played in the test's process.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../../../scripts/bundle.mjs';
import type { AuditEntry, SeenCell } from '../../../src/gate/index.ts';
import { type DroneScenario, type SimulatedDrone, startSimulatedDrone } from '../../../src/try/drone/index.ts';
import { defaultEvent } from '../../../src/try/default-event.ts';
import { claimsOf } from '../../../src/try/facts.ts';
import { type Issuer, startIssuer } from '../../../src/try/issuer.ts';
import { type JobResult, playJob } from '../../../src/try/runner/index.ts';
import { readWorkflow, selectJobs } from '../../../src/try/workflow/index.ts';
import { killCell, listCells } from '../../fakes/surviving-cells.ts';
import { bundleHook } from '../../hook/support/bundle.ts';
import { gone, madeOnce, programOf, startHolder } from '../../support/programs.ts';
import { plainEnv } from '../../support/run.ts';
import type { GateSettings } from '../gate-child.ts';

export interface WorldOptions {
  readonly scenario: DroneScenario;
  /** Of the policy's Drone; default: a file. */
  readonly token?: 'workflow';
  /** More lines of the policy's entry, and more entries. */
  readonly entry?: string;
  readonly allow?: string;
  /** The job's step; default: it asks for a build of staging. */
  readonly step?: string;
  /** Waits of an order, milliseconds. */
  readonly order?: GateSettings['order'];
  /** In place of a holder's cells, and of the Drone in this process, which containers do not reach. */
  readonly docker?: {
    readonly engine: string;
    readonly network: string;
    readonly image: string;
    /** Base URL of the Drone that they reach. */
    readonly drone: string;
  };
}

export interface PlayedJob {
  readonly result: Promise<JobResult>;
  /** What the job's log shows so far. */
  readonly lines: string[];
  cancel(): void;
}

export interface World {
  readonly drone: SimulatedDrone;
  readonly cellScript: string;
  startGate(): void;
  /** kill -9, and the next gate at once. */
  replaceGate(): Promise<void>;
  stopGate(): Promise<void>;
  /** `step`: of another job of the same run. */
  job(step?: string): PlayedJob;
  audit(): AuditEntry[];
  cells(): Promise<readonly SeenCell[]>;
  killCell(id: string): Promise<void>;
  close(): Promise<void>;
}

export const slug = 'octo/widgets';
export const login = 'airlock-bot';
export const droneToken = 'simulated-drone-token';
const buildStep = (secret: boolean): string =>
  `{ id: drone, run: drone build, env: { PARAM_ENVIRONMENT: staging${secret ? `, DRONE_TOKEN: ${droneToken}` : ''} } }`;
const workflow = (step: string): string => `
on: push
jobs:
  deploy:
    runs-on: airlock
    permissions: { id-token: write }
    container: airlock
    steps:
      - ${step}
`;

const policyText = (
  server: string,
  folder: string,
  { token, entry = '', allow = '', docker }: WorldOptions,
): string => `
version: 1
image: { run: '${docker?.image ?? `sha256:${'a'.repeat(64)}`}', accept: [airlock] }
identity: { audience: 'https://airlock.test.example', keys: { file: ${folder}/keys.json } }
drones:
  internal: { server: '${server}', token: ${token ?? `{ file: ${folder}/drone-token }`}${docker === undefined ? '' : ', plainHttp: accepted'} }
repositories:
  - repository: ${slug}
    id: 1
    drone: internal
    pipeline: same
    log: full
    allow:
      - task: drone build
        events: [push]
        refs: [refs/heads/main]
        params: { ENVIRONMENT: { values: [staging] } }
${entry === '' ? '' : `        ${entry}\n`}${allow}limits: { tasksPerJob: 1, tasksPerRun: 10, reconnect: 60s }
`;

const managedScript = (): Promise<string> =>
  madeOnce('cell', async (outdir) => {
    const [outcome] = await bundle({ outdir, only: ['cell'] });
    if (outcome?.errors !== undefined) throw new Error(outcome.errors.join('\n'));
    return join(outdir, 'cell.js');
  });
const hookFile = (): Promise<string> => madeOnce('hook', async () => (await bundleHook()).path);

export async function until(holds: () => boolean | Promise<boolean>, what: string, ms = 60_000): Promise<void> {
  const limit = Date.now() + ms;
  while (!(await holds())) {
    if (Date.now() > limit) throw new Error(`${what}: not within ${ms} ms`);
    await new Promise((done) => setTimeout(done, 5));
  }
}

export async function startWorld(options: WorldOptions): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'airlock-e2e-'));
  const [hook, script, gateProgram] = await Promise.all([
    hookFile(),
    managedScript(),
    programOf('test/e2e/gate-child.ts'),
  ]);
  const issuer: Issuer = await startIssuer({ issuer: 'https://token.actions.githubusercontent.com' });
  const drone = await startSimulatedDrone({
    users: [{ login, token: droneToken, write: [slug] }],
    repositories: [{ slug, knownCommits: 'any', scenario: options.scenario }],
  });
  writeFileSync(join(folder, 'keys.json'), JSON.stringify(issuer.keys));
  writeFileSync(join(folder, 'drone-token'), `${droneToken}\n`, { mode: 0o600 });
  writeFileSync(join(folder, 'policy.yaml'), policyText(options.docker?.drone ?? drone.url, folder, options));
  writeFileSync(join(folder, 'deploy.yml'), workflow(options.step ?? buildStep(options.token === 'workflow')));
  mkdirSync(join(folder, 'runner'));
  const holder = options.docker === undefined ? await startHolder(folder, script) : null;
  const { docker } = options;

  const settings: GateSettings = {
    policy: join(folder, 'policy.yaml'),
    ledger: join(folder, 'ledger'),
    audit: join(folder, 'audit.ndjson'),
    socket: join(folder, 'runner', 'gate.sock'),
    cells:
      docker === undefined || holder !== null
        ? { holder: holder?.socket ?? '' }
        : { engine: docker.engine, network: docker.network, script },
    logLevel: process.env['AIRLOCK_E2E_LOG'] ?? 'silent',
    ...(options.order === undefined ? {} : { order: options.order }),
  };
  let gate: ChildProcess | null = null;

  function startGate(): void {
    gate = spawn(process.execPath, [gateProgram, JSON.stringify(settings)], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: plainEnv(),
    });
  }
  async function end(signal: NodeJS.Signals): Promise<void> {
    const child = gate;
    gate = null;
    if (child === null) return;
    child.kill(signal);
    await gone(child);
  }

  return {
    drone,
    cellScript: script,
    startGate,
    async replaceGate() {
      await end('SIGKILL');
      startGate();
    },
    stopGate: () => end('SIGTERM'),
    job(step) {
      const event = defaultEvent({ repository: slug, ...(step === undefined ? {} : { checkRunId: '900002' }) });
      const text = step === undefined ? readFileSync(join(folder, 'deploy.yml'), 'utf8') : workflow(step);
      const [job] = selectJobs(readWorkflow(text, 'deploy.yml'), 'deploy');
      if (job === undefined) throw new Error('no job');
      const idToken = issuer.admit(claimsOf(job, event));
      const lines: string[] = [];
      const cancel = new AbortController();
      const result = playJob({
        job,
        event,
        hook,
        environment: {
          AIRLOCK_GATE: `unix:${settings.socket}`,
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
      return { result, lines, cancel: () => cancel.abort() };
    },
    audit() {
      if (!existsSync(settings.audit)) return [];
      const whole = readFileSync(settings.audit, 'utf8').split('\n').slice(0, -1);
      return whole.flatMap((line) => (line === '' ? [] : [JSON.parse(line) as AuditEntry]));
    },
    cells: () => (holder === null ? Promise.resolve([]) : listCells(holder.socket)),
    killCell: (id) => (holder === null ? Promise.resolve() : killCell(holder.socket, id)),
    async close() {
      await end('SIGKILL');
      await Promise.all([holder?.end(), issuer.close(), drone.close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
