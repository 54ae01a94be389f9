// Drone as two processes, like the real one and its database: a front that cells reach and that can be killed, and what it
// knows, which stays. The front stands in the network of the engine, where nothing of this machine can be reached.

import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { type DroneScenario, type SimulatedDrone, startSimulatedDrone } from '../../src/try/drone/index.ts';
import { plainEnv } from '../support/run.ts';
import { type Tap, startTap } from './tap.ts';

export const slug = 'octo/widgets';
export const login = 'airlock-bot';
export const token = 'simulated-drone-token';
const administrator = 'simulated-administrator';

export interface PlayedDrone {
  readonly url: string;
  readonly store: SimulatedDrone;
  readonly tap: Tap;
  /** By the commit that is built. */
  readonly scenarios: Map<string, DroneScenario>;
  pids(): number[];
  /** After it was killed: the same address, and every build. */
  again(): Promise<void>;
  approve(build: number): Promise<void>;
  close(): Promise<void>;
}

const front = `
const [port, path] = process.argv.slice(1);
const { connect, createServer } = require('node:net');
createServer((from) => {
  const to = connect(path);
  from.pipe(to).pipe(from);
  for (const [one, other] of [[from, to], [to, from]]) one.on('error', () => other.destroy()).on('close', () => other.destroy());
}).listen(Number(port), '0.0.0.0', () => console.log('up'));
`;

async function startFront(pid: number, port: number, path: string): Promise<ChildProcess> {
  const args = [`--net=/proc/${pid}/ns/net`, process.execPath, '-e', front, String(port), path];
  const child = spawn('nsenter', args, { stdio: ['ignore', 'pipe', 'inherit'], env: plainEnv() });
  await new Promise<void>((done, fail) => {
    child.stdout.once('data', () => done());
    child.once('error', fail).once('exit', (code) => fail(new Error(`the played Drone ended with ${code}`)));
  });
  return child;
}

export interface DronePlace {
  /** Unix socket behind the front. */
  readonly path: string;
  /** Address and process whose network cells reach. */
  readonly host: string;
  readonly port: number;
  readonly pid: number;
}

export async function startDrone({ path, host, port, pid }: DronePlace): Promise<PlayedDrone> {
  const scenarios = new Map<string, DroneScenario>();
  const store = await startSimulatedDrone({
    users: [
      { login, token, write: [slug] },
      { login: 'root', token: administrator, admin: true },
    ],
    repositories: [{ slug, knownCommits: 'any', scenario: ({ after }) => scenarios.get(after) ?? { stages: [] } }],
  });
  const { hostname, port: inner } = new URL(store.url);
  const tap = await startTap({ path, to: { host: hostname, port: inner } });
  let child = await startFront(pid, port, path);
  return {
    url: `http://${host}:${port}`,
    store,
    tap,
    scenarios,
    pids: () => (child.pid === undefined ? [] : [child.pid]),
    async again() {
      // What a Drone keeps in memory is gone with it: lines of steps that run.
      await store.restart();
      child = await startFront(pid, port, path);
    },
    async approve(build) {
      const url = `${store.url}/api/repos/${slug}/builds/${build}/approve/1`;
      await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${administrator}` } });
    },
    async close() {
      child.kill('SIGKILL');
      await Promise.all([tap.close(), store.close()]);
      rmSync(path, { force: true });
    },
  };
}
