// One machine on which jobs follow one another: gate, holder of cells, hook and cells in processes of their own, GitHub's
// token issuer and Drone played in this one. The gate and Drone stay for the next job, as they would.

import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Built } from '../../src/try/built.ts';
import { defaultEvent } from '../../src/try/default-event.ts';
import {
  type DroneScenario,
  type SimulatedDrone,
  type SimulatedDroneOptions,
  startSimulatedDrone,
} from '../../src/try/drone/index.ts';
import { claimsOf } from '../../src/try/facts.ts';
import { startIssuer } from '../../src/try/issuer.ts';
import { type JobResult, playJob } from '../../src/try/runner/index.ts';
import { readWorkflow, selectJobs } from '../../src/try/workflow/index.ts';
import type { GateSettings } from '../e2e/gate-child.ts';
import { killCell, listCells } from '../fakes/surviving-cells.ts';
import { gone, programOf, startHolder, withUs } from '../support/programs.ts';
import { plainEnv } from '../support/run.ts';

export interface Lane {
  readonly drone: SimulatedDrone;
  readonly gate: {
    kill(): Promise<void>;
    stop(): Promise<void>;
    /** For that long. */
    stall(ms: number): Promise<void>;
    /** Another one takes over; the first one wakes and finds it there. */
    replaceStalled(ms: number): Promise<void>;
  };
  /** Plays a job whose run nobody has had before. */
  job(nth: number, signal: AbortSignal, onOutput: (line: string) => void): Promise<JobResult>;
  /** Whether the audit log, from this byte on, tells of such an event. */
  audited(event: string, from: number): boolean;
  auditSize(): number;
  killCells(): Promise<void>;
  /** What the gates have logged. */
  gateLog(): string;
  /** Every file of the gate: ledger and audit log. */
  files(): string;
  close(): Promise<void>;
}

export const slug = 'octo/widgets';
const token = 'simulated-drone-token';

const workflow = (env: Readonly<Record<string, string>> = {}): string => `
on: push
jobs:
  deploy:
    runs-on: airlock
    permissions: { id-token: write }
    container: airlock
    steps:
      - id: drone
        run: drone build
        env: ${JSON.stringify(env)}
`;

/** What a policy says beside the least; each is a piece of YAML. */
export interface LaneOptions {
  /** Fields of the Drone. */
  readonly drone?: string;
  /** Fields of the repository. */
  readonly repository?: string;
  /** Literals to redact. */
  readonly redact?: string;
  readonly visibility?: 'public' | 'private';
  readonly logLevel?: string;
  /** Of the step. */
  readonly env?: Readonly<Record<string, string>>;
}

const policyText = (server: string, folder: string, { drone = '', repository = '', redact }: LaneOptions): string => `
version: 1
image: { run: 'sha256:${'a'.repeat(64)}', accept: [airlock] }
identity: { audience: 'https://airlock.test.example', keys: { file: ${folder}/keys.json } }
drones: { internal: { server: '${server}', token: { file: ${folder}/drone-token }${drone === '' ? '' : `, ${drone}`} } }
repositories:
  - repository: ${slug}
    id: 1
    drone: internal
    pipeline: same
${repository === '' ? '' : `    ${repository}\n`}${redact === undefined ? '' : `    redact: { file: ${folder}/redact }\n`}    allow: [{ task: drone build, events: [push], refs: [refs/heads/main] }]
limits: { reconnect: 60s, perRepository: { atOnce: 1000, perHour: 10000 }, tasksAtOnce: 1000 }
`;

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** A gate that is stalled for longer is replaced; a busy machine alone must not do that. */
export const gateLife = 4500;

/** Milliseconds. A trigger that stays without an answer is over soon, and so is the search for its build. */
const waits: NonNullable<GateSettings['order']> = {
  call: 3000,
  trigger: 1200,
  lookup: 1200,
  cancel: 5000,
  poll: 30,
  lost: 15_000,
};

/** A ledger replaces its files all the time. */
const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

