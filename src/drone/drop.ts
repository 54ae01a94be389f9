// Ends a build that must not be: a second one of the same trigger, or one that is not what was asked for.

import type { Build } from './answers.ts';
import type { Connection } from './connection.ts';
import { paths } from './paths.ts';
import { backoff, sleep } from './wait.ts';

/** Whether it worked is told, never decided upon. */
export async function dropBuild(
  connection: Connection,
  repository: string,
  build: Build,
  limits: { readonly call: number; readonly poll: number },
): Promise<string> {
  for (let failures = 0; failures < 3; failures++) {
    const done = await connection
      .call(paths.build(repository, build.number), { method: 'DELETE', limit: limits.call })
      .catch(() => undefined);
    if (done?.status === 200) return 'it was cancelled';
    await sleep(backoff(failures, limits.poll));
  }
  return 'it could not be cancelled';
}
