// The gate's image, built by a real engine on this machine's node in place of Node 24, and started as an operator's
// engine starts it.

import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeEngine, engineCall, randomId } from '../docker/support.ts';
import { until } from '../e2e/support/world.ts';
import { run } from '../support/run.ts';
import { root, text } from '../support/tree.ts';
import { buildImage } from './support/build.ts';
import { type Ended, runContainer } from './support/container.ts';
import { type Context, contextOf } from './support/context.ts';

const minutes = 60_000;
const dockerfile = 'images/gate/Dockerfile';
const seconds = '1700000000';
const modules = [...text('.dockerignore').matchAll(/^!(node_modules\/.+)$/gm)].map(([, path]) => path!);
const { version } = JSON.parse(text('package.json')) as { version: string };

interface Locked {
  readonly version: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly optional?: boolean;
}
const { packages } = JSON.parse(text('package-lock.json')) as { packages: Record<string, Locked> };

it('.dockerignore lets in exactly the packages that the lock has for run time', () => {
  const locked = Object.entries(packages).filter(
    ([path, { dev, devOptional, optional }]) => path !== '' && !(dev ?? devOptional ?? optional),
  );
  expect(modules).toEqual(locked.map(([path]) => path).sort());
});

const look = `
  const { lstatSync, readdirSync, readFileSync } = require('node:fs');
  const mounted = new Set(readFileSync('/proc/self/mountinfo', 'utf8').split('\\n').map((line) => line.split(' ')[4]).filter((path) => path !== '/'));
  const found = { executable: [], foreign: [], open: [], special: [], app: readdirSync('/app').sort(), uid: process.getuid() };
  const walk = (path) => {
    if (mounted.has(path)) return;
    const stat = lstatSync(path);
    if (stat.isDirectory()) readdirSync(path).forEach((name) => walk((path + '/' + name).replace('//', '/')));
    else if (stat.mode & 0o111 && !stat.isSymbolicLink() && stat.size > 0) found.executable.push(path);
    if (stat.uid !== 0 || stat.gid !== 0) found.foreign.push(path);
    if (!stat.isSymbolicLink() && stat.mode & 0o022) found.open.push(path);
    if (stat.mode & 0o6000) found.special.push(path);
  };
  walk('/');
  console.log(JSON.stringify(found));
`;

const config = `
version: 1
policy: /etc/airlock/policy.yaml
ledger: /var/lib/airlock/ledger
audit: /var/lib/airlock/audit.ndjson
listen: 127.0.0.1:9080
engine: { docker: { socket: /run/docker.sock, network: cells } }
sockets: [{ name: one, path: /var/lib/airlock/gate.sock }]
`;

