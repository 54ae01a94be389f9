// One unix socket per runner container. Whoever reaches the socket is that runner: the wall is the folder, which the
// operator makes for this runner alone and mounts into its container alone (DESIGN.md, Identity). Runner containers
// have uids that the gate does not know, so the socket itself is 0666.

import { chmod, lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { Failure } from '../../protocol/index.ts';
import type { Gate } from '../gate.ts';
import { isRunnerId } from '../identity/runner.ts';
import { closeServer, createHttpServer, listenFailure } from './http.ts';
import { type ServerLimits, defaultServerLimits } from './limits.ts';

export interface RunnerSocket {
  /** The runner's identity; goes into the ledger and the audit log. */
  readonly name: string;
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

async function kindOf(path: string): Promise<'nothing' | 'socket' | 'folder' | 'other'> {
  try {
    const found = await lstat(path);
    if (found.isSocket()) return 'socket';
    return found.isDirectory() ? 'folder' : 'other';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'nothing';
    throw listenFailure(path, error as NodeJS.ErrnoException);
  }
}

/** Leaves the path free, or says why not. A symbolic link is never followed and nothing but a dead socket is removed. */
async function makeFree(path: string): Promise<void> {
  if (Buffer.byteLength(path) > maxPathBytes)
    throw new Failure('gate-failed', `the socket path is longer than ${maxPathBytes} bytes: ${path}`);
  if ((await kindOf(dirname(path))) !== 'folder')
    throw new Failure('gate-failed', `the socket's folder must be made by the operator: ${dirname(path)} is no folder`);
  const kind = await kindOf(path);
  if (kind === 'nothing') return;
  if (kind !== 'socket') throw new Failure('gate-failed', `${path} is in the way and is not a socket`);
  if (await answers(path)) throw new Failure('gate-failed', `another process serves ${path}`);
  await unlink(path);
}

/** @throws {Failure} `gate-failed` with one sentence for the operator */
export async function listenOnSocket(
  gate: Gate,
  { name, path, ephemeral }: RunnerSocket,
  given: Partial<ServerLimits> = {},
): Promise<Listener> {
  if (!isRunnerId(name)) throw new Failure('gate-failed', `${JSON.stringify(name)} is no name for a runner`);
  const limits = { ...defaultServerLimits, ...given };
  await makeFree(path);
  const runner = { id: name, ephemeral };
  const server = createHttpServer((call) => gate.handle(runner, call), limits, gate.log.child({ runner: name }));
  await new Promise<void>((done, fail) => {
    server.once('error', (error) => fail(listenFailure(path, error)));
    server.listen(path, done);
  });
  server.on('error', (err) => gate.log.error({ err, runner: name }, "a runner's socket failed"));
  await chmod(path, 0o666);
  return {
    async close() {
      await closeServer(server, limits);
      gate.gone(runner);
    },
  };
}
