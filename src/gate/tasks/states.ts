// State events for a reader that may be behind. Each is a whole snapshot, so the last one suffices; but a hook counts
// their numbers and takes a missing one for a failure. What had to be forgotten is therefore stood in for by the oldest
// snapshot that is left, under each number that is missing.

import type { StageState, StateEvent, StepState } from '../../protocol/index.ts';

export interface States {
  add(event: StateEvent, order: number): void;
  /** Event `seen + 1`, or what stands in for it. */
  after(seen: number): { readonly event: StateEvent; readonly order: number } | null;
  last(): StateEvent | null;
}

interface Kept {
  readonly event: StateEvent;
  readonly order: number;
  readonly bytes: number;
}

/** Rough size of the events that are kept beside the last one. */
const maxBytes = 65_536;

/** What an event, a stage and a step cost beside their texts. */
const eventBytes = 1_024;
const partBytes = 256;

/** A text costs two bytes a character where one of them is not Latin. */
const textBytes = (...texts: readonly (string | undefined)[]): number =>
  texts.reduce((sum, text) => sum + 2 * (text?.length ?? 0), 0);

const partSize = ({ name, status, error }: StageState | StepState): number =>
  partBytes + textBytes(name, status, error);

/** By the texts as well: names and errors are whatever a pipeline's author wrote. */
function sizeOf({ stages, build, note }: StateEvent): number {
  const parts = stages.flatMap((stage) => [stage, ...stage.steps]);
  const texts = textBytes(note, build?.url, build?.status, build?.commit, build?.ref);
  return parts.reduce((sum, part) => sum + partSize(part), eventBytes + texts);
}

export function createStates(): States {
  const kept: Kept[] = [];
  let bytes = 0;
  return {
    add(event, order) {
      const size = sizeOf(event);
      kept.push({ event, order, bytes: size });
      bytes += size;
      while (bytes > maxBytes && kept.length > 1) bytes -= kept.shift()?.bytes ?? 0;
    },
    after(seen) {
      const [oldest] = kept;
      if (oldest === undefined) return null;
      if (seen + 1 < oldest.event.n) return { event: { ...oldest.event, n: seen + 1 }, order: oldest.order };
      const found = kept[seen + 1 - oldest.event.n];
      return found === undefined ? null : { event: found.event, order: found.order };
    },
    last: () => kept.at(-1)?.event ?? null,
  };
}
