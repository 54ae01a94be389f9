import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundle } from '../../scripts/bundle.mjs';
import { run } from '../support/run.ts';
import { root } from '../support/tree.ts';
import { memoryFigure, paired, pairedOf, ratioFigure } from './figures.ts';
import { pageOf, rowOf } from './page.ts';
import { fidelity } from './relay-share.ts';

// No test asserts a time: what is checked is that the figures are what they say.

const circumstances = { node: 'v20.20.2', cores: 2, engine: null, load: [0.5, 1.25] } as const;

describe('a paired figure', () => {
  it('is the median of the ratios, with the smallest and the largest', () => {
    expect(pairedOf([4, 1, 2])).toEqual({ pairs: 3, min: 1, median: 2, max: 4 });
    expect(pairedOf([4, 1, 2, 3])).toEqual({ pairs: 4, min: 1, median: 2.5, max: 4 });
    expect(() => pairedOf([])).toThrow('no pair was run');
  });

  it('leaves the first pair out, and lets both sides be the first in turn', async () => {
    const order: string[] = [];
    const say = (name: string, ...times: number[]) => {
      return (): Promise<number> => {
        order.push(name);
        return Promise.resolve(times.shift() ?? Number.NaN);
      };
    };
    const found = await paired(3, say('a', 1000, 4, 9, 2), say('b', 1, 2, 3, 4));
    expect(order.join('')).toBe('ababbaab');
    expect(found).toEqual({ pairs: 3, min: 0.5, median: 2, max: 3 });
  });

  it.each([
    [2.999, true],
    [3, true],
    [3.001, false],
  ])('of %d meets a target of 3: %s', (median, met) => {
    expect(ratioFigure('a', 'b', { pairs: 1, min: 1, median, max: 9 }, 3).met).toBe(met);
    expect(memoryFigure('a', median, 3).met).toBe(met);
  });

  it('without a target is not judged', () => {
    const figure = ratioFigure('a', 'b', pairedOf([2]));
    expect(figure.met).toBeNull();
    expect(rowOf(figure)).toBe('| a | b | 2.00 × | 2.00 to 2.00, 1 pairs | – | – |');
  });
});

describe('the page', () => {
  it('says where it was measured, what met its target and what did not', () => {
    const figures = [ratioFigure('x', 'y', pairedOf([4]), 3), memoryFigure('z', 200.4, 256)];
    const page = pageOf(figures, ['a note'], circumstances);
    expect(page).toContain('| x | y | 4.00 × | 4.00 to 4.00, 1 pairs | ≤ 3 × | **no** |');
    expect(page).toContain('| z | – | 200 MiB | peak of one run | ≤ 256 MiB | yes |');
    expect(page).toContain(
      '2 shared processor cores, Node v20.20.2, no Docker engine: the figures against it are missing',
    );
    expect(page).toContain('load average 0.5 at the beginning, 1.3 at the end');
    expect(page).toContain('- a note\n');
    expect(pageOf(figures, [], { ...circumstances, engine: '20.10.24' })).toContain(', Docker engine 20.10.24;');
  });
});

describe('the bench', () => {
  // Beside the packages, as dist/ is.
  const outdir = join(root, 'node_modules', '.cache', `airlock-bench-${process.pid}`);
  const folder = mkdtempSync(join(tmpdir(), 'airlock-bench-'));
  beforeAll(async () => {
    const outcomes = await bundle({ outdir, only: ['hook', 'cell', 'bench'] });
    expect(outcomes.flatMap(({ errors }) => errors ?? [])).toEqual([]);
  }, 120_000);
  afterAll(() => {
    for (const made of [outdir, folder]) rmSync(made, { recursive: true, force: true });
  });

  it('measures everything once when it is quick, and writes the rows that it prints', {
    timeout: 300_000,
  }, async () => {
    const out = join(folder, 'page.md');
    const args = [join(outdir, 'dev/bench.js'), '--quick', '--root', root, '--out', out];
    const { code, stdout, stderr } = await run(process.execPath, args, { limit: 280_000 });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const rows = stdout.split('\n').filter((line) => line.startsWith('|'));
    expect(rows.map((row) => row.split(' | ')[1])).toEqual([
      'three empty node processes',
      'the stored log',
      '–',
      '`cat` of the same lines through the same pipes',
      '–',
      '–',
      'two bare write, sync and link',
    ]);
    for (const row of rows) expect(row.split(' | ')[2]).toMatch(/^(?:\d+\.\d\d ×|\d+ MiB|0, 0)$/);
    const page = readFileSync(out, 'utf8');
    expect(page.split('\n').filter((line) => /^\| (?!what|---)/.test(line))).toEqual(rows);
    expect(stdout).toMatch(/bench: 7 figures, \d of 5 within their target\n$/);
  });

  it('shows each of 200,000 lines once, half of which the live stream loses, in a heap of 48 MiB', {
    timeout: 300_000,
  }, async () => {
    const script = readFileSync(join(outdir, 'cell.js'), 'utf8');
    const { spoken } = await fidelity(script, 200_000, 48);
    expect(spoken).toMatchObject({ verdict: 'success', lost: 0, doubled: 0 });
    expect(spoken.peak).toBeLessThan(256);
  });
});
