// Several worlds side by side, each serving one case after the other. A world in which something went wrong is thrown away, so
// that no case pays for another one.

import type { Case, EngineMode } from './cases.ts';
import { type Bounds, judge } from './judge.ts';
import { type Played, bound, play } from './play.ts';
import { ends } from './scenarios.ts';
import type { Ended } from './table.ts';
import { type World, openWorld } from './world.ts';

export interface LanesOptions {
  readonly jobs: number;
  readonly onEnd: (ended: Ended, played: Played | null) => void;
}

const bounds: Bounds = { ms: bound, ends };
const fits = ({ engine }: Case, mode: EngineMode): boolean => engine === null || engine === mode;

/** Cases that need this kind of engine come first: others can be played anywhere. */
function take(rest: Case[], mode: EngineMode): Case | undefined {
  const own = rest.findIndex(({ engine }) => engine === mode);
  const index = own === -1 ? rest.findIndex((one) => fits(one, mode)) : own;
  return index === -1 ? undefined : rest.splice(index, 1)[0];
}

async function lane(first: EngineMode, rest: Case[], onEnd: LanesOptions['onEnd']): Promise<void> {
  let mode = first;
  let world: World | null = null;
  try {
    while (rest.length > 0) {
      let one = take(rest, mode);
      if (one === undefined) {
        await world?.close();
        world = null;
        mode = mode === 'keeps' ? 'ends' : 'keeps';
        one = take(rest, mode);
      }
      if (one === undefined) return;
      let played: Played | null = null;
      let wrong: readonly string[];
      try {
        world ??= await openWorld(mode);
        played = await play(world, one);
        wrong = judge(one, played.observed, bounds);
      } catch (error) {
        wrong = [error instanceof Error ? error.message : String(error)];
      }
      onEnd({ one, observed: played?.observed ?? null, wrong }, played);
      if (wrong.length > 0) {
        await world?.close();
        world = null;
      }
    }
  } finally {
    await world?.close();
  }
}

export async function runLanes(cases: readonly Case[], { jobs, onEnd }: LanesOptions): Promise<void> {
  const rest = [...cases];
  const modes: EngineMode[] = ['ends', 'keeps'];
  const count = Math.min(jobs, cases.length);
  await Promise.all(Array.from({ length: count }, (_, n) => lane(modes[n % 2] ?? 'ends', rest, onEnd)));
}
