// The way from the cells' network to a Drone that is played in this process. A container of its own listens in that
// network, and what reaches it goes through its stdin and stdout: so the network can be internal, nothing listens on an
// address of the machine, no firewall stands in the way, and it is the same whether the engine runs on this machine's
// network, in a virtual machine, or in namespaces of its own.

import { type Socket, connect } from 'node:net';
import type { Attached } from '../../gate/cells/docker/attach.ts';
import { createDemux } from '../../gate/cells/docker/frames.ts';

interface Line {
  readonly listening?: 1;
  readonly c?: number;
  readonly d?: string;
  readonly e?: 1;
  readonly x?: 1;
  readonly w?: 0 | 1;
}

export interface Door {
  /** Resolves when the container listens; rejects when its output ended before that. */
  readonly listening: Promise<void>;
  /** Where connections go on from now: a port of 127.0.0.1. Without one they are closed. */
  lead(port: number | null): void;
  close(): void;
}

/** Characters of one line: base64 of what a socket reads at once, with room. */
const maxLine = 1_048_576;

export function openDoor({ socket: attached, head }: Attached): Door {
  const demux = createDemux();
  const locals = new Map<number, Socket>();
  let target: number | null = null;
  let newest = 0;
  let full = false;
  /** Connections whose cell does not read. */
  const held = new Set<number>();
  let text = '';
  let settle: { done(): void; fail(error: Error): void };
  const listening = new Promise<void>((done, fail) => {
    settle = { done, fail };
  });
  listening.catch(() => undefined);

  function send(line: Line): void {
    if (attached.destroyed || attached.write(`${JSON.stringify(line)}\n`)) return;
    for (const local of locals.values()) local.pause();
    if (full) return;
    full = true;
    attached.once('drain', () => {
      full = false;
      for (const [c, local] of locals) if (!held.has(c)) local.resume();
    });
  }

  function localOf(c: number): Socket | null {
    const known = locals.get(c);
    if (known !== undefined) return known;
    // Numbers only rise: an older one is of a connection that has been closed here.
    if (c <= newest) return null;
    newest = c;
    if (target === null) {
      send({ c, x: 1 });
      return null;
    }
    const local = connect({ host: '127.0.0.1', port: target, allowHalfOpen: true });
    locals.set(c, local);
    local.on('data', (bytes: Buffer) => send({ c, d: bytes.toString('base64') }));
    local.on('drain', () => send({ c, w: 0 }));
    local.on('end', () => send({ c, e: 1 }));
    local.on('error', () => undefined);
    local.on('close', () => {
      held.delete(c);
      if (locals.delete(c)) send({ c, x: 1 });
    });
    return local;
  }

  function take({ listening: up, c, d, e, x, w }: Line): void {
    if (up === 1) settle.done();
    if (c === undefined) return;
    if (x === 1) {
      const known = locals.get(c);
      locals.delete(c);
      known?.destroy();
      return;
    }
    const local = localOf(c);
    if (local === null) return;
    if (d !== undefined && !local.write(Buffer.from(d, 'base64'))) send({ c, w: 1 });
    if (w === 1) {
      held.add(c);
      local.pause();
    }
    if (w === 0) {
      held.delete(c);
      local.resume();
    }
    if (e === 1) local.end();
  }

  function hear(chunk: Buffer): void {
    try {
      for (const { stream, bytes } of demux(chunk)) if (stream === 'stdout') text += bytes.toString('latin1');
      for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n')) {
        take(JSON.parse(text.slice(0, at)) as Line);
        text = text.slice(at + 1);
      }
      if (text.length > maxLine) throw new Error('a line has no end');
    } catch (error) {
      settle.fail(error as Error);
      attached.destroy();
    }
  }

  attached.on('data', hear);
  attached.on('close', () => {
    settle.fail(new Error('the container ended'));
    for (const local of locals.values()) local.destroy();
  });
  if (head.length > 0) hear(head);
  return {
    listening,
    lead(port) {
      target = port;
    },
    close: () => attached.destroy(),
  };
}
