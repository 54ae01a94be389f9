// Attaching: an HTTP call that the engine turns into a plain two-way stream. What is written reaches the cell's stdin,
// what is read are frames. StdinOnce is false, so closing this end closes nothing in the cell.

import type { Socket } from 'node:net';
import { EngineError } from './engine-error.ts';
import { asEngineError, type EngineCall, messageIn, nameOf, open, readText } from './request.ts';

export interface Attached {
  readonly socket: Socket;
  /** What came in one packet with the answer's head. */
  readonly head: Buffer;
}

/** @throws {EngineError} */
export async function attach(socket: string, call: EngineCall): Promise<Attached> {
  const sent = open(socket, call, { connection: 'Upgrade', upgrade: 'tcp' });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    sent.destroy();
  }, call.limit);
  try {
    return await new Promise<Attached>((done, fail) => {
      sent.on('upgrade', (_answer, stream, head) => {
        // Whatever becomes of the connection shows as its end; unhandled it would end the gate.
        stream.on('error', () => undefined);
        done({ socket: stream, head });
      });
      let answered = false;
      sent.on('response', (answer) => {
        answered = true;
        const status = answer.statusCode ?? 0;
        readText(answer, call)
          .then((text) => {
            const trouble = status >= 300 ? 'refused' : 'malformed';
            fail(new EngineError({ trouble, call: nameOf(call), detail: messageIn(text), status }));
          })
          .catch(fail);
      });
      sent.on('error', fail);
      // Only without an answer: else its text is still being read.
      sent.on('close', () => {
        if (!answered) fail(new Error('the connection was closed'));
      });
      sent.end();
    });
  } catch (error) {
    sent.destroy();
    throw asEngineError(error, call, late);
  } finally {
    clearTimeout(timer);
  }
}
