// Follows a task until its result. Asking again is the ordinary path, not the exception: the gate ends each stream
// after 25 s, a gate may restart, another may take over (DESIGN.md, A job survives its gate). Only a result event ends it.

import { Failure, Refusal } from '../protocol/errors.ts';
import { duration } from './duration.ts';
import { readEvents } from './event-stream.ts';
import { passing, pause } from './gate.ts';
import type { Hook } from './hook.ts';
import type { Event, ResultEvent, StateEvent } from './words.ts';

export interface Watcher {
  /** `missing`: lines before these that were never received. */
  log(step: string, lines: readonly string[], missing: number): Promise<void>;
  state(event: StateEvent): Promise<void>;
  ping(ahead: number): void;
  notice(message: string): Promise<void>;
}

/**
 * @param turn a place is free: prove again
 * @param attach asks for the same task once more
 * @throws {Failure} `gate-unreachable`: no event for `reconnect`; `no-result`: state events before the result are
 *   missing, so it is not this task's whole story; `gate-failed`
 * @throws {Refusal} what the gate refuses
 */
export async function follow(
  hook: Hook,
  task: string,
  watcher: Watcher,
  turn: () => Promise<unknown>,
  attach: () => Promise<unknown>,
): Promise<ResultEvent> {
  const { limits, over, printer } = hook;
  /** Last state event before which none is missing, newest one that was shown, last line of the log. */
  const seen = { state: 0, shown: 0, log: 0 };

  async function take(event: Exclude<Event, ResultEvent>): Promise<void> {
    if (event.k === 'ping') watcher.ping(event.ahead);
    else if (event.k === 'notice') await watcher.notice(event.message);
    else if (event.k === 'turn') {
      await turn().catch((error: unknown) => {
        // Too late: the place went to the next one, and ours comes again.
        if (!(error instanceof Refusal) || error.code !== 'turn-missed') throw error;
      });
    } else if (event.k === 'state') {
      if (event.n === seen.state + 1) seen.state++;
      if (event.n > seen.shown) await watcher.state(event);
      seen.shown = Math.max(seen.shown, event.n);
    } else {
      const ahead = event.n - seen.log - 1;
      const fresh = event.lines.slice(Math.max(0, -ahead));
      seen.log = Math.max(seen.log, event.n + event.lines.length - 1);
      if (fresh.length > 0) await watcher.log(event.step, fresh, Math.max(0, ahead));
    }
  }

  let heard = performance.now();
  let gaps = 0;
  let attached = false;
  for (let tries = 0; ; tries++) {
    let code = '';
    let spoke = false;
    try {
      for await (const events of readEvents(hook, `/v1/tasks/${task}/events?state=${seen.state}&log=${seen.log}`)) {
        for (const event of events) {
          if (event.k !== 'result') await take(event);
          else if (event.n <= seen.state + 1) return event;
          // Asked once more, from the last number before the gap.
          else
            throw new Failure(gaps++ > 0 ? 'no-result' : 'gate-unreachable', "some of the gate's events are missing");
        }
        await printer.flush();
        heard = performance.now();
        tries = 0;
        spoke = true;
        attached = false;
      }
      // Its end after 25 s is no silence of the gate.
      if (spoke) heard = performance.now();
    } catch (error) {
      // A gate that was started anew may lack what only this process has: the Drone token of the step.
      if (error instanceof Refusal && error.code === 'task-unknown' && !attached) {
        attached = true;
        await attach();
      } else ({ code } = passing(error, over));
    }
    if (performance.now() - heard > limits.reconnect)
      throw new Failure('gate-unreachable', `no gate told of the task for ${duration(limits.reconnect / 1000)}`);
    await pause(hook, code, tries);
  }
}