await describeEngine('the image of the gate', (engine) => {
  const { socket } = engine;
  let context: Context;
  let image: string;

  const build = (folder = context.folder, fresh = false): Promise<string> =>
    buildImage(socket, {
      context: folder,
      dockerfile,
      fresh,
      args: { BASE: engine.image, SOURCE_DATE_EPOCH: seconds },
    });
  const start = (command: readonly string[], more: object = {}): Promise<Ended> =>
    runContainer(socket, {
      Image: image,
      Cmd: command,
      HostConfig: { ReadonlyRootfs: true, CapDrop: ['ALL'], NetworkMode: 'none', SecurityOpt: ['no-new-privileges'] },
      ...more,
    });

  beforeAll(async () => {
    const parts = ['.dockerignore', 'package.json', 'package-lock.json', ...modules];
    context = await contextOf(['cli', 'cell', 'hook'], parts);
    image = await build();
  }, 5 * minutes);
  afterAll(() => context.remove());

  it('starts the gate as 65532, and is asked for its health by itself', async () => {
    const { Entrypoint, Cmd, User, WorkingDir, Volumes, ExposedPorts, Healthcheck, Env } = (
      await engineCall(socket, 'GET', `/images/${image}/json`)
    ).body.Config;
    expect([User, WorkingDir]).toEqual(['65532:65532', '/app']);
    expect([...Entrypoint, ...Cmd]).toEqual([
      'node',
      '/app/dist/cli.js',
      'gate',
      '--config',
      '/etc/airlock/airlock.yaml',
    ]);
    expect(Healthcheck.Test.slice(0, 4)).toEqual(['CMD', 'node', '/app/dist/cli.js', 'health']);
    expect([Volumes ?? null, ExposedPorts ?? null]).toEqual([null, null]);
    expect(Env).toEqual(['PATH=/usr/local/bin', 'NODE_ENV=production']);
    expect(await start(['--version'])).toEqual({ code: 0, output: `${version}\n` });
  });

  it('holds node, dist and the dependencies; root owns all but the home of the ledger', async () => {
    const { output } = await start(['-e', look], { Entrypoint: ['node'] });
    const found = JSON.parse(output) as Record<string, string[]>;
    expect(found['executable']).toEqual([expect.stringMatching(/\/ld-[^/]+$/), '/usr/local/bin/node']);
    expect(found['app']).toEqual(['dist', 'node_modules', 'package.json', 'sbom.cdx.json']);
    expect([found['foreign'], found['open'], found['special']]).toEqual([['/var/lib/airlock'], [], []]);
    expect(found['uid']).toBe(65_532);
  });

  it(
    'names in its list every package that npm names, and those inside the bundles',
    async () => {
      const { output } = await start(['-p', "fs.readFileSync('/app/sbom.cdx.json', 'utf8')"], { Entrypoint: ['node'] });
      const { components, metadata } = JSON.parse(output) as {
        components: { name: string; version: string; purl?: string; properties?: object[] }[];
        metadata: { timestamp: string };
      };
      expect(metadata.timestamp).toBe(new Date(Number(seconds) * 1_000).toISOString());
      const inside = components.filter(({ properties }) => properties !== undefined).map(({ name }) => name);
      expect(inside).toContain('@actions/workflow-parser');
      const npm = await run('npm', 'sbom --omit dev --sbom-format cyclonedx --package-lock-only'.split(' '), {
        cwd: root,
        limit: minutes,
      });
      const theirs = (JSON.parse(npm.stdout) as typeof output & { components: { purl: string }[] }).components;
      const ours = components.filter(({ name, purl }) => purl !== undefined && !inside.includes(name));
      // npm leaves out what is an optional peer of a tool too (yaml): ours may have more, never less.
      expect(ours.map(({ purl }) => purl)).toEqual(expect.arrayContaining(theirs.map(({ purl }) => purl)));
      expect(ours.map(({ name }) => `node_modules/${name}`)).toEqual(modules);
      expect(components[0]).toMatchObject({ name: 'node', version: process.versions.node });
    },
    minutes,
  );

  it(
    'is healthy with a root that cannot be written, and its ledger in a volume',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'airlock-gate-'));
      chmodSync(folder, 0o755);
      const volume = `airlock-test-${randomId()}`;
      const policy = text('examples/policy.yaml').replace(/^( *run:).*$/m, `$1 ${engine.image}`);
      for (const [name, content] of Object.entries({ 'airlock.yaml': config, 'policy.yaml': policy }))
        writeFileSync(join(folder, name), content);
      const second = 1_000_000_000;
      const { body } = await engineCall(socket, 'POST', '/containers/create', {
        Image: image,
        Healthcheck: { Interval: second, StartPeriod: second, Timeout: 20 * second, Retries: 60 },
        HostConfig: {
          ReadonlyRootfs: true,
          CapDrop: ['ALL'],
          NetworkMode: 'none',
          SecurityOpt: ['no-new-privileges'],
          Binds: [`${folder}:/etc/airlock:ro`, `${volume}:/var/lib/airlock`],
        },
      });
      const path = `/containers/${String(body.Id)}`;
      try {
        expect((await engineCall(socket, 'POST', `${path}/start`)).status).toBe(204);
        const state = async () => (await engineCall(socket, 'GET', `${path}/json`)).body.State;
        await until(async () => (await state()).Health?.Status !== 'starting', 'the engine has asked', minutes);
        expect((await state()).Health).toMatchObject({ Status: 'healthy' });
        expect((await engineCall(socket, 'POST', `${path}/stop?t=20`)).status).toBe(204);
        expect((await state()).ExitCode).toBe(0);
      } finally {
        await engineCall(socket, 'DELETE', `${path}?force=1`);
        await engineCall(socket, 'DELETE', `/volumes/${volume}`);
        rmSync(folder, { recursive: true, force: true });
      }
    },
    3 * minutes,
  );

  it(
    'is built again from the same parts with the same layers',
    async () => {
      const layers = async (id: string): Promise<unknown> =>
        (await engineCall(socket, 'GET', `/images/${id}/json`)).body.RootFS.Layers;
      expect(await layers(await build(context.folder, true))).toEqual(await layers(image));
    },
    3 * minutes,
  );

  it(
    'is not built with a package that is missing or is not the locked one',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'airlock-context-'));
      try {
        cpSync(context.folder, folder, { recursive: true });
        writeFileSync(join(folder, 'node_modules/jose/package.json'), '{"version":"0.0.1"}');
        await expect(build(folder)).rejects.toThrow(
          `NOT BUILT: node_modules/jose is 0.0.1, and package-lock.json says ${packages['node_modules/jose']!.version}; run`,
        );
        rmSync(join(folder, 'node_modules/jose'), { recursive: true });
        await expect(build(folder)).rejects.toThrow("NOT BUILT: node_modules/jose is not in the build's context; run");
        rmSync(join(folder, 'dist'), { recursive: true });
        mkdirSync(join(folder, 'dist/hook'), { recursive: true });
        cpSync(join(context.folder, 'node_modules/jose'), join(folder, 'node_modules/jose'), { recursive: true });
        await expect(build(folder)).rejects.toThrow("NOT BUILT: dist/cli.js is not in the build's context; run");
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    3 * minutes,
  );
});
