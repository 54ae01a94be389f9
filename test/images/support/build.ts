// Builds an image on a real engine by its classic builder (no BuildKit, no client), from a folder.

import { type ChildProcess, spawn } from 'node:child_process';
import { request } from 'node:http';

export interface Build {
  /** Folder that is the context. */
  readonly context: string;
  /** Below the context. */
  readonly dockerfile: string;
  readonly args?: Readonly<Record<string, string>>;
  /** Nothing of an earlier build is taken. */
  readonly fresh?: boolean;
}

interface Line {
  readonly stream?: string;
  readonly error?: string;
  readonly aux?: { readonly ID?: string };
}

/** The folder's files as an archive: what `docker build` sends. */
const archiveOf = (folder: string): ChildProcess =>
  spawn('tar', ['-C', folder, '--sort=name', '--owner=0', '--group=0', '--numeric-owner', '-c', '.'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });

/** @returns the lines that the engine answered */
function send(socket: string, { context, dockerfile, args = {}, fresh = false }: Build): Promise<Line[]> {
  // No step reaches any network.
  const query = new URLSearchParams({ dockerfile, buildargs: JSON.stringify(args), networkmode: 'none' });
  if (fresh) query.set('nocache', '1');
  return new Promise((done, fail) => {
    const path = `/build?${query.toString()}&rm=1&forcerm=1`;
    const headers = { 'content-type': 'application/x-tar' };
    const call = request({ socketPath: socket, method: 'POST', path, headers, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.on('end', () => {
        if (answer.statusCode !== 200) return fail(new Error(`${answer.statusCode} ${text}`));
        const lines = text.split('\n').filter((line) => line.trim() !== '');
        return done(lines.map((line) => JSON.parse(line) as Line));
      });
    });
    call.on('error', fail);
    archiveOf(context).stdout!.pipe(call);
  });
}

/**
 * @returns the image's id
 * @throws {Error} with everything that the build printed
 */
export async function buildImage(socket: string, build: Build): Promise<string> {
  const lines = await send(socket, build);
  const id = lines.findLast(({ aux }) => aux?.ID !== undefined)?.aux?.ID;
  if (id !== undefined && lines.every(({ error }) => error === undefined)) return id;
  throw new Error(lines.map(({ stream, error }) => stream ?? error ?? '').join(''));
}
