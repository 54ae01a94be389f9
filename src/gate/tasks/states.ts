// State events for a reader that may be behind. Each is a whole snapshot, so the last one suffices; but a hook counts
// their numbers and takes a missing one for a failure. What had to be forgotten is therefore stood in for by the oldest
// snapshot that is left, under each number that is missing.

import type { StateEvent } from '../../protocol/index.ts';

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

const sizeOf = ({ stages }: StateEvent): number =>
  stages.reduce((sum, stage) => sum + 256 + stage.steps.length * 256, 1024);

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
