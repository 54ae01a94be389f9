// From a raw HTTP request to a call. Two parsers that disagree on where a body ends are how such gates were passed
// before (CVE-2024-41110, CVE-2026-34040), so a body has exactly one form here: a Content-Length, at most 64 KiB.

import type { IncomingMessage } from 'node:http';
import { Refusal } from '../../protocol/index.ts';
import type { Call } from '../reply.ts';

export function malformed(message: string, fix: string, status = 400): Refusal {
  return new Refusal({ code: 'call-malformed', rule: 'HTTP', message, fix, status });
}

function tooLarge(max: number): Refusal {
  return new Refusal({
    code: 'input-too-large',
    rule: 'size limit',
    message: `the call's body is larger than ${max} bytes`,
    fix: 'send less',
    status: 413,
  });
}

/** Bytes that the caller announced. @throws {Refusal} `call-malformed`, `input-too-large` */
function announced(request: IncomingMessage, max: number): number {
  const { headers, method } = request;
  if (request.httpVersion !== '1.1') throw malformed('the call is not HTTP/1.1', 'use HTTP/1.1', 505);
  if (headers.upgrade !== undefined) throw malformed('the call asks for another protocol', 'send no Upgrade header');
  if (headers.expect !== undefined) throw malformed('the call has an Expect header', 'send the body at once', 417);
  if (headers['transfer-encoding'] !== undefined || headers['content-encoding'] !== undefined)
    throw malformed('the body is chunked or encoded', 'send it plain, with Content-Length', 411);
  const length = headers['content-length'];
  if (length === undefined) {
    if (method === 'POST') throw malformed('the call has no Content-Length', 'send one', 411);
    return 0;
  }
  if (!/^[0-9]{1,15}$/.test(length)) throw malformed('Content-Length is no decimal number', 'send one');
  if (Number(length) > max) throw tooLarge(max);
  if (method !== 'POST' && Number(length) > 0) throw malformed('only POST calls have a body', 'send none');
  return Number(length);
}

async function bodyOf(request: IncomingMessage, length: number, max: number): Promise<Uint8Array> {
  if (length === 0) return new Uint8Array(0);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > max) throw tooLarge(max);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** @throws {Refusal} `call-malformed`, `input-too-large`; or the system's error when the caller goes away meanwhile */
export async function readCall(request: IncomingMessage, maxBody: number): Promise<Call> {
  const body = await bodyOf(request, announced(request, maxBody), maxBody);
  const url = request.url ?? '';
  const mark = url.indexOf('?');
  const path = mark === -1 ? url : url.slice(0, mark);
  return { method: request.method ?? '', path, query: mark === -1 ? '' : url.slice(mark + 1), body };
}
