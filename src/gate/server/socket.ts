// One unix socket per runner container. Whoever reaches the socket is that runner: the wall is the folder, which the
// operator makes for this runner alone and mounts into its container alone (DESIGN.md, Identity), and mounts read-only:
// connecting needs no more, and a container's root that can write there could put a socket or a link of its own in the
// way. Runner containers have uids that the gate does not know, so the socket itself is open to all.

import type { Stats } from 'node:fs';
import { lstat, unlink } from 'node:fs/promises';
import { type Server, connect } from 'node:net';
import { dirname } from 'node:path';
import { Failure } from '../../protocol/index.ts';
import type { Gate } from '../gate.ts';
import { isRunnerId } from '../identity/runner.ts';
import { closeServer, createHttpServer, listenFailure } from './http.ts';
import { type ServerLimits, defaultServerLimits } from './limits.ts';

export interface RunnerSocket {
  /** The runner's identity; goes into the ledger and the audit log. */
  readonly name: string;
  /** In a folder of the gate's own user, which nobody else can write to; mount it read-only into the runner. */
  readonly path: string;
  readonly ephemeral: boolean;
}

export interface Listener {
  /** Stops listening. A runner whose socket closes is gone, unless the gate stops. */
  close(): Promise<void>;
}

/** `sockaddr_un` has 108 bytes with its final NUL; a longer path would be cut without a word. */
const maxPathBytes = 107;

function answers(path: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(path);
    socket.once('connect', () => done(true)).once('error', () => done(false));
    socket.once('connect', () => socket.destroy());
  });
}

const refuse = (message: string): never => {
  throw new Failure('gate-failed', message);
};

/** What stands there, itself: a symbolic link is not followed. */
async function lookAt(path: string): Promise<Stats | null> {
  try {
    return await lstat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw listenFailure(path, error as NodeJS.ErrnoException);
  }
}

/** Whoever can write to the folder can put another socket in the place of the gate's, and be asked for the job's token. */
async function checkFolder(path: string): Promise<void> {
  const found = await lookAt(path);
  if (found?.isDirectory() !== true)
    return refuse(`the socket's folder must be made by the operator: ${path} is no folder`);
  const me = process.geteuid?.() ?? found.uid;
  if (found.uid !== me)
    refuse(`the socket's folder ${path} belongs to user ${found.uid}; it must belong to user ${me}`);
  const mode = found.mode & 0o777;
  if ((mode & 0o022) !== 0)
    refuse(`the socket's folder ${path} can be written by others (mode ${mode.toString(8)}); run: chmod go-w ${path}`);
}

/** Leaves the path free, or says why not. A symbolic link is never followed and nothing but a dead socket is removed. */
async function makeFree(path: string): Promise<void> {
  if (Buffer.byteLength(path) > maxPathBytes) refuse(`the socket path is longer than ${maxPathBytes} bytes: ${path}`);
  await checkFolder(dirname(path));
  const found = await lookAt(path);
  if (found === null) return;
  if (!found.isSocket()) refuse(`${path} is in the way and is not a socket`);
  if (await answers(path)) refuse(`another process serves ${path}`);
  await unlink(path);
}

/**
 * The socket is born with its mode: a chmod afterwards goes by the path, and so follows whatever stands there by then.
 * Binding is synchronous, so no other code runs under this umask; a file that another thread makes just then has a mode
 * of its own.
 */
function bind(server: Server, path: string, onListening: () => void): void {
  const before = process.umask(0);
  try {
    server.listen(path, onListening);
  } finally {
    process.umask(before);
  }
}

/** @throws {Failure} `gate-failed` with one sentence for the operator */
export async function listenOnSocket(
  gate: Gate,
  { name, path, ephemeral }: RunnerSocket,
  given: Partial<ServerLimits> = {},
): Promise<Listener> {
  if (!isRunnerId(name)) refuse(`${JSON.stringify(name)} is no name for a runner`);
  const limits = { ...defaultServerLimits, ...given };
  await makeFree(path);
  const runner = { id: name, ephemeral };
  const server = createHttpServer((call) => gate.handle(runner, call), limits, gate.log.child({ runner: name }));
  await new Promise<void>((done, fail) => {
    server.once('error', (error) => fail(listenFailure(path, error)));
    bind(server, path, done);
  });
  server.on('error', (err) => gate.log.error({ err, runner: name }, "a runner's socket failed"));
  return {
    async close() {
      await closeServer(server, limits);
      gate.gone(runner);
    },
  };
}
