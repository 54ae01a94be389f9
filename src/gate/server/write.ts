// Answers on the wire. A caller that does not read is waited for, then dropped: it costs one of its own connections and
// never more memory than one piece of a stream.

import type { ServerResponse } from 'node:http';
import type { Reply, StreamReply } from '../reply.ts';

const common = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

/** Resolves when what was written is flushed; false: the caller is gone or has read nothing for `stall` ms. */
function flushed(response: ServerResponse, event: 'drain' | 'finish', stall: number): Promise<boolean> {
  return new Promise((done) => {
    const settle = (whole: boolean): void => {
      clearTimeout(timer);
      response.off(event, onFlushed).off('close', onClose);
      done(whole);
    };
    const onFlushed = (): void => settle(true);
    const onClose = (): void => settle(response.writableFinished);
    const timer = setTimeout(settle, stall, false);
    response.once(event, onFlushed).once('close', onClose);
    if (response.closed || response.destroyed) onClose();
  });
}

async function finish(response: ServerResponse, stall: number): Promise<void> {
  const done = flushed(response, 'finish', stall);
  response.end();
  if (!(await done)) response.destroy();
}

async function writeStream(response: ServerResponse, reply: StreamReply, stall: number): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  response.writeHead(200, { ...common, 'content-type': 'application/x-ndjson' });
  for await (const lines of reply.lines(gone.signal)) {
    if (response.write(lines)) continue;
    if (await flushed(response, 'drain', stall)) continue;
    response.destroy();
    return;
  }
  await finish(response, stall);
}

/** Resolves when the answer is written or the caller is given up. */
export async function writeReply(response: ServerResponse, reply: Reply, stall: number, close = false): Promise<void> {
  if (response.destroyed) return;
  if (close) response.setHeader('connection', 'close');
  if (reply.kind === 'stream') return writeStream(response, reply, stall);
  const text = JSON.stringify(reply.body);
  response.writeHead(reply.status, {
    ...common,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.write(text);
  await finish(response, stall);
}
