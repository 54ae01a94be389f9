// Every status of build, stage and step, in every combination, and every order in which looks can bring them: one right
// verdict each, and green only for Drone's own success with a step that ran.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Build, type DroneStatus, type Stage, droneStatuses, isDone } from '../../src/drone/answers.ts';
import type { Connection } from '../../src/drone/connection.ts';
import { follow } from '../../src/drone/follow.ts';
import { verdictOf } from '../../src/drone/verdict.ts';
import type { Verdict } from '../../src/protocol/index.ts';
import { quick } from '../support/drone-run.ts';
import { framesOf, jsonOf, recording, recordingNames } from '../support/recordings.ts';
import { buildPath, storiesOf } from '../support/stories.ts';

const stage = (number: number, status: DroneStatus, steps: readonly DroneStatus[]): Stage => ({
  number,
  name: `stage${number}`,
  status,
  exit_code: 0,
  started: 100,
  stopped: 110,
  ...(steps.length === 0
    ? {}
    : {
        steps: steps.map((one, index) => ({ number: index + 1, name: `step${index + 1}`, status: one, exit_code: 1 })),
      }),
});
const build = (status: DroneStatus, stages: readonly Stage[]): Build => ({
  number: 7,
  status,
  event: 'custom',
  trigger: 'bot',
  sender: 'bot',
  after: 'a'.repeat(40),
  ref: 'refs/heads/main',
  started: 100,
  finished: 110,
  stages,
});
const seen = { expect: [], timeout: 60, details: true };

/** What each of Drone's words on a build means when nobody asked for anything; `success` also needs a step that ran. */
const meaning: Readonly<Record<DroneStatus, Verdict>> = {
  success: 'success',
  failure: 'failure',
  error: 'error',
  killed: 'failure',
  declined: 'declined',
  skipped: 'skipped',
  pending: 'unknown',
  running: 'unknown',
  blocked: 'unknown',
  waiting_on_dependencies: 'unknown',
};
const rightOf = ({ status, stages = [] }: Build): Verdict =>
  status === 'success' && !stages.some(({ steps = [] }) => steps.some((one) => one.status === 'success'))
    ? 'nothing-ran'
    : meaning[status];

describe('every status of a build with every status of a stage and of two steps', () => {
  test('10,000 combinations have the one right verdict each', () => {
    const wrong: string[] = [];
    for (const whole of droneStatuses)
      for (const part of droneStatuses)
        for (const first of droneStatuses)
          for (const second of droneStatuses) {
            const one = build(whole, [stage(1, part, [first, second])]);
            if (verdictOf({ ...seen, build: one }).verdict !== rightOf(one))
              wrong.push([whole, part, first, second].join('/'));
          }
    expect(wrong).toEqual([]);
  });

  test('a step that must be there must have succeeded, whatever all others are', () => {
    for (const whole of droneStatuses)
      for (const first of droneStatuses)
        for (const second of droneStatuses) {
          const one = build(whole, [stage(1, 'success', [first]), stage(2, 'success', [second])]);
          const { verdict } = verdictOf({ ...seen, build: one, expect: ['stage2/step1'] });
          expect(verdict === 'success').toBe(whole === 'success' && second === 'success');
        }
  });
});

const anyStatus = fc.constantFrom(...droneStatuses);
const anyStages = fc
  .array(fc.tuple(anyStatus, fc.array(anyStatus, { maxLength: 3 })), { maxLength: 3 })
  .map((all) => all.map(([status, steps], index) => stage(index + 1, status, steps)));
const open = droneStatuses.filter((status) => !isDone({ status }));
const ends = droneStatuses.filter((status) => isDone({ status }));

test('the order in which stages are listed changes no verdict', () => {
  fc.assert(
    fc.property(anyStatus, anyStages, (status, stages) => {
      const { verdict } = verdictOf({ ...seen, build: build(status, stages) });
      expect(verdictOf({ ...seen, build: build(status, stages.toReversed()) }).verdict).toBe(verdict);
    }),
    { numRuns: 1000 },
  );
});

