// Everything a job needs on one machine: the real gate with process cells, a token issuer, and a simulated Drone unless
// a real one is named. For `airlock try`, the demo, the replay and the end-to-end tests.

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CellEngine,
  type Logger,
  createGate,
  defaultTiming,
  fileAudit,
  listenOnSocket,
  memoryLedger,
  processCells,
} from '../gate/index.ts';
import type { DronePolicy, Policy } from '../policy/index.ts';
import { type DroneScenario, type SimulatedDrone, startSimulatedDrone } from './drone/index.ts';
import { type IdTokenRequest, type Issuer, type JobClaims, startIssuer } from './issuer.ts';

/** Where the built hook and the managed script are. */
export interface Built {
  /** `dist/hook/index.js` */
  readonly hook: string;
  /** `dist/cell.js` */
  readonly cell: string;
}

export interface LabOptions {
  readonly policy: Policy;
  readonly built: Built;
  /** What builds do in the simulated Drone; `real`: the policy's own Drones are asked, with their own tokens. */
  readonly drone: DroneScenario | 'real';
  readonly log: Logger;
}

export interface LabRunner {
  /** What the runner's operator would have set: it goes into the hook's own environment. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export interface Lab {
  /** Absent: a real Drone is used. */
  readonly drone: SimulatedDrone | undefined;
  /** A folder that is removed with the lab. */
  readonly folder: string;
  /** Cells that were started since the lab began. */
  cellsStarted(): number;
  /** The audit log so far. */
  audit(): Promise<string>;
  /** GitHub's word on a job, and what the job would be given to ask for it. */
  admit(claims: JobClaims): IdTokenRequest;
  /** A new ephemeral runner: a unix socket of its own at the gate. */
  runner(name: string): Promise<LabRunner>;
  close(): Promise<void>;
}

/** Milliseconds between two looks at a build: a simulated Drone changes faster than a real one. */
const simulatedPoll = 100;
const login = 'airlock-bot';
const token = 'simulated-drone-token';

async function simulate(policy: Policy, scenario: DroneScenario): Promise<SimulatedDrone> {
  const slugs = policy.repositories.map((entry) => (entry.pipeline === 'same' ? entry.repository : entry.pipeline.repository));
  return startSimulatedDrone({
    users: [{ login, token, write: slugs }],
    repositories: [...new Set(slugs)].map((slug) => ({ slug, knownCommits: 'any', scenario })),
  });
}

/** The same policy, with GitHub's and Drone's parts played on this machine. */
async function played(policy: Policy, folder: string, issuer: Issuer, drone: SimulatedDrone | undefined): Promise<Policy> {
  const keys = { file: join(folder, 'keys.json') };
  const secret = { file: join(folder, 'drone-token') };
  await writeFile(keys.file, JSON.stringify(issuer.keys));
  await writeFile(secret.file, `${token}\n`, { mode: 0o600 });
  const simulated = (real: DronePolicy): DronePolicy => ({
    server: drone?.url ?? real.server,
    token: secret,
    publicUrl: real.publicUrl ?? real.server,
  });
  return {
    ...policy,
    identity: { ...policy.identity, mode: 'github', keys, bind: 'none' },
    drones: drone === undefined ? policy.drones : new Map([...policy.drones].map(([name, real]) => [name, simulated(real)])),
  };
}

function counted(engine: CellEngine): { engine: CellEngine; started(): number } {
  let started = 0;
  return {
    engine: {
      ...engine,
      start(id) {
        started++;
        return engine.start(id);
      },
    },
    started: () => started,
  };
}

/** Starts a lab. Everything it made is gone after `close`. */
export async function startLab({ policy, built, drone, log }: LabOptions): Promise<Lab> {
  const folder = await mkdtemp(join(tmpdir(), 'airlock-try-'));
  const issuer = await startIssuer({ issuer: policy.identity.issuer });
  const simulated = drone === 'real' ? undefined : await simulate(policy, drone);
  const cells = counted(processCells({ script: await readFile(built.cell, 'utf8'), log }));
  const auditFile = join(folder, 'audit.ndjson');
  const order = { ...defaultTiming.order, ...(simulated === undefined ? {} : { poll: simulatedPoll }) };
  const gate = createGate({
    policy: await played(policy, folder, issuer, simulated),
    ledger: memoryLedger(),
    audit: await fileAudit(auditFile),
    cells: cells.engine,
    log,
    timing: { ...defaultTiming, order },
  });

  async function runner(name: string): Promise<LabRunner> {
    const home = join(folder, 'runners', name);
    await mkdir(home, { recursive: true });
    const path = join(home, 'gate.sock');
    const socket = await listenOnSocket(gate, { name, path, ephemeral: true });
    return {
      environment: { AIRLOCK_GATE: `unix:${path}`, AIRLOCK_ID_TOKEN_HOST: issuer.host },
      close: () => socket.close(),
    };
  }

  return {
    drone: simulated,
    folder,
    cellsStarted: cells.started,
    audit: () => readFile(auditFile, 'utf8'),
    admit: (claims) => issuer.admit(claims),
    runner,
    async close() {
      await gate.stop();
      await Promise.all([issuer.close(), simulated?.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
