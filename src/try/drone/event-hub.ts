// The event stream of a repository (recordings 10, 36, 47): the repository with the build that changed. A build that waits, and
// a cancel, are not told.

import type { ServerResponse } from 'node:http';
import { STREAM } from './answer.ts';
import { goJson } from './go-json.ts';
import type { BuildRecord } from './records.ts';
import { repositoryView } from './views.ts';

const PING = ': ping\n\n';
/** A reader that lags this far behind loses events, as with Drone's own buffer of 100 messages. */
const BEHIND_BYTES = 1024 * 1024;

export class EventHub {
  readonly #pingMs: number;
  readonly #readers = new Map<ServerResponse, string | undefined>();

  constructor(pingMs: number) {
    this.#pingMs = pingMs;
  }

  /** `slug` undefined: every repository's events. */
  attach(res: ServerResponse, slug: string | undefined): void {
    res.writeHead(200, STREAM);
    res.write(PING);
    this.#readers.set(res, slug);
    const ping = setInterval(() => res.write(PING), this.#pingMs);
    res.on('close', () => {
      clearInterval(ping);
      this.#readers.delete(res);
    });
  }

  publish(build: BuildRecord): void {
    const readers = Array.from(this.#readers).filter(
      ([, slug]) => slug === undefined || slug === build.repository.slug,
    );
    if (readers.length === 0) return;
    const text = `data: ${goJson(repositoryView(build.repository, { build }))}\n\n`;
    for (const [res] of readers) if (res.writableLength < BEHIND_BYTES) res.write(text);
  }
}
