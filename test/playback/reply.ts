// A recorded answer, sent again.

import type { ServerResponse } from 'node:http';
import { type Frame, jsonOf } from '../support/recordings.ts';

const headerOf = (frame: Frame, name: string): string | undefined =>
  'status' in frame ? Object.entries(frame.headers ?? {}).find(([key]) => key.toLowerCase() === name)?.[1] : undefined;

/** `rewrite`: what becomes of the JSON of an answer with status 200. */
export function reply(response: ServerResponse, frame: Frame, rewrite = (json: unknown): unknown => json): void {
  if ('failed' in frame) {
    // What gave up in the recording was the recorder: the server was silent.
    if (!frame.failed.startsWith('client gave up')) response.destroy();
    return;
  }
  const type = headerOf(frame, 'content-type') ?? 'application/json';
  const location = headerOf(frame, 'location');
  const json = frame.status === 200 && type.startsWith('application/json') ? jsonOf(frame) : undefined;
  response.writeHead(frame.status, { 'Content-Type': type, ...(location === undefined ? {} : { Location: location }) });
  if (frame.status === 204) response.end();
  else response.end(json === undefined ? (frame.body ?? '') : JSON.stringify(rewrite(json)));
}
