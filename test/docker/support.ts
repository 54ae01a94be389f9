import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { afterAll, describe } from 'vitest';
import { dockerCells, type DockerCells, type DockerCellsOptions } from '../../src/gate/cells/docker/index.ts';
import type { Cell } from '../../src/gate/cells/engine.ts';
import { silentLog } from '../../src/gate/log.ts';
import { startEngine, whyNot } from './engine/engine.mjs';
import { importImage } from './engine/image.mjs';

// A real engine for the tests: the one that the environment names (.ci/run starts one for all files), else one of the
// file's own where that is possible, else none: then the tests are skipped, which the closing line counts.

export interface TestEngine {
  readonly socket: string;
  /** Id of an image with this machine's node. */
  readonly image: string;
  /** An internal network, of this file alone. */
  readonly network: string;
}

export interface Answer {
  readonly status: number;
  /** Parsed JSON, or text that is none. */
  readonly body: any; // oxlint-disable-line typescript/no-explicit-any -- what an engine shows is looked at field by field
}

/** One call to the engine, without any of the code under test. */
export function engineCall(socket: string, method: string, path: string, body?: object): Promise<Answer> {
  return new Promise((done, fail) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const call = request({ socketPath: socket, method, path, agent: false, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('end', () => {
        let parsed: unknown = text;
        try {
          parsed = JSON.parse(text);
        } catch {
          // Nothing, or a text.
        }
        done({ status: answer.statusCode ?? 0, body: parsed });
      });
    });
    call.on('error', fail);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

export const randomId = (): string => randomBytes(16).toString('hex');

export async function makeNetwork(socket: string): Promise<string> {
  const network = `airlock-test-${randomBytes(6).toString('hex')}`;
  const { status, body } = await engineCall(socket, 'POST', '/networks/create', { Name: network, Internal: true });
  if (status !== 201) throw new Error(`no network could be made: ${JSON.stringify(body)}`);
  return network;
}

/** An image like another one, with changes in the language of a Dockerfile. */
export async function changedImage(socket: string, image: string, changes: readonly string[]): Promise<string> {
  const made = await engineCall(socket, 'POST', '/containers/create', { Image: image, Cmd: ['node'] });
  const container = String(made.body.Id);
  const query = new URLSearchParams({ container });
  for (const line of changes) query.append('changes', line);
  const { status, body } = await engineCall(socket, 'POST', `/commit?${query.toString()}`, {});
  await engineCall(socket, 'DELETE', `/containers/${container}?force=1`);
  if (status !== 201) throw new Error(`no image could be made: ${JSON.stringify(body)}`);
  return String(body.Id);
}

const without = (reason: string): string => (reason === '' ? '' : ` (no engine: ${reason})`);

interface Found {
  readonly engine: Omit<TestEngine, 'network'> | null;
  readonly reason: string;
  end(): Promise<void>;
}

async function find(): Promise<Found> {
  const given = process.env['AIRLOCK_TEST_DOCKER'];
  if (given !== undefined && given !== '') {
    const socket = given.replace(/^unix:\/\//, '');
    const image = process.env['AIRLOCK_TEST_IMAGE'] ?? (await importImage(socket));
    return { engine: { socket, image }, reason: '', end: () => Promise.resolve() };
  }
  const reason = whyNot();
  if (reason !== null) return { engine: null, reason, end: () => Promise.resolve() };
  const own = await startEngine();
  return { engine: { socket: own.socket, image: await importImage(own.socket) }, reason: '', end: own.end };
}

/** A `describe` of tests that need a real engine. Shared by the whole file, so it is called once in it. */
export async function describeEngine(name: string, tests: (engine: TestEngine) => void): Promise<void> {
  const found = await find();
  const { engine, reason } = found;
  const network = engine === null ? '' : await makeNetwork(engine.socket);
  describe(`${name}${without(reason)}`, { skip: engine === null }, () => {
    afterAll(async () => {
      if (engine !== null) await engineCall(engine.socket, 'DELETE', `/networks/${network}`);
      await found.end();
    });
    tests({ socket: engine?.socket ?? '', image: engine?.image ?? '', network });
  });
}

/** The same for tests that kill the engine or read its files: it is theirs alone, and each test starts its own. */
export function describeOwnEngine(name: string, tests: () => void): void {
  const reason = whyNot();
  describe(`${name}${without(reason ?? '')}`, { skip: reason !== null }, () => {
    tests();
  });
}

const made = new Set<DockerCells>();

/** Cells of an installation of their own. `endAll` ends what is left of all of them. */
export function cellsOn(
  { socket, image, network }: TestEngine,
  options: Partial<DockerCellsOptions> & Pick<DockerCellsOptions, 'script'>,
): DockerCells {
  const installation = `test-${randomBytes(6).toString('hex')}`;
  const cells = dockerCells({ socket, image, network, installation, log: silentLog(), ...options });
  made.add(cells);
  return cells;
}

export async function endAll(): Promise<void> {
  for (const cells of made) {
    for (const { id } of await cells.list()) await (await cells.adopt(id)).remove();
    cells.close();
    made.delete(cells);
  }
}

/** The cell's next line. */
export async function lineOf(lines: AsyncIterator<string>): Promise<string> {
  const next = await lines.next();
  if (next.done === true) throw new Error('the cell wrote nothing more');
  return next.value;
}

export const linesOf = (cell: Cell): AsyncIterator<string> => cell.lines[Symbol.asyncIterator]();
