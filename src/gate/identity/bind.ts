// The third proof (DESIGN.md, Identity): the job of the token runs on the runner that sent it. Without it, a token that
// another job of an allowed repository was tricked out of is as good as one's own for as long as it lives. Whoever runs
// the runners knows: GitHub for the fleet, the EphemeralRunner for actions-runner-controller.

import type { Claims, IdentityPolicy } from '../../policy/index.ts';
import { Failure, Refusal } from '../../protocol/index.ts';
import { jobKeyOf, jobKeyText } from '../ledger/key.ts';
import { within } from '../limit.ts';
import type { RunnerIdentity } from './runner.ts';

export interface JobBinder {
  /** The `identity.bind` of a policy that it serves. */
  readonly kind: Exclude<IdentityPolicy['bind'], 'none'>;
  /**
   * Resolves when exactly this job runs on exactly this runner. Any error but a Refusal means that nobody knows, and is
   * as good as a no.
   * @param signal aborts when the answer comes too late to be used
   * @throws {Refusal} `job-not-on-runner`
   */
  check(claims: Claims, runner: RunnerIdentity, signal: AbortSignal): Promise<void>;
}

/** @throws {Refusal} `job-not-on-runner` @throws {Failure} `job-check-failed` (503) */
export type Bind = (claims: Claims, runner: RunnerIdentity) => Promise<void>;

/** Answers that are remembered; a yes holds for as long as the job. */
const maxKnown = 1_000;

export function notOnRunner(message: string): Refusal {
  return new Refusal({
    code: 'job-not-on-runner',
    rule: 'identity.bind',
    message,
    fix: "send the token of the job that runs here; a token of another job is worth nothing on this job's runner",
  });
}

const unknown = (cause: unknown): Failure =>
  new Failure('job-check-failed', 'nobody could be asked on which runner this job runs; run the job again', {
    cause,
    status: 503,
  });

/** @param limit milliseconds for one check */
export function createBind(binder: JobBinder, limit: number): Bind {
  const known = new Set<string>();
  const asking = new Map<string, Promise<void>>();

  async function ask(claims: Claims, runner: RunnerIdentity): Promise<void> {
    const late = new AbortController();
    try {
      await within(binder.check(claims, runner, late.signal), limit, () => {
        throw new Error(`no answer within ${limit} ms`);
      });
    } catch (error) {
      if (error instanceof Refusal) throw error;
      throw unknown(error);
    } finally {
      late.abort();
    }
  }

  return async (claims, runner) => {
    // The runner's name may hold any of the characters that a job's key has.
    const key = JSON.stringify([jobKeyText(jobKeyOf(claims, runner)), runner.id]);
    if (known.has(key)) return;
    // A job's steps ask at the same time; the question is the same.
    const asked = asking.get(key) ?? ask(claims, runner).finally(() => asking.delete(key));
    asking.set(key, asked);
    await asked;
    known.add(key);
    const [oldest] = known;
    if (known.size > maxKnown && oldest !== undefined) known.delete(oldest);
  };
}
