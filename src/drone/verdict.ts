// What a build means. Drone's `success` alone proves nothing (recordings 12 and 28: every step skipped, or no stage at
// all); `killed` is ours, the repository's time-out, or somebody else's (34, 36). Pure: what was seen in, verdict out.

import { type CancelReason, type FailureCode, type RefusalCode, type Verdict, quote } from '../protocol/index.ts';
import { type Build, type Stage, type Step, isDone } from './answers.ts';

/** Which of our own limits ended the wait. */
export type Limit = 'queue' | 'blocked' | 'run' | 'runner-lost';

export interface Ending {
  readonly verdict: Verdict;
  readonly code: RefusalCode | FailureCode | 'ok';
  /** One sentence of ours; foreign text in it is quoted. */
  readonly message: string;
  readonly build?: Build | undefined;
}

/** Redacts foreign text, quotes it, and cuts it at `max` characters. */
type Quote = (text: string, max?: number) => string;

export interface Seen {
  readonly build: Build;
  /** Steps that must be there with success, each `stage/step`. */
  readonly expect: readonly string[];
  /** The repository's own, in minutes; 0: unknown. */
  readonly timeout: number;
  /** We asked Drone to cancel the build, and why. */
  readonly asked?: CancelReason | undefined;
  /** We gave the build up because of this limit. */
  readonly limit?: Limit | undefined;
  /** What shows that the cancel did not reach the step; absent: it did. */
  readonly cancelLost?: string | undefined;
  /** Whether Drone's own error texts may be told. */
  readonly details: boolean;
  /** Foreign text for a message; without it, only quoted. */
  readonly quote?: Quote | undefined;
}

const stepsOf = (build: Build): { stage: Stage; step: Step; name: string }[] =>
  (build.stages ?? []).flatMap((stage) =>
    (stage.steps ?? []).map((step) => ({ stage, step, name: `${stage.name}/${step.name}` })),
  );

const quoteOf = (seen: Seen): Quote => seen.quote ?? quote;

const because = (seen: Seen, text: string | undefined): string =>
  seen.details && text !== undefined && text !== '' ? `: ${quoteOf(seen)(text, 500)}` : '';

/** Drone's docker runner puts a step `clone` before those of .drone.yml: that it succeeded says of none of theirs that it ran. */
const isClone = (stage: Stage, step: Step): boolean =>
  step.name === 'clone' && (stage.steps ?? []).every((other) => other.number >= step.number);

function success(seen: Seen): Ending {
  const { build, expect } = seen;
  const steps = stepsOf(build);
  if (!steps.some(({ stage, step }) => step.status === 'success' && !isClone(stage, step)))
    return {
      verdict: 'nothing-ran',
      code: 'nothing-ran',
      message: `Drone calls build ${build.number} a success, but not one of its steps ran: look at "when" and "trigger" in .drone.yml (an API build has the event "custom")`,
      build,
    };
  const missing = expect.find((name) => {
    const found = steps.filter((item) => item.name === name);
    return found.length === 0 || found.some(({ step }) => step.status !== 'success');
  });
  if (missing !== undefined)
    return {
      verdict: 'expected-missing',
      code: 'expected-missing',
      message: `Drone calls build ${build.number} a success, but the step ${quoteOf(seen)(missing)}, which the policy expects, did not run to a success`,
      build,
    };
  return { verdict: 'success', code: 'ok', message: `Drone's build ${build.number} succeeded`, build };
}

function failure(seen: Seen): Ending {
  const { build } = seen;
  const failed = stepsOf(build).find(({ step }) => step.status === 'failure' && step.errignore !== true);
  const where =
    failed === undefined ? '' : `: step ${quoteOf(seen)(failed.name)} ended with exit code ${failed.step.exit_code}`;
  return { verdict: 'failure', code: 'build-failed', message: `Drone's build ${build.number} failed${where}`, build };
}

function error(seen: Seen): Ending {
  const { build } = seen;
  if (build.error !== undefined && build.error !== '' && (build.stages ?? []).length === 0)
    return configInvalid(build, { details: seen.details, quote: quoteOf(seen) });
  const stage = (build.stages ?? []).find((item) => item.status === 'error');
  const step = stepsOf(build).find((item) => item.step.status === 'error');
  const text = step?.step.error ?? stage?.error ?? build.error;
  return {
    verdict: 'error',
    code: 'build-error',
    message: `Drone's build ${build.number} ended in an error${because(seen, text)}`,
    build,
  };
}

