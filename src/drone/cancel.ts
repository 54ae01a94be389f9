// A cancel that cancels. Drone says `killed` at once, whatever the runner does; the step has really ended only when its
// stored log is there (README of the recordings, traps 18 to 20).

import { Failure } from '../protocol/index.ts';
import { type Build, isDone, parseBuild } from './answers.ts';
import type { StageClock } from './cancel-window.ts';
import type { Answer, Connection } from './connection.ts';
import { sameBuild } from './ours.ts';
import { paths } from './paths.ts';
import { isStored } from './stored.ts';
import { backoff, sleep } from './wait.ts';

export interface CancelOptions {
  readonly repository: string;
  /** The build as it was seen last. */
  readonly latest: () => Build;
  readonly clock: StageClock;
  readonly limits: {
    readonly call: number;
    readonly poll: number;
    /** For Drone to take the cancel, and then once more for the steps' ends. */
    readonly cancel: number;
  };
  /** False: nobody is left to hear it, so nothing is verified. */
  readonly verify: boolean;
  /** The build ended by itself: there is nothing to cancel any more. */
  readonly over: AbortSignal;
  readonly note: (text: string) => void;
  /** Drone's answer to the cancel. */
  readonly onBuild: (build: Build) => void;
}

export interface Cancelled {
  /** Whether a cancel went out. */
  readonly sent: boolean;
  /** What shows that it did not reach the step. */
  readonly lost?: string | undefined;
}

async function waitForWindow({ latest, clock, over, note }: CancelOptions): Promise<void> {
  // A stage that starts meanwhile can move the moment, so the wait is bounded by two of Drone's cycles.
  const until = Date.now() + 80_000;
  for (;;) {
    const now = Date.now();
    const delay = clock.delay(latest(), now);
    if (delay === 0 || over.aborted || now >= until) return;
    if (delay > 1000)
      note(`The cancel goes out in ${Math.ceil(delay / 1000)} s: Drone's runner would not hear it before`);
    await sleep(Math.min(delay, 1000), over);
  }
}

/** The build as the DELETE left it; a Failure when Drone did not take it in time. */
async function send(connection: Connection, options: CancelOptions): Promise<Build | Failure> {
  const { repository, latest, limits } = options;
  const path = paths.build(repository, latest().number);
  const until = Date.now() + limits.cancel;
  for (let failures = 0; ; failures++) {
    let answer: Answer | undefined;
    let why: string;
    try {
      answer = await connection.call(path, { method: 'DELETE', limit: limits.call });
      // 409: two at the same moment (trap 18). 404 may be a permission that Drone could not refresh (recording 22).
      why = `Drone answered ${connection.said(answer)}`;
    } catch (error) {
      why = error instanceof Error ? error.message : 'Drone did not answer';
    }
    if (answer?.status === 200) {
      try {
        const build = parseBuild(answer.body);
        if (sameBuild(latest(), build)) return build;
        why = `its answer shows another build, number ${build.number}`;
      } catch (error) {
        why = error instanceof Error ? error.message : 'its answer is malformed';
      }
    }
    if (Date.now() >= until || options.over.aborted) return new Failure('cancel-lost', why);
    await sleep(answer?.status === 409 ? limits.poll / 4 : backoff(failures, limits.poll, limits.poll * 2));
  }
}

/** Names of the killed steps whose stored log did not come in time: they run on. */
async function stillRunning(connection: Connection, build: Build, options: CancelOptions): Promise<string[]> {
  const { repository, limits } = options;
  const until = Date.now() + limits.cancel;
  const open = new Map<string, string>();
  for (const stage of build.stages ?? [])
    for (const step of stage.steps ?? [])
      if (step.status === 'killed' && (step.started ?? 0) > 0)
        open.set(`${stage.name}/${step.name}`, paths.storedLog(repository, build.number, stage.number, step.number));
  for (let looks = 0; open.size > 0; looks++) {
    for (const [name, path] of open)
      if (await isStored(connection, path, limits.call).catch(() => false)) open.delete(name);
    if (open.size === 0 || Date.now() >= until) break;
    // It comes within 20 ms or not before the step's own end, so the first looks are close together.
    await sleep(backoff(looks, Math.min(limits.poll, 200), limits.poll));
  }
  return [...open.keys()];
}

/** Times the DELETE, sends it, verifies it. Never throws. */
export async function cancelBuild(connection: Connection, options: CancelOptions): Promise<Cancelled> {
  await waitForWindow(options);
  if (options.over.aborted) return { sent: false };
  const build = await send(connection, options);
  if (build instanceof Failure) return { sent: true, lost: build.message };
  options.onBuild(build);
  if (build.status !== 'killed' || !options.verify)
    return isDone(build)
      ? { sent: true }
      : { sent: true, lost: `Drone took the cancel, and the build is still ${build.status}` };
  const running = await stillRunning(connection, build, options);
  if (running.length === 0) return { sent: true };
  return {
    sent: true,
    lost: `there is still no stored log of ${running.map((name) => connection.quote(name)).join(', ')}`,
  };
}
