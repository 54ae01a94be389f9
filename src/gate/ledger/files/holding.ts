// A gate's way through its turns: it waits for one, has it, and may wait for the next.

import { campaign } from './campaign.ts';
import type { HolderRecord } from './holder.ts';
import { type HeldTurn, type TurnContext, startTurn } from './turn.ts';

export interface Holding {
  /** The turn that began last; it may be over. */
  readonly turn: () => HeldTurn | null;
  /** @throws {Failure} `gate-stopping` */
  acquire(): Promise<HeldTurn>;
  /** Never rejects. */
  stepDown(): Promise<void>;
  /** Never rejects. */
  close(): Promise<void>;
}

export function createHolding(
  context: TurnContext,
  by: Pick<HolderRecord, 'holder' | 'instance'>,
  onOther: (holder: string) => void,
): Holding {
  const closed = new AbortController();
  let turn: HeldTurn | null = null;
  let waiting: Promise<HeldTurn> | null = null;

  async function untilHeld(): Promise<HeldTurn> {
    for (;;) {
      const { taken, since } = await campaign({ ...context, by, onOther }, closed.signal);
      turn = startTurn(taken, since, context);
      if (closed.signal.aborted) await turn.release();
      else if (turn.live()) return turn;
    }
  }

  async function stepDown(): Promise<void> {
    await turn?.release();
  }

  return {
    turn: () => turn,
    async acquire() {
      if (turn?.live() === true) return turn;
      waiting ??= untilHeld().finally(() => (waiting = null));
      return waiting;
    },
    stepDown,
    async close() {
      closed.abort();
      await waiting?.catch(() => undefined);
      await stepDown();
    },
  };
}
