// A task as a job's log shows it: the build's own lines, under the name of the step that speaks, and one line for
// everything that changes. Names, errors and notes come from Drone and from the pipeline: foreign.

import type { CellPhase } from '../protocol/event.ts';
import { duration } from './duration.ts';
import type { Watcher } from './follow.ts';
import type { Hook } from './hook.ts';
import { type Tails, createTails } from './tails.ts';
import type { Part, Stage } from './words.ts';

export interface View extends Watcher {
  /** What is known so far. */
  readonly seen: { build: number; stages: readonly Stage[]; readonly tails: Tails };
  /** Says what is awaited: at once when it changes, then at growing intervals. Empty: nothing. */
  wait(what: string): void;
}

const awaited = new Map<string, string>([
  ['pending', 'a Drone runner'],
  ['blocked', 'an approval in Drone'],
  ['cancelling', 'the end of the cancelled build'],
] satisfies [CellPhase, string][]);
const ended = /^(?:success|failure|error|killed|skipped|declined)$/;

/** Empty: it has none. */
export const timeOf = ({ started, stopped }: Part): string =>
  started > 0 && stopped >= started ? duration(stopped - started) : '';

export function createView({ limits, now, printer }: Hook): View {
  const seen: View['seen'] = { build: 0, stages: [], tails: createTails() };
  const told = new Set<string>();
  let speaker = '';
  let waiting = { what: '', since: 0, next: 0, pause: 0 };

  /** A foreign line that is told once. */
  async function once(line: string, key = line): Promise<void> {
    if (!told.has(key)) await printer.foreign(line);
    told.add(key);
  }
  const notice = (message: string) => once(`airlock: ${message}`);
  async function end(key: string, name: string, part: Part): Promise<void> {
    const { error, status } = part;
    const time = timeOf(part);
    const mark = status === 'success' ? '✓' : status === 'skipped' ? '-' : '✗';
    if (ended.test(status))
      await once(`${mark} ${name}: ${status}${time && `, ${time}`}${error ? `: ${error}` : ''}`, key);
  }
  function wait(what: string): void {
    const time = now();
    if (what !== waiting.what) waiting = { what, since: time, next: time, pause: limits.progress };
    if (what === '' || time < waiting.next) return;
    const still = time > waiting.since ? ` (${duration((time - waiting.since) / 1000)})` : '';
    printer.own(`airlock: waiting for ${what}${still}`);
    waiting.next = time + waiting.pause;
    waiting.pause = Math.min(waiting.pause * 2, limits.progressMost);
  }

  return {
    seen,
    wait,
    notice,
    async log(step, lines, missing) {
      seen.tails.add(step, lines);
      if (missing > 0) await printer.foreign(`… ${missing} lines not shown`);
      if (step !== speaker) await printer.foreign(`\x1b[1m── ${step.replaceAll('\x1b', '')} ──`);
      speaker = step;
      await printer.foreign(...lines);
    },
    async state({ build, url, stages, note, phase }) {
      if (build > 0) await once(`airlock: build ${build} ${url}`.trimEnd());
      if (note) await notice(note);
      for (const stage of stages) {
        const { name, number, steps } = stage;
        for (const step of steps) await end(`${number}/${step.number}`, `${name}/${step.name}`, step);
        await end(`${number}/`, name, stage);
      }
      seen.build = build || seen.build;
      seen.stages = stages;
      wait(awaited.get(phase) ?? '');
    },
    ping(ahead) {
      wait(ahead >= 0 ? `a place; ${ahead} before it` : waiting.what);
    },
  };
}
