// A gate on one machine with a Docker engine, from its configuration: what is opened, in which order, and how it is
// closed again.

import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { MachineConfig } from '../config/index.ts';
import {
  type Fleet,
  type Memory,
  createFleet,
  createGitHub,
  createMemory,
  githubBinder,
  prefixOf,
} from '../fleet/index.ts';
import {
  type Audit,
  type DockerCells,
  type FileLedger,
  type Gate,
  type Listener,
  type Logger,
  createEngine,
  createSharedGate,
  defaultDockerTiming,
  dockerCells,
  listenForOperator,
  listenOnSocket,
  livePolicy,
  openAudit,
  openFileLedger,
  systemClock,
} from '../gate/index.ts';
import type { Policy } from '../policy/index.ts';
import { findBuilt } from '../try/built.ts';
import { type PolicyWatch, watchPolicy } from './policy-watch.ts';
import { aroundCells, selfTestOf, untested } from './self-test.ts';

/** Milliseconds for one call of GitHub. */
const githubCall = 15_000;

export interface Served {
  notReady(): readonly string[];
  /** Builds go on, and so do runners with a job. Bounded by what it closes; never rejects. */
  close(): Promise<void>;
}

/** Whatever was opened, for when something else cannot be. */
interface Opened {
  audit?: Audit;
  ledger?: FileLedger;
  cells?: DockerCells;
  gate?: Gate;
  watch?: PolicyWatch;
  fleet?: Fleet;
  readonly listeners: Listener[];
}

async function close({ audit, ledger, cells, gate, watch, fleet, listeners }: Opened): Promise<void> {
  watch?.stop();
  // Before the gate: until then their hooks are answered.
  await fleet?.retire();
  const closing = gate === undefined ? Promise.all([audit?.close(), ledger?.close()]) : gate.stop();
  await Promise.all([closing, fleet?.close(), ...listeners.map((listener) => listener.close())]);
  cells?.close();
}

async function openGate(
  config: MachineConfig,
  first: Policy,
  text: string,
  log: Logger,
  opened: Opened,
): Promise<Gate> {
  const audit = (opened.audit = await openAudit(config.audit));
  await audit.write({ event: 'start', policy: first.hash });
  const holder = `${hostname()}/${process.pid}`;
  const ledger = (opened.ledger = await openFileLedger({ folder: config.ledger, holder, log }));
  const { docker } = config;
  const script = readFileSync(findBuilt().cell, 'utf8');
  const installation = ledger.id;
  const image = first.image.run;
  const cells = (opened.cells = dockerCells({ ...docker, image, script, log, installation }));
  await cells.check();
  const prefix = prefixOf(installation);
  const memory: Memory = createMemory(prefix, systemClock);
  const github = config.github === undefined ? null : createGitHub(config.github, githubCall, systemClock);
  const live = livePolicy(first);
  const engine = createEngine(docker.socket, defaultDockerTiming, log);
  const gate = (opened.gate = createSharedGate({
    policy: live.policy,
    ledger,
    audit,
    cells,
    log,
    selfTest: selfTestOf(config, aroundCells(config, engine)),
    runnerSeen: memory.seen,
    binder: github === null ? undefined : githubBinder(github, { registrationOf: memory.registrationOf }),
  }));
  opened.watch = watchPolicy({ file: config.policy, text, live, audit, log });
  if (config.fleet === undefined || github === null) return gate;
  const active = (): boolean => ledger.epoch() !== null;
  opened.fleet = createFleet({
    gate,
    github,
    engine,
    memory,
    settings: config.fleet,
    installation,
    prefix,
    active,
    log,
  });
  return gate;
}

/** @throws {Failure} or the system's error: nothing is left open */
export async function serveGate(config: MachineConfig, policy: Policy, text: string, log: Logger): Promise<Served> {
  const opened: Opened = { listeners: [] };
  const notReady = (): readonly string[] => [...(opened.gate?.notReady() ?? []), ...(opened.fleet?.problems() ?? [])];
  const warnings = (): readonly string[] =>
    [
      opened.watch?.problem() ?? null,
      config.selfTest === null ? untested : null,
      ...(opened.gate?.warnings() ?? []),
    ].filter((one) => one !== null);
  if (config.selfTest === null) log.warn(untested);
  try {
    const gate = await openGate(config, policy, text, log, opened);
    const { listeners } = opened;
    // Static runners: their sockets serve one job after the other, so they are bound to none.
    for (const socket of config.sockets) listeners.push(await listenOnSocket(gate, { ...socket, ephemeral: false }));
    if (config.listen !== undefined)
      listeners.push(await listenForOperator({ log, notReady }, config.listen, {}, warnings));
  } catch (error) {
    await close(opened);
    throw error;
  }
  return { notReady, close: () => close(opened) };
}
