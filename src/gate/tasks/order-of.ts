// The order of a task, made anew each time from its record, the policy and secrets that nobody keeps.

import { Failure, type Order } from '../../protocol/index.ts';
import type { Context } from '../context.ts';
import { isChoosing } from '../ledger/machine.ts';
import { makeOrder, orderLimits } from './orders.ts';
import { readSecrets } from './secrets.ts';
import type { Task } from './task.ts';

/**
 * Whether a cell could look after the task's build. `never`: the policy describes its Drone no more, or another one under
 * its name, and the token must not be sent there.
 */
export function meansFor(task: Task, { policy }: Pick<Context, 'policy'>): 'at hand' | 'token missing' | 'never' {
  const drone = policy.drones.get(task.plan.drone);
  if (drone === undefined || drone.server !== task.journal.record().drone) return 'never';
  return drone.token === 'workflow' && task.droneToken === undefined ? 'token missing' : 'at hand';
}

/**
 * What the present cell was given, or would have been.
 * @param replaced counts the lost cells: their replacement looks for the build and never asks for one, unless none of
 * them can have asked
 * @throws {Refusal} `drone-token-missing` @throws {Failure} `gate-failed`
 */
export async function orderOf(
  task: Task,
  { policy, timing }: Pick<Context, 'policy' | 'timing'>,
  replaced = task.journal.record().recoveries,
): Promise<Order> {
  const { plan, id } = task;
  const drone = policy.drones.get(plan.drone);
  if (drone === undefined) throw new Failure('gate-failed', 'the policy names a Drone that it does not describe');
  const secrets = await readSecrets(plan, drone, task.droneToken, timing.disk);
  const record = task.journal.record();
  const { nonce, number, base, choice, phase } = record;
  // Without its choice a cell has asked for nothing: the next one begins where it began.
  const recover =
    replaced === 0 || isChoosing(record)
      ? undefined
      : { number, base, choice, then: phase === 'cancelling' ? ('cancel' as const) : ('follow' as const) };
  return makeOrder({ id, nonce, plan, drone, secrets, limits: orderLimits(policy, timing), recover });
}
