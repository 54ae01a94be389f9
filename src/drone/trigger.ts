// Starts one build, exactly one. The answer to our own POST is ours and is compared with what was sent; without an
// answer the list decides, and the POST is repeated once at most, after the first could no longer appear.

import { Failure, Refusal, nonceParam, quote } from '../protocol/index.ts';
import { type Build, type User, parseBuild } from './answers.ts';
import type { Answer, Connection } from './connection.ts';
import { dropBuild } from './drop.ts';
import { type Found, findBuilds } from './find.ts';
import { type TriggerTask, difference, eventOf, hasNoNonce, hasNonce } from './ours.ts';
import { paths } from './paths.ts';
import { refusedTrigger } from './refused-trigger.ts';
import { Unanswered } from './unanswered.ts';
import { type Ending, configInvalid } from './verdict.ts';
import { aborted, backoff, sleep } from './wait.ts';

export interface TriggerOptions {
  readonly user: User;
  /** The repository may be disabled. */
  readonly disabled?: 'accepted' | undefined;
  readonly limits: {
    readonly call: number;
    /** How long the POST may take; Drone needs 45 s to say that .drone.yml is missing (recording 13). */
    readonly trigger: number;
    /** How long a build may still appear after a POST without an answer. */
    readonly lookup: number;
    readonly poll: number;
  };
  /** No build is started any more; one that was is looked for. */
  readonly cancel: AbortSignal;
  /** Our own sentence on why it takes long. */
  readonly note?: ((text: string) => void) | undefined;
}

export type Triggered = { readonly build: Build } | { readonly ending: Ending };

/** What became of one POST. `never`: nothing was sent. `unknown`: only the list can tell. */
type Posted =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'never' | 'elsewhere' | 'unknown'; readonly error: Refusal | Failure };

const endingOf = (error: Refusal | Failure, build?: Build): Ending => ({
  verdict: error.code === 'drone-nothing-matched' ? 'nothing-ran' : 'error',
  code: error.code,
  message: error.message,
  build,
});

/** Nobody knows whether there is a build; says what to look for. */
export const unknownEnding = (task: TriggerTask, why: string): Ending => ({
  verdict: 'unknown',
  code: 'trigger-unknown',
  message: `whether Drone started a build is not known: ${why}; look in Drone for a build of ${quote(task.repository)} with the parameter ${nonceParam}=${task.params[nonceParam] ?? ''}`,
});

