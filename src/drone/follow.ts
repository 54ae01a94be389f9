// Follows one build to its end. The verdict comes from polling GET build and from nothing else: streams end early, late
// or never, and bring no news of a cancel (README of the recordings, traps 14 and 17).

import { type CancelReason, type CellPhase, Failure, cancelReasons } from '../protocol/index.ts';
import { type Build, isDone, parseBuild } from './answers.ts';
import { StageClock, type Window } from './cancel-window.ts';
import { type Cancelled, cancelBuild } from './cancel.ts';
import type { Connection } from './connection.ts';
import { type BuildLimits, LimitClock, phaseOf } from './limits.ts';
import { type LogNeed, Logs, type StepSink } from './logs.ts';
import { sameBuild } from './ours.ts';
import { paths } from './paths.ts';
import { type Ending, type Limit, verdictOf } from './verdict.ts';
import { Alarm, backoff, jitter } from './wait.ts';

export interface FollowOptions {
  readonly repository: string;
  /** As the trigger or the list brought it. */
  readonly build: Build;
  readonly expect: readonly string[];
  /** The repository's own, in minutes; 0: unknown. */
  readonly timeout: number;
  readonly limits: BuildLimits & { readonly call: number; readonly poll: number; readonly cancel: number };
  readonly logs: LogNeed;
  readonly sink: (step: string) => StepSink;
  /** Whether Drone's own error texts may be told. */
  readonly details: boolean;
  /** Aborted with a CancelReason. */
  readonly cancel: AbortSignal;
  /** After each look, and when something else is to be told. */
  readonly onState: (build: Build, phase: CellPhase, note?: string) => void;
  readonly window?: Window | undefined;
}

interface Cancelling {
  readonly reason: CancelReason | undefined;
  readonly limit: Limit | undefined;
  readonly over: AbortController;
  readonly done: Promise<Cancelled>;
  outcome: Cancelled | undefined;
  /** When the outcome came; 0: not yet. */
  settled: number;
}

/** Whether a cancel is given up: it did not reach the step, or Drone took it and goes on to show a build that has not ended. */
function isLost(cancelling: Cancelling, last: Build, limit: number): boolean {
  const { outcome, settled } = cancelling;
  if (outcome === undefined || isDone(last)) return outcome?.lost !== undefined;
  if (outcome.lost === undefined && Date.now() - settled > limit)
    cancelling.outcome = { ...outcome, lost: `Drone took the cancel, and still shows the build as ${last.status}` };
  return cancelling.outcome?.lost !== undefined;
}

const reasonOf = (signal: AbortSignal): CancelReason =>
  cancelReasons.find((reason) => reason === signal.reason) ?? 'author';

async function look(connection: Connection, options: FollowOptions): Promise<Build | Error> {
  try {
    const path = paths.build(options.repository, options.build.number);
    const answer = await connection.call(path, { limit: options.limits.call });
    if (answer.status !== 200)
      return new Failure('drone-lost', `Drone answers ${connection.said(answer)} for the build`);
    const build = parseBuild(answer.body);
    if (sameBuild(options.build, build)) return build;
    return new Failure('drone-answer-malformed', `Drone shows another build under the number ${build.number}`);
  } catch (error) {
    return error instanceof Error ? error : new Failure('drone-lost', 'Drone does not answer');
  }
}

