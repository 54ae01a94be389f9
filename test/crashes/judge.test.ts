// The judge finds each way in which a case may go wrong; a judge that cannot fail would make the matrix worthless.

import { describe, expect, it } from 'vitest';
import { paths } from '../../src/drone/paths.ts';
import { callNames } from '../../src/gate/routes.ts';
import { cellPhases, taskPhases } from '../../src/protocol/index.ts';
import { type Case, matrix } from './cases.ts';
import { type Observed, judge } from './judge.ts';
import { rowsOf } from './rows.ts';
import { ends } from './scenarios.ts';

const cases = matrix(rowsOf({ calls: callNames, taskPhases, cellPhases, droneCalls: Object.keys(paths) }), {
  seed: 1,
  mixed: 0,
});
function named(name: string): Case {
  const found = cases.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no case ${name}`);
  return found;
}

const nonce = 'a'.repeat(32);
const build = { status: 'success', nonce };
const notice = 'airlock: the gate was started anew and goes on with this task';
const green: Observed = {
  conclusion: 'success',
  lines: [notice, ...ends.map((end) => `${end}: success, 1 s`)],
  builds: [build],
  streams: [
    { task: 't', after: 0, numbers: [1, 2, 3] },
    { task: 't', after: 2, numbers: [3, 4] },
  ],
  cellsLeft: 0,
  next: { conclusion: 'success', builds: [{ status: 'success', nonce: 'b'.repeat(32) }] },
  ms: 9_000,
  troubles: [],
};
const red: Observed = { ...green, conclusion: 'failure', lines: [], builds: [] };
const bounds = { ms: 10_000, ends };

const judged = (name: string, seen: Observed, changes: Partial<Observed>): readonly string[] =>
  judge(named(name), { ...seen, ...changes }, bounds);

describe('a case that ends as it must', () => {
  it.each([
    ['cell running: kill gate', green],
    ['cell preflight: kill cell', red],
    ['tasks asked: kill hook', { ...red, builds: [{ ...build, status: 'failure' }] }],
    [
      'cancel asked: kill gate',
      { ...green, conclusion: 'cancelled', lines: [], builds: [{ ...build, status: 'killed' }] },
    ],
  ] as const)('is not complained of: %s', (name, seen) => {
    expect(judge(named(name), seen, bounds)).toEqual([]);
  });
});

describe('a case that ends wrongly', () => {
  const gate = 'cell running: kill gate';
  const wrong: readonly (readonly [string, string, Observed, Partial<Observed>, readonly string[]])[] = [
    [
      'green, and Drone failed',
      gate,
      green,
      { builds: [{ ...build, status: 'failure' }] },
      ["green without Drone's success (builds: failure)"],
    ],
    [
      'green, and there is no build',
      'proof asked: kill gate',
      green,
      { builds: [], lines: green.lines.slice(1) },
      ["green without Drone's success (builds: none)"],
    ],
    ['red, and it must be green', gate, green, { conclusion: 'failure' }, ['the job is red, and must be green']],
    [
      'green, and its cell was lost before the build',
      'cell preflight: kill cell',
      green,
      { lines: green.lines.slice(1) },
      ['the job is green, and must be red', '1 builds of a task whose cell was lost before'],
    ],
    [
      'cancelled by nobody',
      'tasks answered: kill cell',
      green,
      { conclusion: 'cancelled', lines: [] },
      ['the job is cancelled, and nobody did it'],
    ],
    [
      'not cancelled',
      'cancel asked: kill gate',
      green,
      { lines: green.lines.slice(1) },
      ['the job is green, and must be cancelled'],
    ],
    [
      'without an end',
      gate,
      green,
      { conclusion: null },
      ['the job had no end', 'the job is no end, and must be green'],
    ],
    [
      'two builds with one nonce',
      gate,
      green,
      { conclusion: 'failure', builds: [build, build] },
      [
        'the job is red, and must be green',
        'two builds have the nonce of one task',
        '2 builds were made for one job',
        'Drone had a build, and now has 2',
      ],
    ],
    [
      'two builds with two nonces',
      'tasks asked: kill hook',
      red,
      { builds: [build, { ...build, nonce: 'c' }] },
      ['2 builds were made for one job'],
    ],
    [
      'a build without nonce',
      'tasks asked: kill hook',
      red,
      { builds: [{ ...build, nonce: '' }] },
      ['a build has no nonce'],
    ],
    [
      'a build that lives',
      'tasks asked: kill hook',
      red,
      { builds: [{ ...build, status: 'running' }] },
      ['a build still lives'],
    ],
    ['a build that is gone', 'cell running: kill hook', red, {}, ['Drone had a build, and now has 0']],
    [
      'a lost state',
      gate,
      green,
      { streams: [{ task: 't', after: 0, numbers: [1, 3] }] },
      ['a state was lost: 3 came where 2 was due'],
    ],
    [
      'a state lost between two streams',
      gate,
      green,
      {
        streams: [
          { task: 't', after: 0, numbers: [1] },
          { task: 't', after: 2, numbers: [3] },
        ],
      },
      ['a state was lost: the hook has 2, and 1 were told'],
    ],
    [
      'a doubled state',
      gate,
      green,
      { streams: [{ task: 't', after: 0, numbers: [1, 1] }] },
      ['a state was doubled: 1 came where 2 was due'],
    ],
    [
      'a repeated state',
      gate,
      green,
      { streams: [{ task: 't', after: 1, numbers: [1] }] },
      ['a state was lost: the hook has 1, and 0 were told', 'a state was doubled: 1 came where 2 was due'],
    ],
    [
      'a line that is there twice',
      gate,
      green,
      { lines: [...green.lines, '✓ default: success, 2 s'] },
      ['the log says 2 times "✓ default"'],
    ],
    [
      'a step that the log does not show',
      gate,
      green,
      { lines: green.lines.slice(0, -1) },
      ['the log of a green job lacks "✓ default"'],
    ],
    [
      'no word of the new gate',
      gate,
      green,
      { lines: green.lines.slice(1) },
      ['the log says 0 times that the gate was started anew'],
    ],
    [
      'two words of the new gate',
      gate,
      green,
      { lines: [notice, ...green.lines] },
      ['the log says 2 times that the gate was started anew'],
    ],
    ['a cell that is left', gate, green, { cellsLeft: 1 }, ['1 cells are left']],
    ['no next job', gate, green, { next: null }, ['the next job was not served']],
    [
      'a next job that fails',
      gate,
      green,
      { next: { conclusion: 'failure', builds: [build] } },
      ['the next job was not served'],
    ],
    [
      'a next job without a build',
      gate,
      green,
      { next: { conclusion: 'success', builds: [] } },
      ['the next job was not served'],
    ],
    ['an end that comes late', gate, green, { ms: 11_000 }, ['it took 11 s of at most 10 s']],
    [
      'something that ended by itself',
      gate,
      green,
      { troubles: ['the gate ended by itself'] },
      ['the gate ended by itself'],
    ],
  ];
  it.each(wrong)('%s', (_, name, seen, changes, sentences) => {
    expect(judged(name, seen, changes)).toEqual(sentences);
  });
});
