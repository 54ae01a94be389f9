// A real engine of a world's own, so that it can be killed without touching any other: its image, its network, and what it
// shows of cells.

import { request } from 'node:http';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Engine } from '../docker/engine/engine.mjs';
import { cellLabel } from '../../src/gate/cells/docker/specification.ts';
import type { EngineMode } from './cases.ts';
import { containedPids, enginePids, initPids } from './processes.ts';
import { root } from './root.ts';

export interface WorldEngine {
  readonly socket: string;
  readonly image: string;
  readonly network: string;
  /** Where cells reach this machine. */
  readonly host: string;
  pids(): number[];
  /** A process of its network that lives as long as the network. */
  readonly inside: number;
  /** kill -9 of it alone. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Ids of all cells, or of those that run. */
  cells(which: 'all' | 'running'): Promise<string[]>;
  /** What runs in containers, also in those that the engine no longer knows. */
  contained(): number[];
  end(): Promise<void>;
}

const limit = 30_000;

function call(socketPath: string, method: string, path: string, body?: object): Promise<unknown> {
  return new Promise((done, fail) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const asked = request({ socketPath, method, path, agent: false, headers, timeout: limit }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('end', () => {
        if ((answer.statusCode ?? 500) < 300) done(text === '' ? null : JSON.parse(text));
        else fail(new Error(`the engine answers ${answer.statusCode} to ${method} ${path}: ${text}`));
      });
    });
    asked.on('timeout', () => asked.destroy(new Error(`the engine is silent at ${method} ${path}`)));
    asked.on('error', fail);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** The tools stand beside the tests, and are not part of the bundle: they look for files of their own. */
async function tools() {
  const folder = join(root, 'test/docker/engine');
  const of = (name: string): Promise<unknown> => import(pathToFileURL(join(folder, name)).href);
  const { startEngine, whyNot } = (await of('engine.mjs')) as typeof import('../docker/engine/engine.mjs');
  const { importImage } = (await of('image.mjs')) as typeof import('../docker/engine/image.mjs');
  return { startEngine, whyNot, importImage };
}

/** Why no engine can be started here; null: nothing is known against it. */
export const whyNoEngine = async (): Promise<string | null> => (await tools()).whyNot();

async function prepared(engine: Engine, image: string): Promise<WorldEngine> {
  const { socket, folder } = engine;
  const network = 'airlock-crashes';
  await call(socket, 'POST', '/networks/create', { Name: network, Internal: true });
  const made = (await call(socket, 'GET', `/networks/${network}`)) as { IPAM: { Config: { Gateway: string }[] } };
  const filters = encodeURIComponent(JSON.stringify({ label: [cellLabel] }));
  return {
    socket,
    image,
    network,
    host: made.IPAM.Config[0]?.Gateway ?? '',
    pids: () => enginePids(folder),
    inside: initPids(folder)[0] ?? 0,
    kill: engine.kill,
    start: engine.start,
    async cells(which) {
      const all = which === 'all' ? '1' : '0';
      const seen = (await call(socket, 'GET', `/containers/json?all=${all}&filters=${filters}`)) as { Id: string }[];
      return seen.map(({ Id }) => Id);
    },
    contained: () => containedPids(basename(folder)),
    end: engine.end,
  };
}

export async function startWorldEngine(mode: EngineMode): Promise<WorldEngine> {
  const { startEngine, importImage } = await tools();
  const engine = await startEngine({ liveRestore: mode === 'keeps' });
  try {
    return await prepared(engine, await importImage(engine.socket));
  } catch (error) {
    await engine.end();
    throw error;
  }
}