export async function follow(connection: Connection, options: FollowOptions): Promise<Ending> {
  const { limits, cancel, onState } = options;
  const alarm = new Alarm();
  const stages = new StageClock(options.window);
  const clock = new LimitClock(limits, options.timeout);
  const logs = new Logs({
    connection,
    repository: options.repository,
    need: options.logs,
    limits,
    sink: options.sink,
    onSign: () => clock.sign(Date.now()),
    onOver: () => alarm.ring(),
  });
  let last = options.build;
  let cancelling: Cancelling | undefined;
  let note: string | undefined;

  /** `done` is said when the log is complete too. */
  const tell = (finished = false): void => {
    const phase = cancelling ? 'cancelling' : isDone(last) ? 'running' : phaseOf(last);
    onState(last, finished ? 'done' : phase, note);
  };
  const take = (build: Build): void => {
    last = build;
    const now = Date.now();
    stages.see(build, now);
    clock.see(build, now);
    logs.see(build);
    tell();
  };

  function begin(reason: CancelReason | undefined, limit: Limit | undefined): Cancelling {
    const over = new AbortController();
    const done = cancelBuild(connection, {
      repository: options.repository,
      latest: () => last,
      clock: stages,
      limits,
      verify: limit !== 'runner-lost',
      over: over.signal,
      note: (text) => {
        note = text;
        tell();
      },
      onBuild: take,
    });
    const begun: Cancelling = { reason, limit, over, done, outcome: undefined, settled: 0 };
    void done.then((outcome) => {
      begun.outcome = outcome;
      begun.settled = Date.now();
      alarm.ring();
    });
    return begun;
  }

  const wake = (): void => alarm.ring();
  cancel.addEventListener('abort', wake);
  try {
    let failures = 0;
    let seenAt = Date.now();
    // Found again after its end: there is no look to come, so its logs are asked for now.
    if (isDone(last) && last.stages !== undefined) take(last);
    while (!isDone(last) || last.stages === undefined) {
      if (cancelling !== undefined && isLost(cancelling, last, limits.cancel)) break;
      const looked = await look(connection, options);
      const now = Date.now();
      if (looked instanceof Error) {
        failures++;
        if (now - seenAt > limits.lost) {
          cancelling?.over.abort();
          return lost(options, last, looked);
        }
        note ??= 'Drone does not answer at the moment; the build goes on';
        tell();
      } else {
        failures = 0;
        seenAt = now;
        if (cancelling === undefined) note = noteOf(looked, logs.late);
        take(looked);
        if (isDone(looked)) break;
      }
      if (cancelling === undefined) {
        const limit = cancel.aborted ? undefined : clock.over(now);
        if (cancel.aborted) cancelling = begin(reasonOf(cancel), undefined);
        else if (limit !== undefined) cancelling = begin(undefined, limit);
        if (cancelling !== undefined) tell();
      }
      await alarm.wait(failures > 0 ? backoff(failures, limits.poll) : jitter(limits.poll));
    }
    // What ended by itself needs no cancel any more; what is killed was killed by it, as far as one can know.
    if (isDone(last) && last.status !== 'killed') cancelling?.over.abort();
    await cancelling?.done;
    const outcome = cancelling?.outcome;
    if (!isDone(last)) logs.abandon();
    // A cancel that comes now wants an end; one that came before has had its time for the steps' ends.
    if (cancelling === undefined) await logs.finish(limits.lost, cancel);
    else await logs.finish(Math.min(limits.lost, limits.cancel), new AbortController().signal);
    note = undefined;
    tell(true);
    return verdictOf({
      build: last,
      expect: options.expect,
      timeout: options.timeout,
      asked: outcome?.sent === true ? cancelling?.reason : undefined,
      limit: outcome?.sent === true ? cancelling?.limit : undefined,
      cancelLost: outcome?.lost,
      details: options.details,
      quote: connection.quote,
    });
  } finally {
    cancel.removeEventListener('abort', wake);
    logs.abandon();
  }
}

function noteOf(build: Build, late: boolean): string | undefined {
  if (phaseOf(build) === 'blocked')
    return "The build waits for an approval: an admin of the repository gives it on the build's page in Drone";
  if (late) return "Drone's live stream lost lines of a step that still runs; they come when it has ended";
  return undefined;
}

function lost(options: FollowOptions, build: Build, error: Error): Ending {
  const malformed = error instanceof Failure && error.code === 'drone-answer-malformed';
  return {
    verdict: 'unknown',
    code: malformed ? 'drone-answer-malformed' : 'drone-lost',
    message: `what becomes of Drone's build ${build.number} is not known: it was last seen ${build.status}, and for ${Math.ceil(options.limits.lost / 1000)} s there was no answer that tells more (${error.message})`,
    build,
  };
}
