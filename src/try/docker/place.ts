// A place on a Docker engine where cells of a try run as they do for a gate: sealed containers of one image, in an
// internal network of their own, from which they reach the simulated Drone and nothing else. Everything but a made image
// is gone when the place closes.

import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { attach } from '../../gate/cells/docker/attach.ts';
import { EngineError } from '../../gate/cells/docker/engine-error.ts';
import { cellEnvironment } from '../../gate/cells/docker/environment.ts';
import { installationLabel } from '../../gate/cells/docker/specification.ts';
import { type DockerCells, type Logger, dockerCells } from '../../gate/index.ts';
import { type Door, openDoor } from './door.ts';
import { doorPort, doorScript } from './door-script.ts';
import { type Engine, openEngine, socketOf } from './engine.ts';
import { installationOf, removeContainers, removeLeftovers, removeRun, tryLabel } from './leftovers.ts';
import { type NodeImage, findNodeImage, makeNodeImage } from './node-image.ts';
import { Unavailable } from './unavailable.ts';

export interface DockerPlace {
  /** What runs where, in one line for whoever watches. */
  readonly says: string;
  /** Name of its network, and id of its image. */
  readonly network: string;
  readonly image: string;
  /** Cells of the managed script. */
  cells(script: string, log: Logger): DockerCells;
  /** Lets cells reach a port of 127.0.0.1; answers the URL under which they do. */
  lead(port: number): string;
  /** Ends the cells that are left. */
  clear(): Promise<void>;
  /** Takes everything away. Idempotent. */
  close(): Promise<void>;
}

export interface PlaceOptions {
  readonly log: Logger;
  readonly environment: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the engine has answered for the first time. */
  readonly answer?: number | undefined;
  /** Milliseconds until the door listens, and until a trial cell has reached it. */
  readonly limit?: number | undefined;
}

const defaultLimit = 60_000;

