// A container engine as far as cells need one: a process of its own that holds child processes, so that they outlive the
// gate that asked for them. One connection for each call; the connection of an attach becomes the cell's stdin and stdout.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { type Socket, createServer } from 'node:net';
import type { Readable, Writable } from 'node:stream';

export interface HolderSettings {
  /** Path of the unix socket. */
  readonly socket: string;
  /** The managed script. */
  readonly script: string;
}

export type HolderCall =
  | { readonly do: 'start' | 'attach' | 'inspect' | 'kill' | 'remove'; readonly id: string }
  | { readonly do: 'list' };

interface Held {
  readonly id: string;
  readonly child: ChildProcessByStdio<Writable, Readable, null>;
  readonly attached: Set<Socket>;
  exitCode: number | null;
  running: boolean;
}

const cells = new Map<string, Held>();

function start(id: string, script: string): void {
  const child = spawn(process.execPath, ['-e', script], {
    cwd: '/',
    env: { HOME: '/nonexistent', LANG: 'C.UTF-8', TZ: 'UTC' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const held: Held = { id, child, attached: new Set(), exitCode: null, running: true };
  child.stdin.on('error', () => undefined);
  // What nobody is attached for is lost, as with the log driver none.
  child.stdout.on('data', (bytes: Buffer) => {
    for (const socket of held.attached) socket.write(bytes);
  });
  child.once('close', (exitCode) => {
    Object.assign(held, { exitCode, running: false });
    for (const socket of held.attached) socket.end();
  });
  cells.set(id, held);
}

const known = (id: string): Held => {
  const held = cells.get(id);
  if (held === undefined) throw new Error('no such cell');
  return held;
};

function kill(held: Held): Promise<void> {
  if (!held.running) return Promise.resolve();
  return new Promise((done) => {
    held.child.once('close', () => done());
    held.child.kill('SIGKILL');
  });
}

function attach(held: Held, socket: Socket): void {
  held.attached.add(socket);
  socket.on('data', (bytes) => held.child.stdin.write(bytes));
  socket.once('close', () => held.attached.delete(socket));
  if (!held.running) socket.end();
}

async function answer(call: HolderCall, script: string): Promise<unknown> {
  if (call.do === 'list') return [...cells.values()].map(({ id, running }) => ({ id, running }));
  if (call.do === 'start') return start(call.id, script);
  const held = known(call.id);
  if (call.do === 'kill' || call.do === 'remove') await kill(held);
  if (call.do === 'remove') cells.delete(call.id);
  return { running: held.running, exitCode: held.exitCode };
}

function serve({ socket: path, script }: HolderSettings): void {
  process.on('exit', () => {
    for (const { child } of cells.values()) child.kill('SIGKILL');
  });
  process.once('SIGTERM', () => process.exit(0));
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (bytes) => {
      const call = JSON.parse(bytes.toString()) as HolderCall;
      void answer(call, script).then(
        (value) => {
          socket.write(`${JSON.stringify({ value: value ?? null })}\n`);
          if (call.do === 'attach') attach(known(call.id), socket);
          else socket.end();
        },
        (error: unknown) => socket.end(`${JSON.stringify({ error: String(error) })}\n`),
      );
    });
  });
  server.listen(path, () => process.stdout.write('ready\n'));
}

serve(JSON.parse(process.argv[2] ?? '{}') as HolderSettings);
