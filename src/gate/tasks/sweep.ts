// Everything that happens to a task because time has passed, in one place and by one clock. Called every `sweep` ms; each
// rule is true or not at that moment, so nothing has to be remembered, started or stopped.

import { Failure, Refusal } from '../../protocol/index.ts';
import type { Context } from '../context.ts';
import type { Life } from './life.ts';
import { longest, orderLimits } from './orders.ts';
import type { Task } from './task.ts';
import { type Turns, turnMissed } from './turns.ts';

const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`;

function noPlace(wait: number): Refusal {
  return new Refusal({
    code: 'no-place-in-time',
    rule: 'limits.wait',
    message: `no place became free within ${seconds(wait)}`,
    fix: 're-run the job later, or ask the operator for more places',
  });
}

function noToken(waited: number): Failure {
  const reason = 'the cell is gone, and the job did not bring its Drone token again';
  return new Failure('recovery-impossible', `${reason} within ${seconds(waited)}, so nobody can look after the build`);
}

/** @returns looks at one task that has not ended */
export function createSweep(context: Context, life: Life, turns: Turns): (task: Task) => Promise<void> {
  const { clock, log, policy, timing } = context;
  // Asked anew each time: the policy may have been replaced.
  const wholeLife = (): number => longest(orderLimits(policy, timing)) + timing.margin;
  /** A cancel may find the cell in the middle of its trigger. */
  function afterCancel(): number {
    const { trigger, lookup, cancel } = orderLimits(policy, timing);
    return 2 * trigger + lookup + cancel + timing.margin;
  }
  const since = (at: number | null): number => (at === null ? -Infinity : clock.monotonic() - at);

  const silent = (task: Task): boolean => task.reader === null && since(task.heardAt) > timing.runnerSilent;

  async function waiting(task: Task): Promise<void> {
    if (silent(task)) return life.fail(task, turnMissed('the runner fell silent while its task waited'));
    if (since(task.turnSince) > timing.turn) return turns.miss(task);
    if (task.turnSince === null && since(task.waitingSince) > policy.limits.wait)
      return life.fail(task, noPlace(policy.limits.wait));
  }

  async function lost(task: Task): Promise<void> {
    const { whenLost } = task.plan;
    log.warn({ task: task.id, whenLost }, 'a runner has fallen silent');
    if (whenLost === 'cancel') await life.see(task, { seen: 'cancel', reason: 'runner-lost' });
    task.lostSeen = true;
  }

  async function ordered(task: Task): Promise<void> {
    const shift = task.relay.shift();
    if (task.journal.record().shift === null && shift !== null) await life.see(task, { seen: 'shift', shift });
    if (!task.spoke && task.tokenSince === null && since(task.attachedAt) > timing.firstEvent)
      return life.fail(task, new Failure('cell-misbehaved', `the cell said nothing for ${seconds(timing.firstEvent)}`));
    if (since(task.cancelledAt) > afterCancel())
      return life.fail(task, new Failure('cell-misbehaved', 'the cell was told to cancel and did not end'));
    if (silent(task) && !task.lostSeen) await lost(task);
    if (since(task.orderedAt) > wholeLife()) await life.see(task, { seen: 'cancel', reason: 'limit' });
  }

  return async (task) => {
    try {
      // Before any other rule: a job that does not come back has no turn either.
      if (task.tokenSince !== null && since(task.tokenSince) > policy.limits.reconnect)
        return await life.fail(task, noToken(policy.limits.reconnect));
      if (task.journal.record().phase === 'waiting') await waiting(task);
      else if (task.orderedAt !== null) await ordered(task);
    } catch (err) {
      log.error({ err, task: task.id }, 'a task could not be looked after');
    }
  };
}
