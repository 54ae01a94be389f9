// A task's life as a pure function: what is in the ledger and what was seen give the next record and what to do once
// it is written. Nothing else in the gate decides on phases, so what must never happen can be tested here (PROTOCOL.md,
// Ledger): two orders to one cell, two ends, a verdict that changes, a green without the cell's own success.

import type { CancelReason, FailureCode, OldBuild, RefusalCode, TaskPhase, Verdict } from '../../protocol/index.ts';
import { maxRecoveries } from './adoption.ts';
import type { LedgerRecord, Numbers, Told } from './record.ts';

export type Seen =
  /** A place is free and the job has proved itself for it. */
  | { readonly seen: 'place' }
  /** A cell is attached and waits for its order. */
  | { readonly seen: 'cell'; readonly cell: string }
  /** Nobody starts a cell for it any more: the gate that did is gone. */
  | { readonly seen: 'requeue' }
  /** Its cell is lost, and will be removed. */
  | { readonly seen: 'lost' }
  /** After that: another cell is attached and waits for a recover order; `shift`: see the record. */
  | { readonly seen: 'replacement'; readonly cell: string; readonly shift: Numbers | null }
  /** The runner has told what it has seen, so it is clear how a replacement's numbers go on. */
  | { readonly seen: 'shift'; readonly shift: Numbers }
  /** The cell told the newest build's number before its own is asked for. */
  | { readonly seen: 'base'; readonly base: number }
  /** The cell asks which old build is meant, and this one is. */
  | { readonly seen: 'chosen'; readonly choice: OldBuild; readonly base: number }
  /** The cell told where its build is. */
  | { readonly seen: 'build'; readonly number: number }
  /** The cell's last word. */
  | {
      readonly seen: 'result';
      readonly verdict: Verdict;
      readonly code: RefusalCode | FailureCode | 'ok';
      readonly told?: Told;
    }
  | { readonly seen: 'cancel'; readonly reason: CancelReason }
  /** It cannot go on, and no result will come. */
  | { readonly seen: 'broken'; readonly code: RefusalCode | FailureCode };

export type Action =
  /** Nothing was ordered yet; get a cell. */
  | { readonly act: 'start-cell' }
  /** The record says so already: the order may leave, once. */
  | { readonly act: 'send-order' }
  /** The record says so already: the cell may promote what was chosen, which it does once, however often it is told. */
  | { readonly act: 'send-go' }
  | { readonly act: 'send-cancel'; readonly reason: CancelReason }
  /** Tell the hook, end and remove the cell if there is one, give the place back. */
  | { readonly act: 'finish' };

export interface Step {
  /** The same object: nothing to write. */
  readonly record: LedgerRecord;
  readonly actions: readonly Action[];
}

/** An order may have left. */
const orderMayLive = (phase: TaskPhase): boolean =>
  phase === 'ordered' || phase === 'building' || phase === 'cancelling';

/**
 * A promotion's cell asks Drone for nothing before it hears of the choice, and it hears of it only after this record has
 * it. So without one nothing was asked for, and with one it may have been.
 */
export const isChoosing = ({ plan, choice }: LedgerRecord): boolean => plan.kind !== 'build' && choice === undefined;

interface Change {
  readonly phase?: TaskPhase;
  readonly cell?: string | null;
  readonly choice?: OldBuild;
  readonly base?: number;
  readonly number?: number;
  readonly recoveries?: number;
  readonly shift?: Numbers | null;
  readonly told?: Told | undefined;
  readonly verdict?: Verdict;
  readonly code?: RefusalCode | FailureCode | 'ok';
}

function changed(record: LedgerRecord, change: Change, now: number): LedgerRecord {
  const { phase } = change;
  const times = phase === undefined ? record.times : { ...record.times, [phase]: now };
  return { ...record, ...change, times, rev: record.rev + 1 };
}

/**
 * @param now milliseconds since the epoch, for `times`
 * @returns the record to write (its epoch is the writer's business) and what to do after it was written
 */
export function step(record: LedgerRecord, seen: Seen, now: number): Step {
  const { phase } = record;
  const still: Step = { record, actions: [] };
  const to = (change: Change, ...actions: Action[]): Step => ({ record: changed(record, change, now), actions });
  const end = (verdict: Verdict, code: RefusalCode | FailureCode | 'ok', told?: Told): Step =>
    to({ phase: 'ended', verdict, code, ...(told === undefined ? {} : { told }) }, { act: 'finish' });
  if (phase === 'ended') return still;
  /** Whatever happens now, a build may live. */
  const mayLive = orderMayLive(phase) && !isChoosing(record);

  switch (seen.seen) {
    case 'place':
      return phase === 'waiting' ? to({ phase: 'starting' }, { act: 'start-cell' }) : still;
    case 'cell':
      return phase === 'starting' ? to({ phase: 'ordered', cell: seen.cell }, { act: 'send-order' }) : still;
    case 'requeue':
      return phase === 'starting' ? to({ phase: 'waiting' }) : still;
    case 'lost':
      return orderMayLive(phase) && record.cell !== null ? to({ cell: null }) : still;
    case 'replacement': {
      const { recoveries } = record;
      if (!orderMayLive(phase) || record.cell !== null || recoveries >= maxRecoveries) return still;
      return to({ cell: seen.cell, shift: seen.shift, recoveries: recoveries + 1 }, { act: 'send-order' });
    }
    case 'shift':
      return orderMayLive(phase) && record.shift === null ? to({ shift: seen.shift }) : still;
    case 'base':
      return mayLive && record.number === null && record.base === undefined ? to({ base: seen.base }) : still;
    case 'chosen':
      // A cell that is lost could still hear of a choice, and another one would not know of it.
      if (phase !== 'ordered' || record.cell === null) return still;
      if (!isChoosing(record)) return record.choice === undefined ? still : { record, actions: [{ act: 'send-go' }] };
      return to({ choice: seen.choice, base: seen.base }, { act: 'send-go' });
    case 'build':
      if (!mayLive || record.number !== null) return still;
      return to({ number: seen.number, ...(phase === 'ordered' ? { phase: 'building' } : {}) });
    case 'result':
      // A cell without an order has nothing to report, least of all success; nor has one without its choice a build.
      if (isChoosing(record) && seen.verdict === 'success') return end('error', 'cell-misbehaved');
      return orderMayLive(phase) ? end(seen.verdict, seen.code, seen.told) : end('error', 'cell-misbehaved');
    case 'cancel':
      if (phase === 'cancelling') return still;
      if (!mayLive) return end('cancelled', 'cancelled');
      return to({ phase: 'cancelling' }, { act: 'send-cancel', reason: seen.reason });
    case 'broken':
      return end(mayLive ? 'unknown' : 'error', seen.code);
    default:
      return seen satisfies never;
  }
}
