// Everything a job needs on one machine: the real gate with cells in Docker or as child processes, a token issuer, and a
// simulated Drone unless a real one is named. For `airlock try`, the demo, the replay and the end-to-end tests.

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
import type { DronePolicy, FileReference, Policy } from '../policy/index.ts';
import type { Built } from './built.ts';
import type { DockerPlace } from './docker/index.ts';
import {
  type SimulatedBuild,
  type SimulatedDrone,
  type SimulatedRepository,
  startSimulatedDrone,
} from './drone/index.ts';
import { type IdTokenRequest, type Issuer, type JobClaims, startIssuer } from './issuer.ts';

/** Simulated: what its builds do. Else a real Drone in place of the policy's; without a token file the policy's own is used. */
export type LabDrone =
  | { readonly simulated: SimulatedRepository['scenario'] }
  | { readonly server: string; readonly token?: FileReference | undefined };

export interface LabOptions {
  readonly policy: Policy;
  readonly built: Built;
  readonly drone: LabDrone;
  readonly log: Logger;
  /** Where cells run as containers; absent or null: they are child processes. It is not closed with the lab. */
  readonly place?: DockerPlace | null | undefined;
}

export interface LabRunner {
  /** What the runner's operator would have set: it goes into the hook's own environment. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export interface Lab {
  /** Builds that the simulated Drone has made, oldest first; none with a real one. */
  builds(): SimulatedBuild[];
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

/** The repositories of the policy's Drones, which need not be GitHub's. */
const slugsOf = (policy: Policy): string[] => [
  ...new Set(
    policy.repositories.map(({ repository, pipeline }) => (pipeline === 'same' ? repository : pipeline.repository)),
  ),
];

function simulate(policy: Policy, scenario: SimulatedRepository['scenario']): Promise<SimulatedDrone> {
  const slugs = slugsOf(policy);
  return startSimulatedDrone({
    users: [{ login, token, write: slugs }],
    repositories: slugs.map((slug) => ({ slug, knownCommits: 'any', scenario })),
  });
}

async function secretFile(folder: string): Promise<FileReference> {
  const file = join(folder, 'drone-token');
  await writeFile(file, `${token}\n`, { mode: 0o600 });
  return { file };
}

/** The same policy, with GitHub's part played on this machine and its Drones replaced. */
async function played(
  policy: Policy,
  folder: string,
  issuer: Issuer,
  drone: LabDrone,
  url: string | undefined,
): Promise<Policy> {
  const keys = { file: join(folder, 'keys.json') };
  await writeFile(keys.file, JSON.stringify(issuer.keys));
  const secret = await secretFile(folder);
  const replaced = (real: DronePolicy): DronePolicy =>
    'server' in drone
      ? { ...real, server: drone.server, token: drone.token ?? real.token }
      : { server: url ?? real.server, token: secret, publicUrl: real.publicUrl ?? real.server };
  return {
    ...policy,
    identity: { ...policy.identity, mode: 'github', keys, bind: 'none' },
    drones: new Map([...policy.drones].map(([name, real]) => [name, replaced(real)])),
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
export async function startLab({ policy, built, drone, log, place = null }: LabOptions): Promise<Lab> {
  const folder = await mkdtemp(join(tmpdir(), 'airlock-try-'));
  const issuer = await startIssuer({ issuer: policy.identity.issuer });
  const simulated = 'simulated' in drone ? await simulate(policy, drone.simulated) : undefined;
  const script = await readFile(built.cell, 'utf8');
  const contained = place?.cells(script, log) ?? null;
  const cells = counted(contained ?? processCells({ script, log }));
  // Containers do not reach this machine's loopback.
  const url = simulated === undefined ? undefined : (place?.lead(Number(new URL(simulated.url).port)) ?? simulated.url);
  const auditFile = join(folder, 'audit.ndjson');
  const order = { ...defaultTiming.order, ...(simulated === undefined ? {} : { poll: simulatedPoll }) };
  await contained?.check();
  const gate = createGate({
    policy: await played(policy, folder, issuer, drone, url),
    ledger: memoryLedger(),
    audit: await fileAudit(auditFile),
    cells: cells.engine,
    log,
    timing: { ...defaultTiming, order },
  });

  async function runner(name: string): Promise<LabRunner> {
    const home = join(folder, 'runners', name);
    await mkdir(home, { recursive: true, mode: 0o700 });
    const path = join(home, 'gate.sock');
    const socket = await listenOnSocket(gate, { name, path, ephemeral: true });
    return {
      environment: { AIRLOCK_GATE: `unix:${path}`, AIRLOCK_ID_TOKEN_HOST: issuer.host },
      close: () => socket.close(),
    };
  }

  return {
    builds: () => (simulated === undefined ? [] : slugsOf(policy).flatMap((slug) => simulated.builds(slug))),
    folder,
    cellsStarted: () => cells.started(),
    audit: () => readFile(auditFile, 'utf8'),
    admit: (claims) => issuer.admit(claims),
    runner,
    async close() {
      await gate.stop();
      contained?.close();
      // A gate that stops leaves cells that outlive it to the next one; here there is none.
      await place?.clear();
      await Promise.all([issuer.close(), simulated?.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
