// The state machine of a task: what must never happen, whatever is seen in whatever order.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type LedgerRecord, adoption, maxRecoveries, parseLedgerRecord } from '../../src/gate/index.ts';
import { type Action, type Seen, step } from '../../src/gate/ledger/machine.ts';
import { type TaskPhase, taskPhases } from '../../src/protocol/index.ts';
import { anySeen, waiting } from './support/records.ts';

interface Walked {
  readonly seen: Seen;
  readonly before: LedgerRecord;
  readonly after: LedgerRecord;
  readonly actions: readonly Action[];
}
function walk(all: readonly Seen[]): Walked[] {
  let record = waiting;
  return all.map((seen, at) => {
    const before = record;
    const { record: after, actions } = step(before, seen, 2_000 + at);
    record = after;
    return { seen, before, after, actions };
  });
}
const acts = (walked: readonly Walked[], act: Action['act']): Walked[] =>
  walked.filter(({ actions }) => actions.some((one) => one.act === act));
const always = (holds: (walked: Walked[]) => void): void => {
  fc.assert(
    fc.property(fc.array(anySeen, { maxLength: 12 }), (all) => holds(walk(all))),
    { numRuns: 500 },
  );
};

describe('whatever is seen, in whatever order', () => {
  test('there is at most one order that asks for a build, and the ledger names its cell before it leaves', () => {
    always((walked) => {
      const orders = acts(walked, 'send-order').filter(({ seen }) => seen.seen === 'cell');
      expect(orders.length).toBeLessThanOrEqual(1);
      for (const { after } of orders) expect([after.phase, after.cell === null]).toEqual(['ordered', false]);
    });
  });

  test('every other order is for one that replaces a lost cell, at most three of them, each named before it', () => {
    always((walked) => {
      const orders = acts(walked, 'send-order').filter(({ seen }) => seen.seen !== 'cell');
      expect(orders.length).toBeLessThanOrEqual(maxRecoveries);
      for (const { seen, before, after } of orders) {
        expect(seen.seen).toBe('replacement');
        expect(['ordered', 'building', 'cancelling']).toContain(before.phase);
        expect([before.cell, after.cell === null, after.phase]).toEqual([null, false, before.phase]);
        expect(after.recoveries).toBe(before.recoveries + 1);
      }
    });
  });

  test('what a replacement adds to its numbers is settled once', () => {
    always((walked) => {
      for (const { seen, before, after } of walked)
        if (seen.seen !== 'replacement' && before.shift !== null) expect(after.shift).toEqual(before.shift);
    });
  });

  test('a task ends at most once, and nothing changes after it', () => {
    always((walked) => {
      expect(acts(walked, 'finish').length).toBeLessThanOrEqual(1);
      for (const { before, after, actions } of walked) {
        if (before.phase !== 'ended') continue;
        expect(after).toBe(before);
        expect(actions).toEqual([]);
      }
    });
  });

  test('a verdict stands exactly at the end, and success only by the word of a cell that had its order', () => {
    always((walked) => {
      for (const { seen, before, after } of walked) {
        expect(after.verdict !== null).toBe(after.phase === 'ended');
        if (after.verdict !== 'success' || before.verdict === 'success') continue;
        expect(seen).toMatchObject({ seen: 'result', verdict: 'success' });
        expect(['ordered', 'building', 'cancelling']).toContain(before.phase);
      }
    });
  });

  test('once an order may have left, only the cell can say more than "unknown"', () => {
    always((walked) => {
      for (const { seen, before, after } of walked)
        if (before.cell !== null && before.phase !== 'ended' && after.phase === 'ended' && seen.seen !== 'result')
          expect(after.verdict).toBe('unknown');
    });
  });

  test("a cell's last words are kept exactly with its result, and can be read again", () => {
    const outputs = { number: '7', url: '', status: 'success', commit: '', started: '1', finished: '2' } as const;
    const told = {
      state: { k: 'state', n: 1, phase: 'done', stages: [] },
      result: { k: 'result', n: 2, verdict: 'success', code: 'ok', message: '', outputs },
    } as const;
    const result: Seen = { seen: 'result', verdict: 'success', code: 'ok', told };
    const ended = walk([{ seen: 'place' }, { seen: 'cell', cell: 'c' }, result]).at(-1)!.after;
    expect(ended).toMatchObject({ phase: 'ended', told });
    expect(parseLedgerRecord(JSON.parse(JSON.stringify(ended)))).toEqual(ended);
    for (const wrong of [
      { result: told.state },
      { state: told.result, result: told.result },
      { state: told.state },
      {},
    ])
      expect(() => parseLedgerRecord({ ...ended, told: wrong })).toThrow(/^the ledger record/);
    expect(walk([{ seen: 'place' }, result]).at(-1)!.after.told).toBeUndefined();
  });

  test('a cancel is sent once, after the ledger says so, and only where an order may live', () => {
    always((walked) => {
      const cancels = acts(walked, 'send-cancel');
      expect(cancels.length).toBeLessThanOrEqual(1);
      for (const { before, after } of cancels) {
        expect(['ordered', 'building']).toContain(before.phase);
        expect(after.phase).toBe('cancelling');
      }
    });
  });

  test('phases only go forward, but for what was never ordered, and every revision follows the one before', () => {
    const rank = (phase: TaskPhase): number => taskPhases.indexOf(phase);
    always((walked) => {
      for (const { seen, before, after, actions } of walked) {
        if (seen.seen === 'requeue' && before.phase === 'starting') expect(after.phase).toBe('waiting');
        else expect(rank(after.phase)).toBeGreaterThanOrEqual(rank(before.phase));
        expect(after.rev).toBe(after === before ? before.rev : before.rev + 1);
        if (after === before) expect(actions).toEqual([]);
        if (after.phase !== before.phase) expect(after.times[after.phase]).toBeDefined();
      }
    });
  });

  test("a build's number is told once and never changes", () => {
    always((walked) => {
      for (const { before, after } of walked) if (before.number !== null) expect(after.number).toBe(before.number);
    });
  });

  test('every record on the way can be read again', () => {
    always((walked) => {
      for (const { after } of walked) expect(parseLedgerRecord(JSON.parse(JSON.stringify(after)))).toEqual(after);
    });
  });
});

