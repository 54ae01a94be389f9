// One Docker machine with everything that a fleet needs: the gate as `airlock gate --config` runs it, in a process that a
// test can kill; runners and cells as containers of a real engine; GitHub and Drone played.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { bundle } from '../../../scripts/bundle.mjs';
import { runnerLabel } from '../../../src/fleet/specification.ts';
import type { AuditEntry } from '../../../src/gate/index.ts';
import { tar } from '../../../src/try/docker/tar.ts';
import { startIssuer } from '../../../src/try/issuer.ts';
import { type StartedDrone, startDrone } from '../../docker/start-drone.ts';
import { type TestEngine, engineCall, makeNetwork } from '../../docker/support.ts';
import { droneToken, slug } from '../../e2e/support/world.ts';
import { type FakeGitHub, startGitHub } from '../../fakes/github-api.ts';
import { bundleHook } from '../../hook/support/bundle.ts';
import { gone, programOf } from '../../support/programs.ts';
import { plainEnv } from '../../support/run.ts';
import { type GitHubJobs, startJobs } from './github-jobs.ts';

export interface FleetWorld {
  readonly github: FakeGitHub;
  readonly jobs: GitHubJobs;
  readonly drone: StartedDrone;
  /** Of the runners. */
  readonly network: string;
  readonly image: string;
  readonly folder: string;
  startGate(): void;
  signalGate(signal: NodeJS.Signals): Promise<void>;
  /** Runner containers, running or not. */
  runners(): Promise<readonly RunnerContainer[]>;
  cells(): Promise<number>;
  audit(): AuditEntry[];
  close(): Promise<void>;
}

export interface RunnerContainer {
  readonly name: string;
  readonly state: string;
}

const workflow = `
on: push
jobs:
  deploy:
    runs-on: airlock
    permissions: { id-token: write }
    container: airlock
    steps:
      - { id: drone, run: drone build, env: { PARAM_ENVIRONMENT: staging } }
`;

/** The engine's own image with the played runner in it: what a real runner's image has, as far as the fleet goes. */
async function runnerImage({ socket, image }: TestEngine): Promise<string> {
  const listener = await programOf('test/fleet/support/played-listener.ts');
  const hook = await bundleHook();
  const runner = ['', 'hook/', '_work/', '_diag/', '_state/'].map((name) => `home/runner/${name}`);
  const entries = ['home/', ...runner, 'run/', 'run/airlock/'].map((name) => ({ name, mode: 0o755 }));
  const files = [
    { name: 'home/runner/listener.mjs', from: listener, mode: 0o644 },
    { name: 'home/runner/hook/index.js', from: hook.path, mode: 0o644 },
    { name: 'home/runner/hook/package.json', from: join(dirname(hook.path), 'package.json'), mode: 0o644 },
  ];
  const parts: Buffer[] = [];
  for await (const part of tar([...entries, ...files])) parts.push(part);
  const made = await engineCall(socket, 'POST', '/containers/create', { Image: image, Cmd: ['node'] });
  const container = String(made.body.Id);
  await putArchive(socket, container, Buffer.concat(parts));
  const query = new URLSearchParams({ container });
  query.append('changes', 'CMD ["node","/home/runner/listener.mjs"]');
  query.append('changes', 'WORKDIR /home/runner');
  const { status, body } = await engineCall(socket, 'POST', `/commit?${query.toString()}`, {});
  await engineCall(socket, 'DELETE', `/containers/${container}?force=1`);
  hook.remove();
  if (status !== 201) throw new Error(`no image could be made: ${JSON.stringify(body)}`);
  return String(body.Id);
}

async function putArchive(socket: string, container: string, archive: Buffer): Promise<void> {
  await new Promise<void>((done, fail) => {
    const headers = { 'content-type': 'application/x-tar', 'content-length': archive.length };
    const path = `/containers/${container}/archive?path=/`;
    request({ socketPath: socket, method: 'PUT', path, headers, agent: false }, (answer) => {
      answer
        .resume()
        .on('end', () => (answer.statusCode === 200 ? done() : fail(new Error(`archive: ${answer.statusCode}`))));
    })
      .on('error', fail)
      .end(archive);
  });
}

const policyText = (folder: string, drone: string, image: string): string => `
version: 1
image: { run: '${image}', accept: [airlock] }
identity: { audience: 'https://airlock.test.example', keys: { file: ${folder}/keys.json }, bind: github }
drones:
  internal: { server: '${drone}', token: { file: ${folder}/drone-token }, plainHttp: accepted }
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
limits: { tasksPerJob: 1, tasksPerRun: 10, perRepository: { atOnce: 50, perHour: 1000 }, reconnect: 120s }
`;

