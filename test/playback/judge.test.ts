// The judgement itself can fail, each rule of it.

import { describe, expect, test } from 'vitest';
import { compareLines } from './fidelity.ts';
import { type Told, differences, judge } from './judge.ts';
import type { Played } from './play.ts';
import type { Truth } from './truth.ts';

const played = (changes: Partial<Played> = {}): Played => ({
  verdict: 'success',
  code: 'ok',
  message: '',
  lines: new Map([['default/deploy', ['one', 'two']]]),
  notes: [],
  number: 1,
  assumed: false,
  seconds: 1,
  ...changes,
});
const truth = (changes: Partial<Truth> = {}): Truth => ({
  status: 'success',
  ran: true,
  logs: [{ step: 'default/deploy', lines: ['one', 'two'], first: 0 }],
  ...changes,
});
const problems = (is: Partial<Played>, was: Partial<Truth>): readonly string[] =>
  judge(played(is), truth(was)).problems;

describe('a success', () => {
  test('of a build that ended with it, of which a step ran, is one', () => {
    expect(judge(played(), truth())).toEqual({
      told: { verdict: 'success', code: 'ok', lines: 2, lost: 0, doubled: 0 },
      problems: [],
    });
  });

  test.each(['failure', 'killed', 'error', 'declined', 'skipped'])(
    'of a build that ended with %s is false',
    (status) => {
      const found = [`a false green: Drone's build ended with ${status}`];
      expect(problems({}, { status })).toEqual(found);
      expect(problems({ assumed: true }, { status })).toEqual(found);
      expect(problems({ verdict: 'failure', code: 'build-failed' }, { status })).toEqual([]);
    },
  );

  test('of a build of which not one step ran is false', () => {
    expect(problems({}, { ran: false })).toEqual(['a false green: not one step of the build ran']);
    expect(problems({}, { ran: undefined })).toEqual([]);
  });

  test.each([undefined, 'running'])(
    'that the recording does not show (%s) is false, unless its end is inferred',
    (status) => {
      expect(problems({}, { status })).toEqual(['a false green: the recording shows no success of this build']);
      expect(problems({ assumed: true }, { status })).toEqual([]);
    },
  );
});

describe('lines', () => {
  test('that are lost, doubled, invented or in another order are told', () => {
    expect(compareLines(['a', 'b', 'a'], ['a', 'b', 'a'], false)).toEqual({ lost: 0, doubled: 0, ordered: true });
    expect(compareLines(['a', 'b'], ['a', 'b', 'a'], false)).toEqual({ lost: 1, doubled: 0, ordered: true });
    expect(compareLines(['a', 'b', 'b', 'a'], ['a', 'b', 'a'], false)).toEqual({ lost: 0, doubled: 1, ordered: true });
    expect(compareLines(['a', 'c', 'a'], ['a', 'b', 'a'], false)).toEqual({ lost: 1, doubled: 1, ordered: true });
    expect(compareLines(['b', 'a', 'a'], ['a', 'b', 'a'], false)).toEqual({ lost: 0, doubled: 0, ordered: false });
    expect(compareLines([], [], false)).toEqual({ lost: 0, doubled: 0, ordered: true });
    expect(compareLines(['a'], [], false)).toEqual({ lost: 0, doubled: 1, ordered: true });
  });

  test('before the beginning that Drone kept may be any', () => {
    expect(compareLines(['x', 'a', 'b'], ['a', 'b'], true)).toEqual({ lost: 0, doubled: 0, ordered: true });
    expect(compareLines(['a', 'x', 'b'], ['a', 'b'], true)).toMatchObject({ lost: 1 });
  });

  test('in another order are a problem, and so is a beginning that nobody says is missing', () => {
    const lines = new Map([['default/deploy', ['two', 'one']]]);
    expect(problems({ lines }, {})).toEqual(['the lines of default/deploy were printed in another order']);
    const logs = [{ step: 'default/deploy', lines: ['one', 'two'], first: 7 }];
    const notes = ['[airlock] 7 entries of this log are missing here'];
    expect(problems({}, { logs })).toEqual(['nothing says that Drone dropped the first 7 entries of default/deploy']);
    expect(problems({ notes }, { logs })).toEqual([]);
  });

  test('are not counted where the recording has no stored log', () => {
    expect(judge(played(), truth({ logs: [] })).told).toMatchObject({ lines: 2, lost: null, doubled: null });
  });
});

test('each point in which a story differs from the table is named', () => {
  const told: Told = { verdict: 'failure', code: 'build-failed', lines: 3, lost: 0, doubled: 0 };
  expect(differences(told, told)).toEqual([]);
  expect(differences(told, { verdict: 'failure', code: 'build-failed', lost: 0, doubled: 0 })).toEqual([]);
  expect(differences(told, { verdict: 'success', code: 'ok', lines: 4, lost: null, doubled: 1 })).toEqual([
    'verdict should be "success"',
    'code should be "ok"',
    'lines should be 4',
    'lost should be null',
    'doubled should be 1',
  ]);
  expect(differences(told, undefined)).toEqual(['the table does not expect this story']);
});
