// A promotion's life: what must never happen, whatever is seen in whatever order.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type LedgerRecord, maxRecoveries, parseLedgerRecord } from '../../src/gate/index.ts';
import { type Action, type Seen, isChoosing, step } from '../../src/gate/ledger/machine.ts';
import { anySeen, oldBuild, waitingPromotion } from './support/records.ts';

interface Walked {
  readonly seen: Seen;
  readonly before: LedgerRecord;
  readonly after: LedgerRecord;
  readonly actions: readonly Action[];
}
function walk(all: readonly Seen[], from = waitingPromotion): Walked[] {
  let record = from;
  return all.map((seen, at) => {
    const before = record;
    const { record: after, actions } = step(before, seen, 2_000 + at);
    record = after;
    return { seen, before, after, actions };
  });
}
/** Often through the dialogue: by chance alone it would hardly ever come to its end. */
const ways = fc
  .tuple(fc.boolean(), fc.array(anySeen, { maxLength: 12 }))
  .map(([begun, rest]): readonly Seen[] => (begun ? [{ seen: 'place' }, { seen: 'cell', cell: 'c1' }, ...rest] : rest));
const always = (holds: (walked: Walked[]) => void): void => {
  fc.assert(
    fc.property(ways, (all) => holds(walk(all))),
    { numRuns: 1_000 },
  );
};
const does = ({ actions }: Walked, act: Action['act']): boolean => actions.some((one) => one.act === act);
const chosen: Seen = { seen: 'chosen', choice: oldBuild, base: 6 };

describe('whatever is seen, in whatever order', () => {
  test('a cell hears of a choice only when the ledger says so, and never of two', () => {
    always((walked) => {
      const told = walked.filter((one) => does(one, 'send-go'));
      for (const { after } of told) expect([after.phase, after.choice === undefined]).toEqual(['ordered', false]);
      expect(new Set(told.map(({ after }) => after.choice?.number)).size).toBeLessThanOrEqual(1);
    });
  });

  test('a choice never changes, and is made only for a cell that is there', () => {
    always((walked) => {
      for (const { before, after } of walked) {
        if (before.choice !== undefined) expect(after.choice).toBe(before.choice);
        else if (after.choice !== undefined) expect([before.phase, before.cell === null]).toEqual(['ordered', false]);
      }
    });
  });

  test('before it, nothing can have been asked for: no success, no number, and every other end is known', () => {
    always((walked) => {
      for (const { seen, before, after } of walked) {
        if (!isChoosing(before)) continue;
        expect(after.number).toBeNull();
        expect(after.verdict).not.toBe('success');
        if (after.phase === 'ended' && before.phase !== 'ended' && seen.seen !== 'result')
          expect(['cancelled', 'error']).toContain(after.verdict);
        expect(after.phase).not.toBe('cancelling');
      }
    });
  });

  test('after it, only the cell can say more than "unknown"', () => {
    always((walked) => {
      for (const { seen, before, after } of walked)
        if (!isChoosing(before) && before.phase !== 'ended' && after.phase === 'ended' && seen.seen !== 'result')
          expect(after.verdict).toBe('unknown');
    });
  });

  test('cells are replaced at most three times, before it and after it together', () => {
    always((walked) => {
      const replaced = walked.filter(({ seen, after, before }) => seen.seen === 'replacement' && after !== before);
      expect(replaced.length).toBeLessThanOrEqual(maxRecoveries);
    });
  });

  test('every record on the way can be read again', () => {
    always((walked) => {
      for (const { after } of walked) expect(parseLedgerRecord(JSON.parse(JSON.stringify(after)))).toEqual(after);
    });
  });
});

describe('the ordinary way', () => {
  const begun: readonly Seen[] = [{ seen: 'place' }, { seen: 'cell', cell: 'c1' }];

  test('is order, choice, number, result', () => {
    const all: readonly Seen[] = [
      ...begun,
      chosen,
      { seen: 'build', number: 7 },
      { seen: 'result', verdict: 'success', code: 'ok' },
    ];
    const walked = walk(all);
    expect(walked.map(({ after }) => after.phase)).toEqual(['starting', 'ordered', 'ordered', 'building', 'ended']);
    expect(walked.at(-1)?.after).toMatchObject({ choice: oldBuild, base: 6, number: 7, verdict: 'success' });
    expect(walked[2]?.actions).toEqual([{ act: 'send-go' }]);
  });

  test('tells the choice again to who asks again, and writes nothing', () => {
    const [, , , again] = walk([...begun, chosen, { ...chosen, choice: { ...oldBuild, number: 4 } }]);
    expect(again?.after).toBe(again?.before);
    expect(again?.actions).toEqual([{ act: 'send-go' }]);
  });

  test('makes no choice for a cell that is lost, which could still hear of it', () => {
    const [, , , late] = walk([...begun, { seen: 'lost' }, chosen]);
    expect([late?.after.choice, late?.actions]).toEqual([undefined, []]);
    const next: Seen = { seen: 'replacement', cell: 'c2', shift: null };
    expect(walk([...begun, { seen: 'lost' }, chosen, next, chosen]).at(-1)?.after).toMatchObject({
      choice: oldBuild,
      cell: 'c2',
    });
  });

  test('ends at once by a cancel before the choice, and asks the cell after it', () => {
    const cancel: Seen = { seen: 'cancel', reason: 'author' };
    expect(walk([...begun, cancel]).at(-1)?.after).toMatchObject({ phase: 'ended', verdict: 'cancelled' });
    expect(walk([...begun, chosen, cancel]).at(-1)).toMatchObject({
      after: { phase: 'cancelling' },
      actions: [{ act: 'send-cancel', reason: 'author' }],
    });
  });
});

test('a record whose choice is not plain is not read', () => {
  const record = walk([{ seen: 'place' }, { seen: 'cell', cell: 'c1' }, chosen]).at(-1)!.after;
  for (const choice of [{ ...oldBuild, ref: 'refs/heads/$(id)' }, { ...oldBuild, commit: 'HEAD' }, { number: 5 }])
    expect(() => parseLedgerRecord(JSON.parse(JSON.stringify({ ...record, choice })))).toThrow(/^the ledger record/);
});
