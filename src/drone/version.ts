// Which Drone answers. Versions 1 and 2 have the API that was recorded (2.25); before them and after them it is another
// one, in which the same words may mean something else.

import { Refusal, quote } from '../protocol/index.ts';
import type { Connection } from './connection.ts';

/** `2.25.0`, `1.0.0-rc.6` */
const known = /^v?[12]\./;
const form = /^v?[0-9]+(?:\.|$)/;

/**
 * A version that cannot be had says nothing: what stands before a Drone may show its API and no more.
 * @throws {Refusal} `drone-version-not-supported`
 */
export async function checkVersion(connection: Connection, call: number): Promise<void> {
  // 03: no token is needed, and the answer is JSON.
  const answer = await connection.call('/version', { limit: call }).catch(() => undefined);
  const body = answer?.status === 200 ? answer.body : undefined;
  if (typeof body !== 'object' || body === null || !('version' in body)) return;
  const { version } = body;
  if (typeof version !== 'string' || !form.test(version) || known.test(version)) return;
  throw new Refusal({
    code: 'drone-version-not-supported',
    message: `Drone at ${quote(connection.server)} is version ${connection.quote(version, 40)}, and only 1 and 2 are known here`,
    rule: 'drones.*.server',
    fix: 'the operator runs a Drone of version 1 or 2, or upgrades airlock',
  });
}
