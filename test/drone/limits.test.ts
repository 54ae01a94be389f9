import { describe, expect, test } from 'vitest';
import { type Build, type DroneStatus, parseBuild } from '../../src/drone/answers.ts';
import { LimitClock, phaseOf } from '../../src/drone/limits.ts';
import { framesOf, jsonOf, recording } from '../support/recordings.ts';

const build = (status: DroneStatus, ...stages: readonly DroneStatus[]): Build => ({
  number: 1,
  status,
  event: 'custom',
  trigger: 'bot',
  sender: 'bot',
  after: 'a'.repeat(40),
  ref: 'refs/heads/main',
  started: 0,
  finished: 0,
  stages: stages.map((one, index) => ({
    number: index + 1,
    name: `s${index}`,
    status: one,
    exit_code: 0,
    started: 0,
    stopped: 0,
  })),
});
const limits = { queue: 1000, blocked: 2000, run: 10_000, lost: 500 };

describe('where a build is', () => {
  // biome-ignore format: a table is read by its columns
  test.each<[string, Build, string]>([
    ['no stages yet', build('pending'), 'pending'],
    ['a pending stage', build('pending', 'pending'), 'pending'],
    ['a blocked stage of a build that says pending (recording 23)', build('pending', 'blocked'), 'blocked'],
    ['a running stage of a build that still says pending (recording 70)', build('pending', 'running'), 'running'],
    ['a stage that nobody takes, of a build that says running (recording 64)', build('running', 'success', 'pending'), 'pending'],
    ['a stage that waits for a running one', build('running', 'running', 'waiting_on_dependencies'), 'running'],
    ['every stage done, the build still running (recording 33)', build('running', 'success'), 'running'],
    ['blocked beside running', build('running', 'running', 'blocked'), 'running'],
    ['done', build('success', 'success'), 'done'],
  ])('%s', (_name, what, phase) => {
    expect(phaseOf(what)).toBe(phase);
  });
});

describe('each wait has its limit', () => {
  test('pending: the queue', () => {
    const clock = new LimitClock(limits, 60);
    clock.see(build('pending', 'pending'), 0);
    expect(clock.over(1000)).toBeUndefined();
    expect(clock.over(1001)).toBe('queue');
  });

  test('a second stage that nobody takes waits anew, from the end of the first', () => {
    const clock = new LimitClock(limits, 60);
    clock.see(build('running', 'running', 'waiting_on_dependencies'), 0);
    clock.see(build('running', 'success', 'pending'), 5000);
    expect(clock.over(6000)).toBeUndefined();
    expect(clock.over(6001)).toBe('queue');
  });

  test('blocked: its own, and not the queue', () => {
    const clock = new LimitClock(limits, 60);
    clock.see(build('pending', 'blocked'), 0);
    expect(clock.over(2000)).toBeUndefined();
    expect(clock.over(2001)).toBe('blocked');
  });

  test('running: the run, from the first stage on', () => {
    const clock = new LimitClock(limits, 0);
    clock.see(build('running', 'running', 'waiting_on_dependencies'), 0);
    clock.see(build('running', 'success', 'running'), 9000);
    expect(clock.over(10_000)).toBeUndefined();
    expect(clock.over(10_001)).toBe('run');
  });

  test('running beyond the time-out without a sign: the runner is lost (recording 61)', () => {
    const clock = new LimitClock(limits, 0.05);
    clock.see(build('running', 'running'), 0);
    expect(clock.over(3500)).toBeUndefined();
    expect(clock.over(3501)).toBe('runner-lost');
  });

  test('a line of the log is a sign, and so is a step that changes', () => {
    const clock = new LimitClock(limits, 0.05);
    clock.see(build('running', 'running'), 0);
    clock.sign(3000);
    expect(clock.over(6500)).toBeUndefined();
    clock.see(build('running', 'success', 'running'), 6500);
    expect(clock.over(9999)).toBeUndefined();
  });

  test('a repository whose time-out is unknown has no lost runner', () => {
    const clock = new LimitClock(limits, 0);
    clock.see(build('running', 'running'), 0);
    expect(clock.over(9999)).toBeUndefined();
  });

  test('done: none', () => {
    const clock = new LimitClock(limits, 60);
    clock.see(build('success', 'success'), 0);
    expect(clock.over(1_000_000)).toBeUndefined();
  });
});

test('the recorded build whose runner died is running for good', () => {
  const frames = framesOf(recording('61'), 'GET', '/api/repos/octo/hello/builds/1');
  const shown = frames.flatMap((frame) => ('status' in frame && frame.at < 153 ? [parseBuild(jsonOf(frame))] : []));
  expect(shown.map(phaseOf)).toEqual(['running']);
});
