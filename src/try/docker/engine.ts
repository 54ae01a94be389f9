// The Docker engine of whoever tries airlock: where it is, whether it answers, and the few calls that a place for cells
// needs beside the gate's own. Nothing here belongs to a gate that serves real jobs.

import { EngineError } from '../../gate/cells/docker/engine-error.ts';
import { type EngineCall, open, readText, request } from '../../gate/cells/docker/request.ts';
import { negotiate } from '../../gate/cells/docker/version.ts';
import { Unavailable } from './unavailable.ts';

export interface EngineVersion {
  /** As the engine tells it, such as 20.10.24. */
  readonly version: string;
  /** Go's words: linux, amd64. */
  readonly os: string;
  readonly arch: string;
}

export interface Engine extends EngineVersion {
  /** Path of its unix socket. */
  readonly socket: string;
  /** The version of the API, as a path begins with it. */
  readonly api: string;
  /** @throws {EngineError} */
  call(method: EngineCall['method'], path: string, body?: object): Promise<unknown>;
  /** The same for an answer that may not be there: null with 404. */
  find(path: string): Promise<unknown>;
  /** Sends a tar archive as it comes; answers the engine's text. */
  upload(path: string, archive: AsyncIterable<Buffer>): Promise<string>;
}

/** Milliseconds for the first answer, for one call, and for an upload of about 130 MB. */
const answerLimit = 10_000;
const callLimit = 30_000;
const uploadLimit = 180_000;
const usual = '/var/run/docker.sock';

/** @throws {Unavailable} DOCKER_HOST names something that is no unix socket */
export function socketOf({ DOCKER_HOST: host }: NodeJS.ProcessEnv): string {
  if (host === undefined || host === '') return usual;
  const path = host.startsWith('unix://') ? host.slice('unix://'.length) : '';
  if (!path.startsWith('/')) throw new Unavailable('DOCKER_HOST is not a unix socket (unix:///path)');
  return path;
}

const why: Readonly<Record<string, string>> = Object.assign(Object.create(null) as Record<string, string>, {
  unreachable: 'no Docker engine answers at',
  forbidden: 'this user may not open',
  stalled: 'nothing answered in time at',
});

async function upload(socket: string, path: string, archive: AsyncIterable<Buffer>): Promise<string> {
  const call: EngineCall = { method: 'POST', path, limit: uploadLimit };
  const sent = open(socket, call, { 'content-type': 'application/x-tar' });
  const timer = setTimeout(() => sent.destroy(new Error('the upload took too long')), uploadLimit);
  try {
    const answered = new Promise<string>((done, fail) => {
      sent.on('error', fail);
      sent.on('response', (answer) => {
        readText(answer, call).then((text) => {
          if (answer.statusCode === 200) done(text);
          else fail(new Error(`${answer.statusCode} ${text.slice(0, 300)}`));
        }, fail);
      });
    });
    answered.catch(() => undefined);
    for await (const part of archive) {
      if (sent.destroyed) break;
      if (!sent.write(part)) await Promise.race([new Promise((done) => sent.once('drain', done)), answered]);
    }
    sent.end();
    return await answered;
  } finally {
    clearTimeout(timer);
    sent.destroy();
  }
}

/** @throws {Unavailable} no engine answers there, or none that is spoken with */
export async function openEngine(socket: string, limit = answerLimit): Promise<Engine> {
  const seen = await request(socket, { method: 'GET', path: '/version', limit }).catch((error: unknown) => {
    const trouble = error instanceof EngineError ? error.trouble : '';
    throw new Unavailable(`${why[trouble] ?? 'no Docker engine answers properly at'} ${socket}`, { cause: error });
  });
  const { Version = '?', ApiVersion = '', MinAPIVersion = '', Os = '', Arch = '' } = (seen.body ?? {}) as VersionBody;
  const api = negotiate({ ApiVersion, MinAPIVersion });
  if (api === null)
    throw new Unavailable(`the Docker engine at ${socket} speaks no version of the API that airlock does`);
  const call = async (method: EngineCall['method'], path: string, body?: object): Promise<unknown> =>
    (await request(socket, { method, path: `${api}${path}`, body, limit: callLimit })).body;
  return {
    socket,
    api,
    version: Version,
    os: Os,
    arch: Arch,
    call,
    find: (path) =>
      call('GET', path).catch((error: unknown) => {
        if (error instanceof EngineError && error.status === 404) return null;
        throw error;
      }),
    upload: (path, archive) => upload(socket, `${api}${path}`, archive),
  };
}

interface VersionBody {
  readonly Version?: string;
  readonly ApiVersion?: string;
  readonly MinAPIVersion?: string;
  readonly Os?: string;
  readonly Arch?: string;
}
