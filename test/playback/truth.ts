// What a recording itself says of a story: how Drone ended the build, and which lines its stored logs hold. The client's
// own code has no part in it: what it gets wrong must not be wrong here too.

import { piecesOf } from '../../src/cell/pieces.ts';
import type { Story } from '../support/stories.ts';
import { type Entry, answerJson } from './logs.ts';
import { isOver, sightingsOf } from './sightings.ts';

export interface StoredLog {
  /** `stage/step`, by name where a look tells it. */
  readonly step: string;
  readonly lines: readonly string[];
  /** Position of its first entry; above 0: Drone itself dropped what came before. */
  readonly first: number;
}

export interface Truth {
  /** Drone's last word on the build; undefined: the recording has none. */
  readonly status: string | undefined;
  /** Whether a step succeeded; undefined: no look shows the steps. */
  readonly ran: boolean | undefined;
  readonly logs: readonly StoredLog[];
}

/** All text in one, cut at its newlines. */
function linesOf(entries: readonly Entry[]): readonly string[] {
  const text = entries
    .toSorted((a, b) => a.pos - b.pos)
    .map(({ out }) => out)
    .join('');
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  // A cell's events hold no longer lines.
  return lines.flatMap((line) => piecesOf(line));
}

function logsOf(story: Story, number: number, names: ReadonlyMap<string, string>): readonly StoredLog[] {
  const path = new RegExp(`^/api/repos/[^/]+/[^/]+/builds/${number}/logs/(\\d+)/(\\d+)$`);
  const found = new Map<string, StoredLog>();
  for (const item of story.recording.items) {
    if (item.kind !== 'exchange' && item.kind !== 'poll') continue;
    const [, stage = '', step = ''] = path.exec(item.request.path) ?? [];
    if (stage === '' || !item.request.path.startsWith(`/api/repos/${story.repository}/`) || item.at < story.at)
      continue;
    const answers = item.kind === 'poll' ? item.answers : item.response ? [item.response] : [];
    for (const answer of answers) {
      const json =
        'status' in answer && answer.status === 200
          ? answerJson(story.recording, item.request.path, answer)
          : undefined;
      if (!Array.isArray(json)) continue;
      const entries = json as Entry[];
      const name = names.get(`${stage}/${step}`) ?? `${stage === '1' ? 'default' : `stage-${stage}`}/step-${step}`;
      found.set(`${stage}/${step}`, { step: name, lines: linesOf(entries), first: entries[0]?.pos ?? 0 });
    }
  }
  return [...found.values()];
}

/** `number`: of the build that was played. */
export function truthOf(story: Story, number: number | undefined): Truth {
  if (number === undefined) return { status: undefined, ran: undefined, logs: [] };
  const seen = sightingsOf(story.recording, story.repository, number).filter(({ at }) => at >= story.at);
  const names = new Map<string, string>();
  let ran: boolean | undefined;
  for (const { build } of seen)
    for (const stage of build.stages ?? [])
      for (const step of stage.steps ?? []) {
        names.set(`${stage.number}/${step.number}`, `${stage.name}/${step.name}`);
        ran = step.status === 'success' || ran === true;
      }
  const last = seen.findLast(({ build }) => isOver(build)) ?? seen.at(-1);
  const told = seen.some(({ how, build }) => how !== 'answer' || isOver(build));
  const { build } = last ?? {};
  // A build without steps in its last look ran nothing (recording 28).
  if (build !== undefined && isOver(build) && last?.how !== 'list') ran ??= false;
  return { status: told ? build?.status : undefined, ran, logs: logsOf(story, number, names) };
}