/** A Drone that answers each look with the next of these. */
function playing(looks: readonly (Build | 'trouble')[]): Connection {
  let next = 0;
  const call: Connection['call'] = (path) => {
    if (path.includes('/logs/')) return Promise.resolve({ status: 404, body: {}, message: '' });
    const look = looks[Math.min(next++, looks.length - 1)];
    return look === 'trouble' || look === undefined
      ? Promise.resolve({ status: 500, body: {}, message: 'trouble' })
      : Promise.resolve({ status: 200, body: look, message: '' });
  };
  return {
    server: 'http://drone',
    details: true,
    quote: (text) => JSON.stringify(text),
    said: ({ status }) => String(status),
    call,
    open: () => Promise.reject(new Error('no streams here')),
  };
}

const ending = (looks: readonly (Build | 'trouble')[], first = build('pending', []), notes: string[] = []) =>
  follow(playing(looks), {
    repository: 'octo/hello',
    build: first,
    expect: [],
    timeout: 60,
    limits: { ...quick, poll: 1 },
    logs: 'none',
    sink: () => ({ line: () => {}, note: () => {}, room: () => Promise.resolve(), end: () => {} }),
    details: true,
    cancel: new AbortController().signal,
    onState: (_build, _phase, note) => void (note === undefined || notes.push(note)),
  });

describe('whatever the looks before the last brought', () => {
  const before = fc.array(
    fc.oneof(
      fc.constant('trouble' as const),
      fc.tuple(fc.constantFrom(...open), anyStages).map(([status, stages]) => build(status, stages)),
    ),
    { maxLength: 4 },
  );

  test('the last one decides', async () => {
    await fc.assert(
      fc.asyncProperty(before, fc.constantFrom(...ends), anyStages, async (looks, status, stages) => {
        const last = build(status, stages);
        expect((await ending([...looks, last])).verdict).toBe(rightOf(last));
      }),
      { numRuns: 150 },
    );
  });

  test('a success that ran something is the only green', async () => {
    await fc.assert(
      fc.asyncProperty(before, anyStages, async (looks, stages) => {
        const green = build('success', [...stages, stage(9, 'success', ['success'])]);
        expect((await ending([...looks, green])).verdict).toBe('success');
        const empty = build(
          'success',
          stages.map(({ steps: _steps, ...one }) => one),
        );
        expect((await ending([...looks, empty])).verdict).toBe('nothing-ran');
      }),
      { numRuns: 50 },
    );
  });
});

describe('what a recorded Drone showed of a build, in any order but for its end', () => {
  test.each(recordingNames)('%s', async (name) => {
    for (const story of storiesOf(name)) {
      const shown = framesOf(recording(name), 'GET', buildPath(story, story.number ?? 0)).flatMap((frame) =>
        'status' in frame && frame.status === 200 ? [jsonOf(frame) as Build] : [],
      );
      const last = shown.findLast((one) => isDone(one));
      const first = shown.find((one) => !isDone(one));
      if (last === undefined || first === undefined) continue;
      const right = verdictOf({ ...seen, build: last }).verdict;
      for (const looks of [shown.filter((one) => !isDone(one)).toReversed(), [first, first], []]) {
        const told = await ending([...looks, last], first);
        expect([name, told.verdict]).toEqual([name, right]);
      }
    }
  });
});

describe('a build that waits for an approval', () => {
  test('says who can give it, and where', async () => {
    const notes: string[] = [];
    const blocked = build('pending', [stage(1, 'blocked', [])]);
    await ending([blocked, blocked, build('declined', [stage(1, 'declined', [])])], blocked, notes);
    expect(notes[0]).toMatch(/an admin of the repository gives it on the build's page in Drone/);
  });
});
