// The demo and `airlock try` on a real engine: cells are sealed containers, the played Drone is all that they reach, and
// nothing stays behind but a made image.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { silentLog } from '../../../src/gate/index.ts';
import { openEngine } from '../../../src/try/docker/engine.ts';
import { chooseEngine } from '../../../src/try/docker/index.ts';
import { removeLeftovers } from '../../../src/try/docker/leftovers.ts';
import type { DockerPlace } from '../../../src/try/docker/place.ts';
import { changedImage, describeEngine, engineCall, lineOf, linesOf, randomId } from '../../docker/support.ts';
import { plainEnv, run } from '../../support/run.ts';
import { type BuiltDemo, buildDemo } from './built-demo.ts';

await describeEngine('on an engine that answers', (engine) => {
  const { socket } = engine;
  async function removeImages(): Promise<void> {
    for (const { RepoTags } of (await engineCall(socket, 'GET', '/images/json')).body)
      for (const tag of RepoTags ?? [])
        if (/^airlock-(?:try-node|looks-like-node):/.test(tag))
          await engineCall(socket, 'DELETE', `/images/${tag}?force=1`);
  }

  let demo: BuiltDemo;
  let place: DockerPlace | null = null;
  beforeAll(async () => {
    await removeImages();
    demo = await buildDemo();
  }, 60_000);
  afterEach(async () => {
    await place?.close();
    place = null;
  });
  afterAll(async () => {
    demo.remove();
    await removeImages();
  });
  const env = { ...plainEnv(), DOCKER_HOST: `unix://${socket}` };

  const choose = async (): Promise<string> => {
    const choice = await chooseEngine({ log: silentLog(), environment: env });
    place = choice.place;
    return choice.says;
  };

  /** Names of what any try has on the engine. */
  async function traces(): Promise<string[]> {
    const label = encodeURIComponent(JSON.stringify({ label: ['airlock.try'] }));
    const networks = (await engineCall(socket, 'GET', `/networks?filters=${label}`)).body;
    const containers = (await engineCall(socket, 'GET', '/containers/json?all=1')).body;
    const cells = (containers as { Names: string[]; Labels: Record<string, string> }[]).filter(
      ({ Labels }) => Labels['airlock.try'] !== undefined || Labels['airlock.installation']?.startsWith('try-'),
    );
    return [...networks.map(({ Name }: { Name: string }) => Name), ...cells.flatMap(({ Names }) => Names)];
  }
  async function tagged(name: string, changes: readonly string[]): Promise<void> {
    const image = await changedImage(socket, engine.image, changes);
    await engineCall(socket, 'POST', `/images/${image}/tag?repo=${name}&tag=24`);
  }

  it('the demo says which one, plays its jobs in sealed containers, and leaves nothing but the image that it made', async () => {
    const { code, stdout, stderr } = await run(process.execPath, [demo.program], { env, limit: 90_000 });
    expect([stderr, code]).toEqual(['', 0]);
    expect(stdout.split('\n')[1]).toMatch(
      /^Cells are sealed containers of the Docker engine \S+ \(image airlock-try-node:[0-9a-f]{16}, made of this machine’s node just now and kept\), in a network of their own that reaches only the played Drone\.$/,
    );
    expect(stdout).not.toContain('child processes');
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('demo: 3 of 3 jobs ended as expected');
    expect(await traces()).toEqual([]);
    expect(await choose()).toMatch(/\(image airlock-try-node:[0-9a-f]{16}\)/);
  }, 120_000);

  it('cells reach the played Drone, whole in both directions, and neither the machine nor anything else', async () => {
    await choose();
    const echo = createServer({ allowHalfOpen: true }, (client) => client.pipe(client)).listen(0, '127.0.0.1');
    const wild = createServer((client) => client.end()).listen(0, '0.0.0.0');
    await Promise.all([once(echo, 'listening'), once(wild, 'listening')]);
    const { hostname: host, port } = new URL(place!.lead((echo.address() as AddressInfo).port));
    const gateway = host.replace(/\d+$/, '1');
    const machine = (wild.address() as AddressInfo).port;
    const script = `
      const net = require('node:net');
      const sent = Buffer.alloc(3000000, 'abcdefg');
      const parts = [];
      const reach = (to) => new Promise((done) => {
        const s = net.connect({ ...to, timeout: 1500 }, () => done('reached'));
        s.on('timeout', () => done('no')).on('error', () => done('no'));
      });
      const socket = net.connect({ host: '${host}', port: ${port} }, () => socket.end(sent));
      socket.on('data', (bytes) => parts.push(bytes)).on('end', async () => {
        const others = [await reach({ host: '${gateway}', port: ${machine} }), await reach({ host: '192.0.2.1', port: 80 })];
        console.log(JSON.stringify([Buffer.concat(parts).equals(sent), ...others]));
      });`;
    const cells = place!.cells(script, silentLog());
    try {
      const cell = await cells.start(randomId());
      expect(JSON.parse(await lineOf(linesOf(cell)))).toEqual([true, 'no', 'no']);
    } finally {
      cells.close();
      echo.close();
      wild.close();
    }
    await place!.close();
    expect(await traces()).toEqual([]);
  }, 60_000);

  it('a local image that says it has node is used, and one that only says so is not', async () => {
    await tagged('airlock-looks-like-node', ['ENV NODE_VERSION=24.1.0']);
    expect(await choose()).toContain('(image airlock-looks-like-node:24)');
    await place!.close();
    await tagged('airlock-looks-like-node', ['ENV NODE_VERSION=24.1.0', 'ENV PATH=/nowhere']);
    expect(await choose()).toContain('(image airlock-try-node:');
    await place!.close();
    await tagged('airlock-looks-like-node', ['ENV NODE_VERSION=18.20.0']);
    expect(await choose()).toContain('(image airlock-try-node:');
    await place!.close();
    expect(await traces()).toEqual([]);
  }, 120_000);

  it.each(['SIGINT', 'EPIPE'])(
    'a demo that %s ends in the middle of a job leaves nothing behind',
    async (how) => {
      const child = spawn(process.execPath, [demo.program], { env, stdio: ['ignore', 'pipe', 'ignore'] });
      const ended = once(child, 'exit');
      child.stdout.setEncoding('utf8');
      for await (const text of child.stdout.iterator({ destroyOnReturn: false }))
        if (String(text).includes('12 checks passed')) break;
      expect((await traces()).filter((name) => name.startsWith('/airlock-cell-'))).toHaveLength(1);
      if (how === 'EPIPE') child.stdout.destroy();
      else {
        child.stdout.resume();
        child.kill(how as NodeJS.Signals);
        // As from `timeout`, which signals the whole group while npm passes its own signal on.
        child.kill(how as NodeJS.Signals);
      }
      expect(await ended).toEqual([130, null]);
      expect(await traces()).toEqual([]);
    },
    90_000,
  );

  it('what a demo leaves that is killed is removed by the next one, and what a living one has is not', async () => {
    const child = spawn(process.execPath, [demo.program], { env, stdio: ['ignore', 'pipe', 'ignore'] });
    const ended = once(child, 'exit');
    child.stdout.setEncoding('utf8');
    let printed = '';
    for await (const text of child.stdout.iterator({ destroyOnReturn: false })) {
      printed += String(text);
      if (printed.includes('12 checks passed')) break;
    }
    child.stdout.resume();
    const before = await traces();
    expect([before.length, printed]).toEqual([3, expect.stringContaining('Cells are sealed containers')]);
    const api = await openEngine(socket);
    expect(await removeLeftovers(api, Date.now(), -60_000)).toBe(0);
    expect(await traces()).toEqual(expect.arrayContaining(before.filter((name) => !name.startsWith('/airlock-cell-'))));
    child.kill('SIGKILL');
    await ended;
    await expect
      .poll(async () => (await traces()).some((name) => name.startsWith('/airlock-try-')), { timeout: 20_000 })
      .toBe(false);
    // Young networks may belong to a try that is just beginning.
    expect(await removeLeftovers(api)).toBe(0);
    expect((await traces()).length).toBeGreaterThan(0);
    expect(await removeLeftovers(api, Date.now(), -60_000)).toBe(1);
    expect(await traces()).toEqual([]);
  }, 90_000);
});
