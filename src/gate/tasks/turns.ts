// A waiting task whose turn has come holds a place and must prove again, since its first proof may be minutes old. Who
// does not gives the place to the next and waits once more; whoever misses two turns is out.

import { decide } from '../../policy/index.ts';
import { type ProofRequest, Refusal } from '../../protocol/index.ts';
import type { Context } from '../context.ts';
import { jobKeyText } from '../ledger/key.ts';
import type { Sessions } from '../sessions.ts';
import type { Life } from './life.ts';
import type { Place, Places } from './places.ts';
import { type Task, taskFields } from './task.ts';

export interface Turns {
  /** Takes a place if there is one, else a seat in the waiting list. */
  ask(task: Task): 'placed' | 'waiting' | 'full';
  /** A waiting task's turn has come. */
  come(task: Task, place: Place): void;
  /** @throws {Refusal} `turn-missed` (409), `token-refused`, `challenge-stale`, `runner-bound`, what the policy refuses */
  prove(task: Task, proof: ProofRequest): Promise<void>;
  /** The turn was not used in time. */
  miss(task: Task): Promise<void>;
}

const turnsAllowed = 2;

export function turnMissed(message: string): Refusal {
  const fix = 'prove within the time that a turn lasts; the events tell when it comes';
  return new Refusal({ code: 'turn-missed', rule: 'turn', message, fix, status: 409 });
}

export function createTurns(context: Context, places: Places<Task>, sessions: Sessions, life: Life): Turns {
  const { audit, clock, policy, prover, selfTest } = context;

  function come(task: Task, place: Place): void {
    task.place = place;
    task.turnSince = clock.monotonic();
    task.relay.wake();
  }

  /** The entry that still fits. Uses the turn up, whatever the policy says. */
  async function decideAgain(task: Task, proof: ProofRequest): Promise<string> {
    const claims = await prover.prove(proof, task.session.id, task.session.runner);
    const job = jobKeyText(await sessions.bind(task.session, claims));
    if (job !== jobKeyText(task.journal.record().key) || task.turnSince === null)
      throw turnMissed("it is not this task's turn");
    task.turnSince = null;
    task.claims = claims;
    const decision = decide(policy, claims, task.ask);
    if (decision.allowed) return decision.plan.entry;
    await life.fail(task, decision.refusal);
    throw decision.refusal;
  }

  return {
    ask(task) {
      const place = places.ask(task, task.journal.record().key.repositoryId);
      if (place === 'full') return 'full';
      if (place === 'waiting') {
        task.waitingSince ??= clock.monotonic();
        return 'waiting';
      }
      task.place = place;
      return 'placed';
    },
    come,
    async prove(task, proof) {
      // The answer to an earlier proof was lost: the task has gone on.
      if (task.journal.record().phase !== 'waiting') return;
      let detail: string;
      try {
        detail = await decideAgain(task, proof);
      } catch (error) {
        if (error instanceof Refusal) {
          const { code, message } = error;
          await audit.write({ event: 'proof', decision: 'refused', code, message, ...taskFields(task) });
        }
        throw error;
      }
      try {
        // It may have been opened while the task waited.
        await selfTest.admits();
        await audit.write({ event: 'proof', decision: 'allowed', detail, ...taskFields(task) });
        await life.see(task, { seen: 'place' });
      } catch (error) {
        await life.fail(task, error);
        throw error;
      }
    },
    async miss(task) {
      task.turnSince = null;
      task.turnsMissed++;
      const { place } = task;
      task.place = null;
      if (place !== null) places.release(place);
      if (task.turnsMissed >= turnsAllowed)
        return life.fail(task, turnMissed('the task had its turn twice and the job did not prove itself'));
      const again = places.ask(task, task.journal.record().key.repositoryId);
      if (again === 'full') return life.fail(task, turnMissed('the turn was missed and the waiting list is full'));
      if (again !== 'waiting') come(task, again);
    },
  };
}
