// The runner's image, built by a real engine on a stand-in for GitHub's (its layout, small programs, this machine's
// node), and looked at from inside.

import type { ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runnerSpecification, runnerUser, writable } from '../../src/fleet/specification.ts';
import { describeEngine, engineCall } from '../docker/support.ts';
import { text } from '../support/tree.ts';
import { archive, breaks } from './support/breaks.ts';
import { buildImage } from './support/build.ts';
import { type Ended, runContainer } from './support/container.ts';
import { type Context, contextOf } from './support/context.ts';
import { standInBase } from './support/stand-in-base.ts';

const minutes = 60_000;
const node = '/home/runner/externals/node20/bin/node';
const assertions = text('images/runner/assert.mjs');
const dockerfile = 'images/runner/Dockerfile';

const promises = (output: string): string[] => output.split('\n').filter((line) => /^(?:ok|BROKEN) /.test(line));
const broken = (output: string): string[] => promises(output).filter((line) => line.startsWith('BROKEN'));

await describeEngine('the image of a runner', (engine) => {
  const { socket } = engine;
  let context: Context;
  let base: string;
  let image: string;

  const build = (from: string, fresh = false): Promise<string> =>
    buildImage(socket, { context: context.folder, dockerfile, fresh, args: { BASE: from } });
  const look = (changes: object = {}, put?: () => ChildProcess): Promise<Ended> =>
    runContainer(
      socket,
      {
        Image: image,
        Entrypoint: [node],
        Cmd: ['--input-type=module', '-e', assertions],
        NetworkDisabled: true,
        ...changes,
      },
      put,
    );

  beforeAll(async () => {
    context = await contextOf(['hook']);
    base = await standInBase(engine);
    image = await build(base);
  }, 5 * minutes);
  afterAll(() => context.remove());

  it(
    'keeps every promise, by its rights alone and with a root that cannot be written',
    async () => {
      for (const changes of [{}, { HostConfig: { ReadonlyRootfs: true, CapDrop: ['ALL'] } }]) {
        const { code, output } = await look(changes);
        expect(broken(output)).toEqual([]);
        expect(code).toBe(0);
        expect(promises(output)).toHaveLength(assertions.match(/^assert\(/gm)!.length);
      }
    },
    minutes,
  );

  it('starts the listener itself, as 1001, and nothing of it is a volume, a port or a health check', async () => {
    const { body } = await engineCall(socket, 'GET', `/images/${image}/json`);
    const { Entrypoint, Cmd, User, WorkingDir, Volumes, ExposedPorts, Healthcheck, OnBuild, Labels } = body.Config;
    expect(Entrypoint).toEqual(['/home/runner/bin/Runner.Listener', 'run']);
    expect([Cmd, Volumes, ExposedPorts, Healthcheck, OnBuild].every((one) => (one ?? null) === null)).toBe(true);
    expect(User).toBe(runnerUser);
    expect(WorkingDir).toBe('/home/runner');
    expect(Labels['org.opencontainers.image.base.name']).toMatch(/^sha256:/);
    // Below what was copied stands nothing of the base.
    expect(body.RootFS.Layers.length).toBeLessThanOrEqual(2);
  });

  it(
    'breaks a promise with each thing that is put back, and says what it was',
    async () => {
      const untried = new Set([...assertions.matchAll(/^assert\('([^']+)'/gm)].map(([, promise]) => promise!));
      for (const { promise, named, file, env, host = {}, user } of breaks) {
        const changes = { HostConfig: host, ...(env && { Env: env }), ...(user === undefined ? {} : { User: user }) };
        const { code, output } = await look(changes, file && (() => archive(file)));
        const line = broken(output).find((one) => one.startsWith(`BROKEN  ${promise}`));
        expect(line ?? output).toMatch(/^BROKEN/);
        expect(line).toContain(named);
        expect(code).toBe(1);
        for (const one of untried) if (one.startsWith(promise)) untried.delete(one);
      }
      expect([...untried]).toEqual([]);
    },
    10 * minutes,
  );

  it(
    'is built again from the same parts with the same layers',
    async () => {
      const layers = async (id: string): Promise<unknown> =>
        (await engineCall(socket, 'GET', `/images/${id}/json`)).body.RootFS.Layers;
      expect(await layers(await build(base, true))).toEqual(await layers(image));
    },
    5 * minutes,
  );

  it(
    'is not built when a release has a program that nobody has looked at',
    async () => {
      const newer = await standInBase(engine, { 'bin/Runner.Courier': '#!x\n' });
      await expect(build(newer)).rejects.toThrow(
        'NOT BUILT: this release of the runner has in bin what the strip list does not know: Runner.Courier; ' +
          'decide in images/runner/layout.mjs whether it is kept or stripped',
      );
    },
    5 * minutes,
  );

  it(
    'is sealed by the fleet, writes its configuration to memory and reaches its gate by the hook alone',
    async () => {
      const gate = await startGate();
      try {
        const recording = JSON.parse(text('test/fixtures/contract/run-default.json')) as { calls: readonly object[] };
        const files = {
          '.runner': JSON.stringify(recording.calls[0]),
          '.credentials': '{}',
          '.credentials_rsaparams': '{}',
        };
        const encoded = Object.entries(files).map(([name, value]) => [name, Buffer.from(value).toString('base64')]);
        const specification = runnerSpecification({
          name: 'airlock-runner-test',
          installation: 'test',
          image,
          network: engine.network,
          limits: { memory: 536_870_912, pids: 256, cpus: 1, work: 67_108_864 },
          folder: gate.folder,
          registration: 1,
          config: Buffer.from(JSON.stringify(Object.fromEntries(encoded))).toString('base64'),
          made: 0,
        });
        const { code, output } = await runContainer(socket, specification);
        const seen = JSON.parse(output.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
        expect(code).toBe(0);
        expect(seen).toMatchObject({ command: 'run', uid: 1001, place: 'EROFS', status: 1, stderr: '' });
        expect(gate.calls).toEqual(['POST /v1/sessions']);
        expect(seen['stdout']).toContain('::error title=airlock');
        // The same seal, from inside.
        const inside = await look({
          ...specification,
          Entrypoint: [node],
          Cmd: ['--input-type=module', '-e', assertions],
        });
        const expected = /no credential: ACTIONS_RUNNER_INPUT_JITCONFIG$/;
        expect(broken(inside.output).filter((line) => !expected.test(line))).toEqual([]);
        expect(writable.every((path) => path in specification.HostConfig.Tmpfs)).toBe(true);
      } finally {
        gate.close();
      }
    },
    minutes,
  );
});

interface Gate {
  readonly folder: string;
  readonly calls: readonly string[];
  close(): void;
}

/** Whoever answers on the socket: every call is refused, and noted. */
async function startGate(): Promise<Gate> {
  const folder = mkdtempSync(join(tmpdir(), 'airlock-runner-'));
  const calls: string[] = [];
  const server: Server = createServer((call, answer) => {
    calls.push(`${call.method} ${call.url}`);
    call.resume().on('end', () => answer.writeHead(404, { 'content-type': 'application/json' }).end('{}'));
  });
  const path = join(folder, 'gate.sock');
  await new Promise<void>((done) => server.listen(path, done));
  chmodSync(folder, 0o755);
  chmodSync(path, 0o666);
  const close = (): void => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { folder, calls, close };
}
