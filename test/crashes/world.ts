// One machine with everything on it, each part a process of its own: engine with its containers, gate, hooks, Drone's front.
// It serves one case after the other; each leaves it as it found it, or it is thrown away.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DroneScenario } from '../../src/try/drone/index.ts';
import { type Issuer, startIssuer } from '../../src/try/issuer.ts';
import { findBuilt } from '../../src/try/built.ts';
import type { EngineMode } from './cases.ts';
import { type PlayedDrone, slug, startDrone, token } from './drone.ts';
import { type WorldEngine, startWorldEngine } from './engine.ts';
import { type GateProcess, gateProcess } from './gate.ts';
import { type Job, newJob } from './jobs.ts';
import type { SeenStream } from './judge.ts';
import { type LedgerWatch, watchLedger } from './ledger.ts';
import { root } from './root.ts';
import { type Exchange, type Tap, startTap } from './tap.ts';

export interface World {
  readonly mode: EngineMode;
  readonly engine: WorldEngine;
  readonly gate: GateProcess;
  readonly drone: PlayedDrone;
  readonly ledger: LedgerWatch;
  /** Between the first runner and its gate. */
  readonly tap: Tap;
  /** What went to the first runner's hooks since it was last asked. */
  streams(): SeenStream[];
  /** Resolves when a state of this cell phase goes to the first runner's hook. */
  state(phase: string): Promise<void>;
  /** @param runner the second one is nobody's but of what holds the only place */
  job(scenario: DroneScenario, runner?: 1 | 2): Job;
  /** The last lines of the gate's log. */
  gateLog(): string[];
  close(): Promise<void>;
}

const policy = (folder: string, image: string, server: string): string => `
version: 1
image: { run: '${image}', accept: [airlock] }
identity: { audience: 'https://airlock.test.example', keys: { file: ${folder}/keys.json } }
drones:
  internal: { server: '${server}', token: { file: ${folder}/drone-token }, plainHttp: accepted }
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
limits:
  perRepository: { atOnce: 10, perHour: 10000 }
  tasksAtOnce: 1
  wait: 3m
  queue: 60s
  run: 60s
  reconnect: 60s
`;

/** The states that pass on their way to a hook. */
function seenStates() {
  let streams = new Map<Exchange, { task: string; after: number; numbers: number[] }>();
  const waiting = new Set<{ readonly phase: string; readonly done: () => void }>();
  return {
    line(exchange: Exchange, line: string): void {
      const [, task = '', after = ''] = /^\/v1\/tasks\/([0-9a-f]+)\/events\?state=([0-9]+)/.exec(exchange.path) ?? [];
      if (task === '' || line === '') return;
      const event = JSON.parse(line) as { k: string; n: number; phase?: string };
      if (event.k !== 'state' && event.k !== 'result') return;
      const stream = streams.get(exchange) ?? { task, after: Number(after), numbers: [] };
      streams.set(exchange, stream);
      stream.numbers.push(event.n);
      for (const one of waiting) {
        if (one.phase !== event.phase) continue;
        waiting.delete(one);
        one.done();
      }
    },
    take(): SeenStream[] {
      const taken = [...streams.values()];
      streams = new Map();
      return taken;
    },
    state: (phase: string) => new Promise<void>((done) => waiting.add({ phase, done })),
  };
}

/** Of every world that is open or being opened. */
const closers = new Set<() => Promise<void>>();

/** For a program that is told to end: its engines and gates are processes that nobody else would end. */
export async function closeWorlds(): Promise<void> {
  await Promise.all([...closers].map((close) => close()));
}

export async function openWorld(mode: EngineMode): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'airlock-crash-'));
  const closing: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 })];
  const keep = <T>(made: T, close: (made: T) => unknown): T => {
    closing.unshift(() => close(made));
    return made;
  };
  const close = async (): Promise<void> => {
    closers.delete(close);
    for (const one of closing.splice(0)) await one();
  };
  closers.add(close);
  try {
    const engine = keep(await startWorldEngine(mode), (one) => one.end());
    const issuer: Issuer = keep(await startIssuer({ issuer: 'https://token.actions.githubusercontent.com' }), (one) =>
      one.close(),
    );
    const place = { path: join(folder, 'drone.sock'), host: engine.host, port: 8080, pid: engine.inside };
    const drone = keep(await startDrone(place), (one) => one.close());
    writeFileSync(join(folder, 'keys.json'), JSON.stringify(issuer.keys));
    writeFileSync(join(folder, 'drone-token'), `${token}\n`, { mode: 0o600 });
    writeFileSync(join(folder, 'policy.yaml'), policy(folder, engine.image, drone.url));
    for (const name of ['gate', 'runner']) mkdirSync(join(folder, name));

    const sockets = { 'runner-1': join(folder, 'gate/1.sock'), 'runner-2': join(folder, 'gate/2.sock') };
    const log = join(folder, 'gate.log');
    const gate = keep(
      gateProcess({
        cli: join(root, 'dist/cli.js'),
        policy: join(folder, 'policy.yaml'),
        ledger: join(folder, 'ledger'),
        audit: join(folder, 'audit.ndjson'),
        engine: engine.socket,
        network: engine.network,
        sockets,
        log,
      }),
      (one) => one.close(),
    );
    gate.start();
    await gate.serving(60_000);
    const ledger = keep(watchLedger(join(folder, 'ledger')), (one) => one.close());
    const states = seenStates();
    const tap = keep(
      await startTap({
        path: join(folder, 'runner/gate.sock'),
        to: { socketPath: sockets['runner-1'] },
        onLine: (exchange, line) => states.line(exchange, line),
      }),
      (one) => one.close(),
    );
    const { hook } = findBuilt();
    return {
      mode,
      engine,
      gate,
      drone,
      ledger,
      tap,
      streams: () => states.take(),
      state: states.state,
      job: (scenario, runner = 1) =>
        newJob({ folder, hook, issuer, drone }, runner === 1 ? tap.path : sockets['runner-2'], scenario),
      gateLog: () => (existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n').slice(-60) : []),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