export async function startLane(
  built: Built,
  scenario: DroneScenario,
  disturb: SimulatedDroneOptions['disturb'],
  options: LaneOptions = {},
): Promise<Lane> {
  const folder = mkdtempSync(join(tmpdir(), 'airlock-faults-'));
  const issuer = await startIssuer({ issuer: 'https://token.actions.githubusercontent.com' });
  const drone = await startSimulatedDrone({
    users: [{ login: 'airlock-bot', token, write: [slug] }],
    repositories: [{ slug, knownCommits: 'any', scenario }],
    ...(disturb === undefined ? {} : { disturb }),
  });
  writeFileSync(join(folder, 'keys.json'), JSON.stringify(issuer.keys));
  writeFileSync(join(folder, 'drone-token'), `${token}\n`, { mode: 0o600 });
  writeFileSync(join(folder, 'policy.yaml'), policyText(drone.url, folder, options));
  writeFileSync(join(folder, 'redact'), options.redact ?? '');
  mkdirSync(join(folder, 'runner'));
  const holder = await startHolder(folder, built.cell);
  const program = await programOf('test/e2e/gate-child.ts');
  const settings: GateSettings = {
    policy: join(folder, 'policy.yaml'),
    ledger: join(folder, 'ledger'),
    audit: join(folder, 'audit.ndjson'),
    socket: join(folder, 'runner', 'gate.sock'),
    cells: { holder: holder.socket },
    logLevel: options.logLevel ?? 'silent',
    order: waits,
    life: gateLife,
  };
  const gates = new Set<ChildProcess>();
  let gate: ChildProcess | undefined;
  let closed = false;
  let logged = '';

  function start(): void {
    const child = withUs(
      spawn(process.execPath, [program, JSON.stringify(settings)], {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: plainEnv(),
      }),
      'SIGKILL',
    );
    child.stderr.setEncoding('utf8').on('data', (text: string) => (logged += text));
    gates.add(child);
    gate = child;
    void gone(child).then(async () => {
      gates.delete(child);
      await pause(50);
      // Whoever supervises a gate starts one that ended by itself.
      if (gate === child && !closed) start();
    });
  }
  const end = async (child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> => {
    if (child === undefined) return;
    child.kill(signal);
    await gone(child);
  };
  const next = async (signal: NodeJS.Signals): Promise<void> => {
    const before = gate;
    await end(before, signal);
    // Two faults at once: one new gate is enough.
    if (gate === before) start();
  };
  start();

  return {
    drone,
    gate: {
      kill: () => next('SIGKILL'),
      stop: () => next('SIGTERM'),
      async stall(ms) {
        const child = gate;
        child?.kill('SIGSTOP');
        await pause(ms);
        child?.kill('SIGCONT');
      },
      async replaceStalled(ms) {
        const child = gate;
        child?.kill('SIGSTOP');
        // A gate does not take the socket of one that seems to live.
        rmSync(settings.socket, { force: true });
        start();
        await pause(ms);
        child?.kill('SIGCONT');
        await pause(1000);
        await end(child, 'SIGKILL');
      },
    },
    job(nth, signal, onOutput) {
      const event = defaultEvent({
        repository: slug,
        runId: String(5000 + nth),
        checkRunId: String(70_000 + nth),
        visibility: options.visibility ?? 'public',
      });
      const [job] = selectJobs(readWorkflow(workflow(options.env), 'deploy.yml'), 'deploy');
      if (job === undefined) throw new Error('no job');
      const idToken = issuer.admit(claimsOf(job, event));
      return playJob({
        job,
        event,
        hook: built.hook,
        environment: {
          AIRLOCK_GATE: `unix:${settings.socket}`,
          AIRLOCK_ID_TOKEN_HOST: issuer.host,
          ACTIONS_ID_TOKEN_REQUEST_URL: idToken.url,
          ACTIONS_ID_TOKEN_REQUEST_TOKEN: idToken.token,
        },
        secrets: {},
        vars: {},
        tempDir: folder,
        onOutput: ({ text }) => onOutput(text),
        signal,
      });
    },
    audited: (event, from) =>
      existsSync(settings.audit) && readFileSync(settings.audit).subarray(from).includes(`"event":"${event}"`),
    auditSize: () => (existsSync(settings.audit) ? statSync(settings.audit).size : 0),
    async killCells() {
      for (const { id } of await listCells(holder.socket)) await killCell(holder.socket, id).catch(() => undefined);
    },
    gateLog: () => logged,
    files: () =>
      [settings.audit, ...readdirSync(settings.ledger).map((name) => join(settings.ledger, name))]
        .map(textOf)
        .join('\n'),
    async close() {
      closed = true;
      await Promise.all([...gates].map((child) => end(child, 'SIGKILL')));
      await Promise.all([holder.end(), issuer.close(), drone.close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