describe('the ordinary way', () => {
  test('waiting, starting, ordered, building, ended', () => {
    const walked = walk([
      { seen: 'place' },
      { seen: 'cell', cell: 'c' },
      { seen: 'build', number: 7 },
      { seen: 'result', verdict: 'success', code: 'ok' },
    ]);
    expect(walked.map(({ after, actions }) => [after.phase, actions.map(({ act }) => act)])).toEqual([
      ['starting', ['start-cell']],
      ['ordered', ['send-order']],
      ['building', []],
      ['ended', ['finish']],
    ]);
    expect(walked.at(-1)!.after).toMatchObject({ rev: 5, number: 7, verdict: 'success', code: 'ok', cell: 'c' });
  });

  test('a cancel before the order ends the task without a cell; after it, the cell has the last word', () => {
    expect(walk([{ seen: 'cancel', reason: 'author' }])[0]!.after).toMatchObject({
      phase: 'ended',
      verdict: 'cancelled',
      code: 'cancelled',
    });
    expect(
      walk([{ seen: 'place' }, { seen: 'cancel', reason: 'author' }, { seen: 'cell', cell: 'c' }]).at(-1),
    ).toMatchObject({ actions: [], after: { cell: null } });
    const after = walk([
      { seen: 'place' },
      { seen: 'cell', cell: 'c' },
      { seen: 'cancel', reason: 'author' },
      { seen: 'result', verdict: 'success', code: 'ok' },
    ]);
    expect(after.at(-1)!.after).toMatchObject({ phase: 'ended', verdict: 'success' });
  });
});

describe('a new holder', () => {
  const cells = ['running', 'ended', 'none'] as const;
  const ended = { ...waiting, phase: 'ended', verdict: 'unknown', code: 'cell-lost' } as const;
  const at = (phase: TaskPhase, more: Partial<LedgerRecord> = {}): LedgerRecord =>
    phase === 'ended' ? ended : { ...waiting, phase, ...more };

  test('deletes a cell that has no record, and leaves nothing alone', () => {
    expect(cells.map((cell) => adoption({ stored: null, cell, tokenAtHand: true }).do)).toEqual([
      'delete',
      'delete',
      'nothing',
    ]);
  });

  test('deletes the cell of a task that has ended', () => {
    expect(cells.map((cell) => adoption({ stored: { record: ended }, cell, tokenAtHand: true }).do)).toEqual([
      'delete',
      'delete',
      'nothing',
    ]);
  });

  test('lets a task wait again that was never ordered', () => {
    for (const phase of ['waiting', 'starting'] as const)
      for (const cell of cells)
        expect(adoption({ stored: { record: at(phase) }, cell, tokenAtHand: false })).toEqual({ do: 'requeue' });
  });

  test('adopts a living cell, and cancels it once more if it was to be cancelled', () => {
    for (const phase of ['ordered', 'building', 'cancelling'] as const)
      expect(adoption({ stored: { record: at(phase) }, cell: 'running', tokenAtHand: false })).toEqual({
        do: 'adopt',
        cancel: phase === 'cancelling',
      });
  });

  test('recovers a build whose cell is lost, three times at most and only with the token, which it may wait for', () => {
    for (const phase of ['ordered', 'building', 'cancelling'] as const)
      for (const cell of ['ended', 'none'] as const) {
        const found = { stored: { record: at(phase) }, cell, tokenAtHand: true };
        expect(adoption(found)).toEqual({ do: 'recover', cancel: phase === 'cancelling' });
        expect(adoption({ ...found, tokenAtHand: false })).toEqual({
          do: 'await-token',
          cancel: phase === 'cancelling',
        });
        expect(adoption({ ...found, stored: { record: at(phase, { recoveries: maxRecoveries }) } })).toEqual({
          do: 'end-unknown',
        });
      }
  });

  test('takes an unreadable record for started and unknown, whatever the cell does', () => {
    for (const cell of cells)
      expect(adoption({ stored: { unreadable: 'x', job: 'x', slot: 1 }, cell, tokenAtHand: true })).toEqual({
        do: 'end-unknown',
      });
  });

  test('never starts a second order where one may have left, and never deletes a cell that may have one', () => {
    fc.assert(
      fc.property(
        fc.array(anySeen, { maxLength: 8 }),
        fc.constantFrom(...cells),
        fc.boolean(),
        (all, cell, tokenAtHand) => {
          const record = walk(all).at(-1)?.after ?? waiting;
          const next = adoption({ stored: { record }, cell, tokenAtHand }).do;
          const mayLive = record.cell !== null && record.phase !== 'ended';
          if (mayLive) expect(['adopt', 'recover', 'await-token', 'end-unknown']).toContain(next);
          if (mayLive && cell === 'running') expect(next).toBe('adopt');
        },
      ),
    );
  });
});
