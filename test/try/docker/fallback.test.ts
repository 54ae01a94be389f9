// Without an engine that serves, everything works as child processes, and one line says why and what is not shown.

import { mkdtempSync, rmSync } from 'node:fs';
import { type RequestListener, type Server, createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/gate/index.ts';
import { type ChoiceOptions, chooseEngine } from '../../../src/try/docker/index.ts';
import { plainEnv, run } from '../../support/run.ts';
import { type BuiltDemo, buildDemo } from './built-demo.ts';

const folder = mkdtempSync(join(tmpdir(), 'airlock-fallback-'));
const socket = join(folder, 'docker.sock');
let server: Server | null = null;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = null;
});
afterAll(() => rmSync(folder, { recursive: true }));

const lost = 'not shown are the sealed container, its one known image and its network';
const choose = (more: Partial<ChoiceOptions> = {}, host = `unix://${socket}`): ReturnType<typeof chooseEngine> =>
  chooseEngine({ log: silentLog(), environment: { DOCKER_HOST: host }, ...more });
const serve = (listener: RequestListener): Promise<void> =>
  new Promise((done) => {
    server = createServer(listener).listen(socket, done);
  });
const json = (response: Parameters<RequestListener>[1], status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};
const version = { Version: '20.10.24', ApiVersion: '1.41', MinAPIVersion: '1.12', Os: 'linux', Arch: 'amd64' };

describe('cells are child processes', () => {
  const falls = async (why: string, ...given: Parameters<typeof choose>): Promise<void> => {
    expect(await choose(...given)).toEqual({
      place: null,
      says: `Cells are child processes here, because ${why}: ${lost}.`,
    });
  };

  it('when no engine answers', () => falls(`no Docker engine answers at ${socket}`));

  it('when DOCKER_HOST is no unix socket', async () => {
    for (const host of ['tcp://127.0.0.1:2375', 'ssh://me@there', 'unix://relative', '/path'])
      await falls('DOCKER_HOST is not a unix socket (unix:///path)', {}, host);
  });

  it('when it is demanded, without a look at any engine', async () => {
    let asked = 0;
    await serve((_request, response) => {
      asked++;
      json(response, 200, version);
    });
    await falls('--engine process says so', { engine: 'process' });
    expect(asked).toBe(0);
  });

  it('when a real Drone is asked', () =>
    falls('a real Drone cannot be reached from the internal network of such cells', { realDrone: true }));

  it('when what answers speaks another version, or is no engine', async () => {
    await serve((_request, response) => json(response, 200, { ...version, ApiVersion: '1.30' }));
    await falls(`the Docker engine at ${socket} speaks no version of the API that airlock does`);
    server?.removeAllListeners('request').on('request', (_request, response) => response.end('hello'));
    await falls(`no Docker engine answers properly at ${socket}`);
  });

  it('when the engine has no image with node and this node does not run in its containers', async () => {
    const calls: string[] = [];
    await serve((request, response) => {
      calls.push(`${request.method} ${request.url?.split('?')[0]}`);
      if (request.url === '/version') json(response, 200, { ...version, Arch: 's390x' });
      else if (request.method === 'POST') json(response, 201, { Id: 'n'.repeat(64) });
      else json(response, 200, []);
    });
    await falls(
      `the Docker engine has no image with node, and this machine's node (${process.platform} ${process.arch}) does not run in its containers (linux s390x)`,
    );
    expect(calls).toContain('POST /v1.41/networks/create');
  });

  it("when the engine fails on the way, in the engine's own words, and what was made is removed", async () => {
    let made = false;
    const removed: string[] = [];
    await serve((request, response) => {
      const { method, url = '' } = request;
      if (url === '/version') json(response, 200, version);
      else if (method === 'DELETE') {
        removed.push(url);
        json(response, 204, null);
      } else if (method === 'POST' && url.includes('/networks/create')) {
        made = true;
        json(response, 201, { Id: 'n' });
      } else if (url.includes('/images/json')) json(response, 500, { message: 'layer store is broken' });
      else json(response, 200, made && url.includes('/networks?') ? [{ Id: 'n1', Labels: {} }] : []);
    });
    await falls('the Docker engine 20.10.24 could not do its part: layer store is broken');
    expect(removed).toEqual(['/v1.41/networks/n1']);
  });

  it('when the engine never answers: the wait has a limit', async () => {
    await serve(() => undefined);
    await falls(`nothing answered in time at ${socket}`, { answer: 200 });
  });
});

describe('an engine that is demanded', () => {
  it('is not replaced by anything', async () => {
    await expect(choose({ engine: 'docker' })).rejects.toThrow(
      `--engine docker cannot be had: no Docker engine answers at ${socket}`,
    );
    await expect(choose({ engine: 'docker', realDrone: true })).rejects.toThrow('a real Drone cannot be reached');
  });
});

describe('an interruption', () => {
  it('while a place is made ends the wait for it, and is no reason for child processes', async () => {
    const cancel = new AbortController();
    await serve((request, response) => {
      cancel.abort(new Error('interrupted'));
      json(response, 200, request.url === '/version' ? version : []);
    });
    await expect(choose({ signal: cancel.signal })).rejects.toThrow('interrupted');
  });
});

describe('the demo', () => {
  let demo: BuiltDemo;
  beforeAll(async () => {
    demo = await buildDemo();
  }, 60_000);
  afterAll(() => demo.remove());
  const env = { ...plainEnv(), DOCKER_HOST: `unix://${socket}` };

  it('plays its jobs without an engine, and says what that does not show', async () => {
    const { code, stdout } = await run(process.execPath, [demo.program], { env, limit: 90_000 });
    expect(stdout).toContain(
      `\nCells are child processes here, because no Docker engine answers at ${socket}: ${lost}.\n`,
    );
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('demo: 3 of 3 jobs ended as expected');
    expect(code).toBe(0);
  }, 100_000);

  it('plays nothing when what was demanded cannot be had', async () => {
    const said = async (...args: string[]): Promise<unknown> => {
      const { code, stderr } = await run(process.execPath, [demo.program, ...args], { env });
      return [code, stderr];
    };
    expect(await said('--engine', 'docker')).toEqual([
      2,
      `demo: --engine docker cannot be had: no Docker engine answers at ${socket}\n`,
    ]);
    expect(await said('--engine', 'podman')).toEqual([2, 'demo: --engine is docker or process\n']);
    expect(await said('--motor')).toMatchObject([2, expect.stringContaining("Unknown option '--motor'")]);
  });
});
