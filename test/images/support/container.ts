// One container from its creation to its removal: what it printed, and how it ended.

import type { ChildProcess } from 'node:child_process';
import { request } from 'node:http';
import { engineCall } from '../../docker/support.ts';

export interface Ended {
  readonly code: number;
  /** stdout and stderr, in the order in which the engine got them. */
  readonly output: string;
}

function bytesOf(socket: string, path: string): Promise<Buffer> {
  return new Promise((done, fail) => {
    request({ socketPath: socket, path, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', fail);
      answer.on('end', () => done(Buffer.concat(chunks)));
    })
      .on('error', fail)
      .end();
  });
}

/** Without the eight bytes that the engine puts before each piece. */
function unframed(bytes: Buffer): string {
  const pieces: Buffer[] = [];
  for (let at = 0; at + 8 <= bytes.length; ) {
    const size = bytes.readUInt32BE(at + 4);
    pieces.push(bytes.subarray(at + 8, at + 8 + size));
    at += 8 + size;
  }
  return Buffer.concat(pieces).toString();
}

function put(socket: string, id: string, archive: () => ChildProcess): Promise<void> {
  return new Promise((done, fail) => {
    const path = `/containers/${id}/archive?path=/`;
    const headers = { 'content-type': 'application/x-tar' };
    const call = request({ socketPath: socket, method: 'PUT', path, headers, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.on('end', () => (answer.statusCode === 200 ? done() : fail(new Error(`${answer.statusCode} ${text}`))));
    });
    call.on('error', fail);
    archive().stdout!.pipe(call);
  });
}

const must = async (call: ReturnType<typeof engineCall>, ...expected: readonly number[]) => {
  const { status, body } = await call;
  if (!expected.includes(status)) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
};

/**
 * @param specification body of `POST /containers/create`
 * @param archive starts who writes the files that are put into it; what it writes is lost unless it is read at once
 */
export async function runContainer(
  socket: string,
  specification: object,
  archive?: () => ChildProcess,
): Promise<Ended> {
  const { Id } = await must(engineCall(socket, 'POST', '/containers/create', specification), 201);
  const id = String(Id);
  try {
    if (archive !== undefined) await put(socket, id, archive);
    await must(engineCall(socket, 'POST', `/containers/${id}/start`), 204);
    const { StatusCode } = await must(engineCall(socket, 'POST', `/containers/${id}/wait`), 200);
    const output = unframed(await bytesOf(socket, `/containers/${id}/logs?stdout=1&stderr=1`));
    return { code: Number(StatusCode), output };
  } finally {
    await engineCall(socket, 'DELETE', `/containers/${id}?force=1`);
  }
}
