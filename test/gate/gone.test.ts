// Callers that ask for an upgrade or for CONNECT: Node hands over the bare socket, without its own error listener. Were
// an answer written to a caller that has gone, the error would end the gate for every runner.

import { connect } from 'node:net';
import { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultServerLimits, silentLog } from '../../src/gate/index.ts';
import { createHttpServer } from '../../src/gate/server/http.ts';
import { type FakeCell, build, fakeCells, state } from '../fakes/cells.ts';
import { type Bench, type TestRunner, eventually, startBench } from './support/bench.ts';
import { raw } from './support/http.ts';

let bench: Bench;
let runner: TestRunner;
const working = (cell: FakeCell): void => {
  cell.say(state(1, { build: build(7) }));
};
beforeEach(async () => {
  bench = await startBench({ cells: fakeCells({ act: working }) });
  runner = await bench.runner();
});
afterEach(() => bench.stop());

const upgrade = 'GET /v1/sessions HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n';
const proxied = 'CONNECT drone.internal:443 HTTP/1.1\r\nhost: x\r\n\r\n';

/** Sends the bytes and is gone before the gate has read them. */
function sendAndLeave(path: string, bytes: string): Promise<void> {
  return new Promise((done) => {
    const socket = connect(path, () => {
      socket.write(bytes);
      socket.destroy();
    });
    socket.on('error', () => undefined).on('close', () => done());
  });
}

describe.for([
  ['an upgrade', upgrade],
  ['CONNECT', proxied],
  ['no HTTP at all', 'BAD\r\n\r\n'],
] as const)('a caller that asks for %s', ([, bytes]) => {
  test('and stays is answered', async () => {
    expect(await raw(runner.path, bytes)).toMatch(/^HTTP\/1\.1 400 [^]*"code":"call-malformed"/);
  });

  test('and is gone before the answer ends nothing: the gate goes on', async () => {
    const broken: unknown[] = [];
    const seen = (error: unknown): void => void broken.push(error);
    process.on('uncaughtException', seen);
    try {
      for (let n = 0; n < 50; n++) await sendAndLeave(runner.path, bytes);
      expect((await runner.session()).id).toMatch(/^[0-9a-f]{32}$/);
      expect(broken).toEqual([]);
    } finally {
      process.off('uncaughtException', seen);
    }
  });
});

test.for([
  ['an upgrade', upgrade],
  ['CONNECT', proxied],
] as const)(
  '%s behind a call that is being answered ends the connection, and nothing is written into the answer',
  async ([, bytes]) => {
    const { id, reader } = await (await runner.session()).task();
    await eventually(() => reader.events.length > 0);
    reader.close();
    const answer = await raw(runner.path, [`GET /v1/tasks/${id}/events HTTP/1.1\r\nhost: x\r\n\r\n`, bytes]);
    expect(answer.match(/^HTTP\/1\.1 \d/gm)?.length ?? 0).toBeLessThanOrEqual(1);
    expect(answer).not.toContain('call-malformed');
  },
);

test('a caller that never reads the answer to its upgrade is cut', async () => {
  const limits = { ...defaultServerLimits, stall: 50 };
  const server = createHttpServer(() => Promise.reject(new Error('not asked')), limits, silentLog());
  // As the kernel does when the buffer of a caller that does not read is full.
  const stuck = new Duplex({ read: () => undefined, write: () => undefined });
  const closed = new Promise<void>((done) => stuck.once('close', done));
  server.emit('upgrade', null, stuck);
  await closed;
});
