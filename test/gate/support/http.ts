// A caller on a unix socket: well-behaved calls as the hook makes them, and raw bytes as nobody should.

import { type Agent, request } from 'node:http';
import { connect } from 'node:net';
import type { Event } from '../../../src/protocol/index.ts';

interface Said {
  readonly code: string;
  readonly message: string;
  readonly rule: string;
  readonly fix: string;
}
/** Everything that an answer may hold; what is not there is empty. */
export interface Answer {
  readonly status: number;
  readonly body: {
    readonly refused?: Said;
    readonly failed?: Said;
    readonly code?: string;
    readonly session: string;
    readonly audience: string;
    readonly expires: number;
    readonly task: string;
    readonly slot: number;
    readonly phase: string;
    readonly log: string;
  };
}

export function call(
  socketPath: string,
  method: string,
  path: string,
  body?: unknown,
  agent: Agent | false = false,
): Promise<Answer> {
  return new Promise((done, fail) => {
    const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    const headers =
      text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const call = request({ socketPath, method, path, headers, agent }, (response) => {
      let answer = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        answer += chunk;
      });
      response.on('end', () =>
        done({ status: response.statusCode ?? 0, body: answer === '' ? null : JSON.parse(answer) }),
      );
      response.on('error', fail);
    });
    call.on('error', fail);
    call.end(text);
  });
}

/** Sends bytes as they are and returns what comes back until the gate closes, or until `ms` have passed. */
export function raw(
  socketPath: string,
  bytes: string | Buffer | readonly (string | Buffer)[],
  ms = 5_000,
): Promise<string> {
  return new Promise((done, fail) => {
    const socket = connect(socketPath);
    const parts = typeof bytes === 'string' || Buffer.isBuffer(bytes) ? [bytes] : bytes;
    let answer = '';
    const timer = setTimeout(() => socket.destroy(), ms);
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') fail(error);
    });
    socket.on('close', () => {
      clearTimeout(timer);
      done(answer);
    });
    socket.on('connect', () => {
      for (const part of parts) socket.write(part);
    });
  });
}

export interface EventReader {
  /** Every event so far, pings left out. */
  readonly events: Event[];
  readonly all: Event[];
  /** Resolves with the first event that fits. */
  until(fits: (event: Event) => boolean): Promise<Event>;
  /** Resolves when the gate has ended the stream. */
  readonly ended: Promise<void>;
  close(): void;
  /** Stops and goes on reading from the socket. */
  pause(): void;
  resume(): void;
}

export function readEvents(socketPath: string, task: string, query = 'state=0&log=0'): EventReader {
  const all: Event[] = [];
  const events: Event[] = [];
  const waiting = new Set<() => void>();
  let rest = '';
  let stop: () => void = () => undefined;
  let pauseIt: (paused: boolean) => void = () => undefined;
  const ended = new Promise<void>((done, fail) => {
    const call = request(
      { socketPath, method: 'GET', path: `/v1/tasks/${task}/events?${query}`, agent: false },
      (response) => {
        if (response.statusCode !== 200) fail(new Error(`events: ${response.statusCode}`));
        pauseIt = (paused) => void (paused ? response.pause() : response.resume());
        response.setEncoding('utf8').on('data', (chunk: string) => {
          const lines = (rest + chunk).split('\n');
          rest = lines.pop()!;
          for (const line of lines) {
            const event = JSON.parse(line) as Event;
            all.push(event);
            if (event.k !== 'ping') events.push(event);
          }
          for (const look of waiting) look();
        });
        response.on('end', done).on('error', () => done());
      },
    );
    call.on('error', () => done());
    stop = () => call.destroy();
    call.end();
  });
  ended.catch(() => undefined);
  return {
    all,
    events,
    ended,
    close: () => stop(),
    pause: () => pauseIt(true),
    resume: () => pauseIt(false),
    until: (fits) =>
      new Promise((done) => {
        const look = (): void => {
          const found = all.find(fits);
          if (found === undefined) return;
          waiting.delete(look);
          done(found);
        };
        waiting.add(look);
        look();
      }),
  };
}
