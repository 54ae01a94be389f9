import { describe, expect, test } from 'vitest';
import { type SnapshotOptions, snapshotOf } from '../../src/cell/snapshot.ts';
import { type Build, parseBuild } from '../../src/drone/index.ts';
import { parseCellEvent } from '../../src/protocol/index.ts';
import { buildOf, stageOf, stepOf } from '../drone/scripted.ts';

const options: SnapshotOptions = { url: () => '', redact: (line) => line, errors: true };
const buildWith = (stages: number, steps: number, name: string, error: string): Build =>
  parseBuild(
    buildOf('error', {
      stages: Array.from({ length: stages }, (_, stage) =>
        stageOf(
          'error',
          Array.from({ length: steps }, (_one, step) => stepOf(step + 1, 'error', { name: `${name}${step}`, error })),
          { number: stage + 1, name: `${name}${stage}`, error },
        ),
      ),
    }),
  );

function shown(build: Build, note?: string) {
  const event = { k: 'state', n: 1, ...snapshotOf(build, 'running', note, options) };
  const text = JSON.stringify(event);
  // Read as the gate reads it.
  const read = parseCellEvent(JSON.parse(text));
  if (read.k !== 'state') throw new Error('it is no state');
  return { bytes: Buffer.byteLength(text), stages: read.stages, note: read.note };
}

describe('a snapshot', () => {
  test('of an ordinary build is whole and adds no note', () => {
    const { stages, note } = shown(buildWith(2, 20, 'step', 'x'.repeat(500)));
    expect(note).toBeUndefined();
    expect(stages.map((stage) => stage.steps.length)).toEqual([20, 20]);
    expect(stages[1]?.steps[19]?.error).toBe('x'.repeat(500));
  });

  test('that would be too large leaves the error texts out first and says so', () => {
    const { bytes, stages, note } = shown(buildWith(2, 1000, 'step', 'x'.repeat(500)), 'waiting');
    expect(bytes).toBeLessThan(1_048_576);
    expect(stages.map((stage) => stage.steps.length)).toEqual([1000, 1000]);
    expect(stages[0]?.error).toBeUndefined();
    expect(note).toBe("waiting. Drone's error texts are too long to be shown");
  });

  // biome-ignore format: a table is read by its columns
  test.each<[string, number, number, string]>([
    ['control bytes, six bytes each', 2, 1000, '\u0001'.repeat(190)],
    ['characters of three bytes', 2, 1000, '\u6f22'.repeat(190)],
    ['many stages', 200, 10, '\u0001'.repeat(190)],
    ['more of everything than is shown', 400, 40, '\u0001'.repeat(250)],
  ])('leaves steps out next: names of %s', (_name, stages, steps, name) => {
    const { bytes, stages: left, note } = shown(buildWith(stages, steps, name, name));
    expect(bytes).toBeLessThan(1_048_576);
    const count = left.flatMap((stage) => stage.steps).length;
    expect(note).toContain(`This build has ${stages * steps} steps, of which ${count} are shown`);
    expect(left.length).toBe(Math.min(stages, 200));
    expect(count).toBeGreaterThan(100);
  });
});

describe('an exit code', () => {
  test.each([1e300, 9_007_199_254_740_992, 0.5, '1'])('of %s is not in the form that is known', (code) => {
    expect(() =>
      parseBuild(buildOf('success', { stages: [stageOf('success', [stepOf(1, 'success', { exit_code: code })])] })),
    ).toThrow(/exit_code/);
  });

  test.each([0, 255, -1, 4_294_967_295])('of %s is', (code) => {
    const build = parseBuild(
      buildOf('success', { stages: [stageOf('success', [stepOf(1, 'success', { exit_code: code })])] }),
    );
    expect(build.stages?.[0]?.steps?.[0]?.exit_code).toBe(code);
  });
});