export async function trigger(connection: Connection, task: TriggerTask, options: TriggerOptions): Promise<Triggered> {
  const { limits, cancel } = options;
  const path = task.again
    ? paths.again(task.repository, task.again)
    : paths.trigger(task.repository, task.ref, task.commit, task.params);

  async function post(signal: AbortSignal): Promise<Posted> {
    try {
      const answer = await connection.call(path, { method: 'POST', limit: limits.trigger, signal });
      // Whether a 5xx made a build only its message may tell, and the list afterwards (API.md, section 2).
      return { kind: 'answer', answer };
    } catch (error) {
      if (error instanceof Unanswered) return { kind: error.reached === 'maybe' ? 'unknown' : error.reached, error };
      return { kind: 'unknown', error: new Failure('trigger-unknown', 'the trigger broke off', { cause: error }) };
    }
  }

  /** One look; undefined: the list could not be read, which says nothing. */
  const look = (): Promise<Found | undefined> =>
    findBuilds(connection, task, { call: limits.call }).catch(() => undefined);

  /** Of several with our nonce the lowest is followed; a proxy that repeats a POST makes a second one. */
  async function adopt(ours: readonly Build[]): Promise<Triggered> {
    const [first, ...others] = ours;
    for (const other of others) await dropBuild(connection, task.repository, other, limits);
    return first === undefined ? { ending: unknownEnding(task, 'it was not found') } : { build: first };
  }

  async function compare(answer: Answer): Promise<Triggered | undefined> {
    if (answer.body === null)
      return {
        ending: endingOf(
          new Refusal({
            code: 'drone-nothing-matched',
            message: `Drone started nothing: no pipeline of .drone.yml fits the event "${eventOf(task)}", this branch and this commit (or the account that enabled the repository is inactive)`,
            rule: '.drone.yml: trigger',
            fix: `let trigger.event in .drone.yml hold ${eventOf(task)}, or leave it out, and check trigger.branch${task.again ? ' and trigger.target' : ''}`,
          }),
        ),
      };
    let build: Build;
    try {
      build = parseBuild(answer.body);
    } catch {
      return undefined;
    }
    // Before anything is compared: such a build has no params and no trigger (recording 12).
    if (build.status === 'error' && build.number > task.base) return { ending: configInvalid(build, connection) };
    const differs = difference(task, build);
    if (differs === undefined) return { build };
    // Only what this POST can have made is ended: an old number, somebody else's build and another order's are left alone.
    const made =
      build.number > task.base && (hasNonce(task, build) || (hasNoNonce(build) && build.trigger === task.login));
    const what = made ? await dropBuild(connection, task.repository, build, limits) : 'it was left alone';
    return {
      ending: {
        verdict: 'not-ours',
        code: 'not-ours',
        message: `Drone answered with build ${build.number}, which is not what was asked for: ${differs}; ${what}`,
        build,
      },
    };
  }

  /**
   * Looks until the build can no longer appear. Absence is proved by a list that was read whole after that moment, and
   * by nothing else: without it the POST is not repeated.
   */
  async function lookUp(): Promise<Found & { readonly absent: boolean }> {
    const until = Date.now() + limits.lookup;
    for (let failures = 0; ; ) {
      const began = Date.now();
      const found = await look();
      if (found !== undefined && found.ours.length > 0) return { ...found, absent: false };
      if (found !== undefined && began >= until) return { ...found, absent: found.whole && found.broken === undefined };
      if (found === undefined && began >= until + limits.lookup) return { ours: [], whole: false, absent: false };
      failures = found === undefined ? failures + 1 : 0;
      const wait = backoff(failures, limits.poll);
      await sleep(began < until ? Math.min(wait, Math.max(1, until - Date.now())) : wait);
    }
  }

  /** The POST, and with a cancel meanwhile also the list: its build is to be ended before its answer comes. */
  async function postOrFind(): Promise<Posted | Found> {
    const stop = new AbortController();
    const posted = post(stop.signal);
    const first = await Promise.race([posted, aborted(cancel)]);
    if (first !== undefined) return first;
    for (;;) {
      const found = await look();
      if (found !== undefined && found.ours.length > 0) {
        stop.abort(new Error('found'));
        return found;
      }
      const now = await Promise.race([posted, sleep(limits.poll)]);
      if (now !== undefined) return now;
    }
  }

  let sent = 0;
  let failures = 0;
  const giveUp = Date.now() + limits.lookup;
  for (;;) {
    if (cancel.aborted && sent > 0) return { ending: unknownEnding(task, 'the job was cancelled meanwhile') };
    if (cancel.aborted)
      return { ending: { verdict: 'cancelled', code: 'cancelled', message: 'cancelled before a build was started' } };
    const posted = await postOrFind();
    if ('ours' in posted) return adopt(posted.ours);

    if (posted.kind === 'never') {
      if (cancel.aborted) continue;
      if (Date.now() < giveUp) {
        await sleep(backoff(failures++, limits.poll), cancel);
        continue;
      }
      return { ending: sent === 0 ? endingOf(posted.error) : unknownEnding(task, posted.error.message) };
    }
    if (posted.kind === 'elsewhere') {
      // A proxy that shows a page of its own may have handed the request on before.
      const found = await lookUp();
      if (found.ours.length > 0) return adopt(found.ours);
      if (found.broken !== undefined) return { ending: configInvalid(found.broken, connection) };
      return { ending: found.absent ? endingOf(posted.error) : unknownEnding(task, posted.error.message) };
    }
    sent++;

    let why = posted.kind === 'unknown' ? posted.error.message : '';
    if (posted.kind === 'answer') {
      const { answer } = posted;
      if (answer.status === 200) {
        const compared = await compare(answer);
        // The first POST may have been slow instead of lost.
        const both = compared !== undefined && sent > 1 && 'build' in compared ? await look() : undefined;
        if (both !== undefined && both.ours.length > 0) return adopt(both.ours);
        if (compared !== undefined) return compared;
        why = "Drone's answer is not in the form that is known";
      } else {
        const refused = await refusedTrigger(connection, task, answer, options);
        const made = refused !== undefined && answer.status >= 500 ? await look() : undefined;
        if (made !== undefined && made.ours.length > 0) return adopt(made.ours);
        if (refused !== undefined) return { ending: endingOf(refused) };
        why = `Drone answered ${connection.said(answer)}`;
      }
    }

    options.note?.('Drone did not say whether it started the build; looking for it in the list of builds');
    const found = await lookUp();
    if (found.ours.length > 0) return adopt(found.ours);
    if (found.broken !== undefined) return { ending: configInvalid(found.broken, connection) };
    if (sent === 2 || cancel.aborted || !found.absent) return { ending: unknownEnding(task, why) };
    options.note?.('No build appeared; asking Drone once more');
  }
}
