// Calls that are tried again where that is safe: when the server says that it did not act (429, 503), when nobody took the
// connection, and, for what may be done twice, whenever the outcome is unknown.

import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesAccess } from './access.ts';
import { KubernetesError, isRightless } from './kubernetes-error.ts';
import { type KubernetesAnswer, type KubernetesCall, request } from './request.ts';

export interface Patience {
  /** Milliseconds for all tries together. */
  readonly patience?: number;
  /** The call may be carried out twice without harm. By default true for GET and DELETE. */
  readonly repeatable?: boolean;
  /** Told before each further try. */
  readonly onRepeat?: () => void;
}

export interface KubernetesClient {
  readonly access: KubernetesAccess;
  /** @throws {KubernetesError} of the last try */
  call(call: KubernetesCall, patience?: Patience): Promise<KubernetesAnswer>;
}

const firstPause = 100;
const maxPause = 2_000;
/** How long a server may need until it has read the rights of its cluster. */
export const rightsPatience = 5_000;

/** Whether the server certainly did nothing. */
function untouched({ trouble, status }: KubernetesError): boolean {
  return trouble === 'unreachable' || status === 429 || status === 503;
}

/** Nobody knows what the server did. */
const passing = ({ trouble, status }: KubernetesError): boolean =>
  trouble === 'broken-off' || trouble === 'stalled' || status === 500 || status === 502 || status === 504;

/** @param random 0 to 1 */
export function pauseBefore(
  tries: number,
  { retryAfter }: Pick<KubernetesError, 'retryAfter'>,
  random: number,
): number {
  const own = Math.min(firstPause * 2 ** tries, maxPause);
  // Half of it is chance: gates that were refused together do not come back together.
  return Math.max(retryAfter ?? 0, own / 2) + (random * own) / 2;
}

export function createKubernetesClient(access: KubernetesAccess): KubernetesClient {
  return {
    access,
    async call(call, { patience = call.limit, repeatable, onRepeat } = {}) {
      const harmless = repeatable ?? (call.method === 'GET' || call.method === 'DELETE');
      const until = performance.now() + patience;
      let rightless: number | undefined;
      for (let tries = 0; ; tries++) {
        const left = Math.max(1, until - performance.now());
        try {
          return await request(access, { ...call, limit: Math.min(call.limit, left) });
        } catch (error) {
          if (!(error instanceof KubernetesError)) throw error;
          if (isRightless(error)) rightless ??= performance.now();
          const soon = isRightless(error) && performance.now() - (rightless ?? 0) < rightsPatience;
          if (!soon && !untouched(error) && !(harmless && passing(error))) throw error;
          const pause = pauseBefore(tries, error, Math.random());
          if (performance.now() + pause >= until) throw error;
          await sleep(pause);
          onRepeat?.();
        }
      }
    },
  };
}