/** .drone.yml is broken; such a build has no stages, no params and no trigger (recording 12). */
export const configInvalid = (
  build: Build,
  { details, quote: tell }: { readonly details: boolean; readonly quote: Quote },
): Ending => ({
  verdict: 'error',
  code: 'config-invalid',
  // Drone repeats what it did not understand, which may be a value of the file.
  message: details
    ? `Drone does not accept .drone.yml: ${tell(build.error ?? '', 500)}`
    : 'Drone does not accept .drone.yml',
  build,
});

/** A runner's own kill shows in the exit code 137 and in the stage's age; a cancel leaves 130 (recordings 34 and 36). */
function byTimeout({ build, timeout }: Seen): boolean {
  return (build.stages ?? []).some((stage) => {
    if (stage.status !== 'killed') return false;
    if (timeout === 0) return stage.exit_code === 137;
    return stage.started > 0 && stage.stopped - stage.started >= timeout * 60 - 2;
  });
}

const byLimit: Readonly<Record<Limit, (build: Build, detail: string) => Omit<Ending, 'build'>>> = {
  queue: (build, detail) => ({
    verdict: 'never-started',
    code: 'never-started',
    message: `no runner of Drone took build ${build.number} in time: there is none of its type, platform or labels, all are busy, or the queue is paused; ${detail}`,
  }),
  blocked: (build, detail) => ({
    verdict: 'blocked',
    code: 'build-blocked',
    message: `Drone's build ${build.number} waited for an approval that did not come; an admin of the repository gives it on the build's page in Drone; ${detail}`,
  }),
  run: (build, detail) => ({
    verdict: 'timed-out',
    code: 'run-limit',
    message: `Drone's build ${build.number} ran longer than the policy's limits.run; ${detail}`,
  }),
  'runner-lost': (build, detail) => ({
    verdict: 'runner-lost',
    code: 'runner-lost',
    message: `Drone's build ${build.number} still counts as running beyond the repository's time-out and gives no sign: its runner is gone; ${detail}`,
  }),
};

function killed(seen: Seen): Ending {
  const { build, asked, limit, cancelLost } = seen;
  // A dead runner stores no log, so what a lost cancel would show is no news there.
  if (limit === 'runner-lost') return { ...byLimit[limit](build, 'the build was cancelled'), build };
  if (cancelLost !== undefined)
    return {
      verdict: 'cancel-lost',
      code: 'cancel-lost',
      message: `the cancel of Drone's build ${build.number} did not reach its runner, so the step may run on: ${cancelLost}`,
      build,
    };
  if (limit !== undefined) return { ...byLimit[limit](build, 'the build was cancelled'), build };
  if (asked !== undefined)
    return { verdict: 'cancelled', code: 'cancelled', message: `Drone's build ${build.number} was cancelled`, build };
  if (byTimeout(seen))
    return {
      verdict: 'timed-out',
      code: 'build-timed-out',
      message: `Drone killed build ${build.number} at the repository's time-out (${seen.timeout === 0 ? 'set in Drone' : seen.timeout === 1 ? '1 minute' : `${seen.timeout} minutes`})`,
      build,
    };
  return {
    verdict: 'failure',
    code: 'build-killed',
    message: `Drone's build ${build.number} was killed, not by us: somebody cancelled it in Drone`,
    build,
  };
}

function unfinished(seen: Seen): Ending {
  const { build, limit, cancelLost } = seen;
  const detail = `its cancel failed: ${cancelLost ?? 'it was not confirmed'}`;
  if (limit === 'runner-lost') return { ...byLimit[limit](build, detail), build };
  if (cancelLost !== undefined)
    return {
      verdict: 'cancel-lost',
      code: 'cancel-lost',
      message: `Drone's build ${build.number} could not be cancelled and may run on: ${cancelLost}`,
      build,
    };
  if (limit !== undefined) return { ...byLimit[limit](build, detail), build };
  return {
    verdict: 'unknown',
    code: 'drone-lost',
    message: `what becomes of Drone's build ${build.number} is not known: it was still ${build.status}`,
    build,
  };
}

/** The one right verdict for what was seen last. `success` only for Drone's success, a step that ran, and `expect`. */
export function verdictOf(seen: Seen): Ending {
  const { build } = seen;
  if (!isDone(build)) return unfinished(seen);
  switch (build.status) {
    case 'success':
      return success(seen);
    case 'failure':
      return failure(seen);
    case 'error':
      return error(seen);
    case 'killed':
      return killed(seen);
    case 'declined':
      return {
        verdict: 'declined',
        code: 'build-declined',
        message: `an admin of the repository declined Drone's build ${build.number}`,
        build,
      };
    case 'skipped':
      return { verdict: 'skipped', code: 'build-skipped', message: `Drone skipped build ${build.number}`, build };
    default:
      return unfinished(seen);
  }
}