async function within<T>(asked: Promise<T>, ms: number, what: string): Promise<T> {
  const over = new AbortController();
  const late = sleep(ms, undefined, { signal: over.signal, ref: true }).then(() => {
    throw new Unavailable(`${what} took longer than ${ms / 1000} s`);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([asked, late]);
  } finally {
    over.abort();
  }
}

const networkBody = (run: string, network: string): object => ({
  Name: network,
  Labels: { [tryLabel]: run },
  Internal: true,
  // Else containers of an internal network still reach what listens on the machine, by the bridge's own address.
  Options: { 'com.docker.network.bridge.inhibit_ipv4': 'true' },
});

const doorBody = (run: string, network: string, { id, variables }: NodeImage): object => ({
  Image: id,
  Entrypoint: ['node'],
  Cmd: ['-e', doorScript],
  Env: cellEnvironment(variables) ?? [],
  User: '65534:65534',
  WorkingDir: '/',
  Labels: { [tryLabel]: run },
  OpenStdin: true,
  // Its stdin ends with the connection of the program that opened it, and so it ends even after kill -9.
  StdinOnce: true,
  AttachStdin: true,
  AttachStdout: true,
  AttachStderr: true,
  Healthcheck: { Test: ['NONE'] },
  HostConfig: {
    NetworkMode: network,
    AutoRemove: true,
    ReadonlyRootfs: true,
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges'],
    Memory: 268_435_456,
    PidsLimit: 64,
    LogConfig: { Type: 'none', Config: {} },
  },
});

interface Inspected {
  readonly NetworkSettings?: { readonly Networks?: Readonly<Record<string, { readonly IPAddress?: string }>> };
}

async function startDoor(
  engine: Engine,
  run: string,
  network: string,
  image: NodeImage,
  limit: number,
): Promise<{ door: Door; host: string }> {
  const path = `/containers/airlock-try-${run}`;
  await engine.call('POST', `/containers/create?name=airlock-try-${run}`, doorBody(run, network, image));
  const attachPath = `${engine.api}${path}/attach?stream=1&stdin=1&stdout=1&stderr=1`;
  const door = openDoor(await attach(engine.socket, { method: 'POST', path: attachPath, limit }));
  try {
    await engine.call('POST', `${path}/start`);
    await within(door.listening, limit, `a container of the image ${image.name}`);
    const seen = (await engine.call('GET', `${path}/json`)) as Inspected;
    const host = seen.NetworkSettings?.Networks?.[network]?.IPAddress ?? '';
    if (host === '') throw new Error('the container has no address in its network');
    return { door, host };
  } catch (error) {
    door.close();
    throw error;
  }
}

/** Starts a cell as a gate would, whose script reaches for the door. */
async function trial(cells: DockerCells, limit: number): Promise<void> {
  try {
    const problem = await cells.check();
    if (problem !== null) throw new Unavailable(problem);
    const cell = await cells.start(randomBytes(16).toString('hex'));
    const first = await within(cell.lines[Symbol.asyncIterator]().next(), limit, 'a trial cell');
    await cell.remove();
    if (first.value !== 'reached')
      throw new Unavailable(`a container does not reach another one in its network (${first.value ?? 'no word'})`);
  } finally {
    cells.close();
  }
}

const trialScript = (host: string): string => `
const say = (word) => process.stdout.write(word + '\\n', () => process.exit(0));
const socket = require('node:net').connect({ host: ${JSON.stringify(host)}, port: ${doorPort}, timeout: 10000 }, () => say('reached'));
socket.on('timeout', () => say('ETIMEDOUT'));
socket.on('error', (error) => say(String(error.code)));
`;

/**
 * @throws {Unavailable} cells cannot run in Docker here; nothing is left of the attempt
 * @throws the signal's reason when it is aborted meanwhile
 */
export async function openPlace({
  log,
  environment,
  signal,
  answer,
  limit = defaultLimit,
}: PlaceOptions): Promise<DockerPlace> {
  const engine = await openEngine(socketOf(environment), answer);
  const run = randomBytes(6).toString('hex');
  const network = `airlock-try-${run}`;
  const doors: Door[] = [];
  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => {
    for (const door of doors) door.close();
    closing ??= removeRun(engine, run);
    return closing;
  };

  async function open(image: NodeImage): Promise<DockerPlace> {
    signal?.throwIfAborted();
    const cells = (script: string, into: Logger): DockerCells =>
      dockerCells({
        socket: engine.socket,
        image: image.id,
        network,
        script,
        log: into,
        installation: installationOf(run),
      });
    const started = await startDoor(engine, run, network, image, limit);
    doors.push(started.door);
    signal?.throwIfAborted();
    await trial(cells(trialScript(started.host), log), limit);
    signal?.throwIfAborted();
    const kept = image.made ? ', made of this machine’s node just now and kept' : '';
    return {
      says: `Cells are sealed containers of the Docker engine ${engine.version} (image ${image.name}${kept}), in a network of their own that reaches only the played Drone.`,
      network,
      image: image.id,
      cells,
      lead(port) {
        started.door.lead(port);
        return `http://${started.host}:${doorPort}`;
      },
      clear: () => removeContainers(engine, `${installationLabel}=${installationOf(run)}`),
      close,
    };
  }

  try {
    const cleared = await removeLeftovers(engine);
    if (cleared > 0) log.info({ runs: cleared }, 'what killed tries had left on the engine is gone');
    signal?.throwIfAborted();
    await engine.call('POST', '/networks/create', networkBody(run, network));
    const found = await findNodeImage(engine);
    if (found === null) return await open(await makeNodeImage(engine));
    try {
      return await open(found);
    } catch (error) {
      // An image that says it has node may still not serve; this machine's own is the second try.
      signal?.throwIfAborted();
      log.warn({ err: error, image: found.name }, 'an image with node did not serve');
      await removeContainers(engine, `${tryLabel}=${run}`);
      return await open(await makeNodeImage(engine));
    }
  } catch (error) {
    await close().catch((err: unknown) => log.error({ err, network }, 'a network may be left on the engine'));
    signal?.throwIfAborted();
    if (error instanceof Unavailable) throw error;
    const detail = error instanceof EngineError ? error.detail : error instanceof Error ? error.message : String(error);
    throw new Unavailable(`the Docker engine ${engine.version} could not do its part: ${detail.slice(0, 300)}`, {
      cause: error,
    });
  }
}
