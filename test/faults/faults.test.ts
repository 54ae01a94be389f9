// A slice of `npm run faults`: whatever is killed, stopped or stalled while a build is asked for, there is one build at
// most, no success without it, and no outcome that is neither known nor called unknown.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundle } from '../../scripts/bundle.mjs';
import { kindNames, moments } from './kinds.ts';
import { planFor, runAll } from './lanes.ts';

const outdir = mkdtempSync(join(tmpdir(), 'airlock-built-'));
const built = { hook: join(outdir, 'hook/index.js'), cell: join(outdir, 'cell.js') };
beforeAll(async () => {
  const outcomes = await bundle({ outdir, only: ['hook', 'cell'] });
  expect(outcomes.flatMap(({ errors }) => errors ?? [])).toEqual([]);
});
afterAll(() => rmSync(outdir, { recursive: true, force: true }));

const numbers = Array.from({ length: 40 }, (_, nth) => nth);
const seed = 5;

describe('jobs whose trigger is disturbed', () => {
  test('have one build at most, and never a success without it', { timeout: 300_000 }, async () => {
    const all = await runAll({ built, numbers, seed, lanes: 5 });
    const unexpected = all.flatMap(({ nth, plan, outcome }) =>
      outcome.broken.map((rule) => `run ${nth}, ${plan.kind}: ${rule} (${outcome.conclusion} ${outcome.code})`),
    );
    expect(unexpected).toEqual([]);
    expect(all).toHaveLength(numbers.length);
    // The faults are survived, most of the time.
    expect(all.filter(({ outcome }) => outcome.conclusion === 'success').length).toBeGreaterThan(numbers.length / 2);
  });
});

describe('a plan', () => {
  test('depends on the seed and the number of the run alone', () => {
    expect(planFor(seed, 22)).toEqual(planFor(seed, 22));
    expect(planFor(seed, 22)).not.toEqual(planFor(seed + 1, 22));
  });

  test('is of every kind in turn, at every moment', () => {
    const plans = Array.from({ length: kindNames.length * 20 }, (_, nth) => planFor(seed, nth));
    expect(new Set(plans.map(({ kind }) => kind))).toEqual(new Set(kindNames));
    const after = plans.flatMap(({ faults }) => faults.map((fault) => `${fault.deed} after ${fault.after}`));
    for (const moment of moments) expect(after).toContain(`kill gate after ${moment}`);
  });
});