export interface FleetWorldOptions {
  readonly idle: number;
  readonly max: number;
  /** Milliseconds of a build's only step. */
  readonly ms: number;
}

export async function startFleetWorld(engine: TestEngine, { idle, max, ms }: FleetWorldOptions): Promise<FleetWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'airlock-fw-'));
  const at = (name: string): string => join(folder, name);
  const [program, image, github, issuer, network] = await Promise.all([
    programOf('src/cli/main.ts'),
    runnerImage(engine),
    startGitHub(),
    startIssuer({ issuer: 'https://token.actions.githubusercontent.com' }),
    makeNetwork(engine.socket),
  ]);
  await bundle({ outdir: join(dirname(program), 'dist'), only: ['cell', 'hook'] });
  const step = { name: 'deploy', lines: ['one\n', 'two\n'], ms };
  const drone = await startDrone(engine, { stages: [{ name: 'default', steps: [step] }] });
  mkdirSync(at('r'), { mode: 0o700 });
  writeFileSync(at('keys.json'), JSON.stringify(issuer.keys));
  writeFileSync(at('drone-token'), `${droneToken}\n`, { mode: 0o600 });
  writeFileSync(at('ca.pem'), github.ca);
  writeFileSync(at('app.pem'), github.key, { mode: 0o600 });
  writeFileSync(at('policy.yaml'), policyText(folder, drone.url, engine.image));
  writeFileSync(
    at('airlock.yaml'),
    `version: 1
policy: ${at('policy.yaml')}
ledger: ${at('ledger')}
audit: ${at('audit')}
engine: { docker: { socket: ${engine.socket}, network: ${engine.network} } }
github: { url: '${github.url}', organization: octo, app: ${github.app}, key: { file: ${at('app.pem')} }, ca: { file: ${at('ca.pem')} } }
fleet: { group: airlock, labels: [airlock], idle: ${idle}, max: ${max}, image: '${image}', network: ${network}, folder: ${at('r')}, limits: { memory: 512MiB } }
`,
  );
  const jobs = startJobs({ fake: github, issuer, workflow, repository: slug, repositoryId: '1', folder: at('r') });
  let gate: ChildProcess | null = null;

  async function list(label: string): Promise<readonly { State: string; Labels: Record<string, string> }[]> {
    const filters = encodeURIComponent(JSON.stringify({ label: [label] }));
    const { body } = await engineCall(engine.socket, 'GET', `/containers/json?all=1&filters=${filters}`);
    return body as never;
  }
  const ours = ({ Labels }: { Labels: Record<string, string> }): boolean =>
    Labels['airlock.installation'] === readFileSync(at('ledger/id'), 'utf8').trim();

  async function signalGate(signal: NodeJS.Signals): Promise<void> {
    const child = gate;
    gate = null;
    child?.kill(signal);
    if (child !== null) await gone(child);
  }

  async function runners(): Promise<readonly RunnerContainer[]> {
    const seen = await list(runnerLabel);
    return seen.map(({ State, Labels }) => ({ name: Labels[runnerLabel] ?? '', state: State }));
  }

  return {
    github,
    jobs,
    drone,
    network,
    image,
    folder,
    startGate() {
      const level = process.env['AIRLOCK_E2E_LOG'] ?? 'silent';
      gate = spawn(process.execPath, [program, 'gate', '--config', at('airlock.yaml'), '--log-level', level], {
        stdio: ['ignore', 'ignore', 'inherit'],
        env: plainEnv(),
      });
    },
    signalGate,
    runners,
    cells: async () => (await list('airlock.cell')).filter(ours).length,
    audit: () =>
      readFileSync(at('audit'), 'utf8')
        .split('\n')
        .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as AuditEntry])),
    async close() {
      await signalGate('SIGKILL');
      for (const label of [runnerLabel, 'airlock.cell'])
        for (const { Labels } of await list(label)) {
          const name = Labels[runnerLabel] ?? `airlock-cell-${Labels['airlock.cell']}`;
          await engineCall(engine.socket, 'DELETE', `/containers/${name}?force=1`);
        }
      await Promise.all([drone.end(), jobs.close(), github.close(), issuer.close()]);
      await engineCall(engine.socket, 'DELETE', `/networks/${network}`);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
