import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Build,
  type DroneStatus,
  type Stage,
  type Step,
  droneStatuses,
  isDone,
  parseBuild,
} from '../../src/drone/answers.ts';
import { type Seen, verdictOf } from '../../src/drone/verdict.ts';
import { cancelReasons } from '../../src/protocol/index.ts';
import { framesOf, jsonOf, recording, recordingNames } from '../support/recordings.ts';
import { buildPath, storiesOf } from '../support/stories.ts';

const step = (name: string, status: DroneStatus, more: Partial<Step> = {}): Step => ({
  number: 1,
  name,
  status,
  exit_code: 0,
  started: 100,
  stopped: 110,
  ...more,
});
const stage = (name: string, status: DroneStatus, steps?: readonly Step[], more: Partial<Stage> = {}): Stage => ({
  number: 1,
  name,
  status,
  exit_code: 0,
  started: 100,
  stopped: 110,
  ...(steps ? { steps } : {}),
  ...more,
});
const build = (status: DroneStatus, stages?: readonly Stage[], more: Partial<Build> = {}): Build => ({
  number: 7,
  status,
  event: 'custom',
  trigger: 'bot',
  sender: 'bot',
  after: 'a'.repeat(40),
  ref: 'refs/heads/main',
  started: 100,
  finished: 110,
  ...(stages ? { stages } : {}),
  ...more,
});
const seen = (of: Build, more: Partial<Seen> = {}): Seen => ({
  build: of,
  expect: [],
  timeout: 60,
  details: true,
  ...more,
});
const ran = [stage('default', 'success', [step('deploy', 'success')])];
const dead = [stage('default', 'killed', [step('deploy', 'killed', { exit_code: 130 })])];

// biome-ignore format: a table is read by its columns
const table: readonly (readonly [string, Seen, string, string, string])[] = [
  ['success, and a step succeeded', seen(build('success', ran)), 'success', 'ok', 'build 7 succeeded'],
  ['success, and the expected step is there', seen(build('success', ran), { expect: ['default/deploy'] }), 'success', 'ok', 'succeeded'],
  ['success, and the expected step is missing', seen(build('success', ran), { expect: ['default/release'] }), 'expected-missing', 'expected-missing', '"default/release"'],
  ['success, and the expected step was skipped', seen(build('success', [stage('a', 'success', [step('x', 'success'), step('y', 'skipped')])]), { expect: ['a/y'] }), 'expected-missing', 'expected-missing', '"a/y"'],
  ['success, and of two steps of the expected name one failed', seen(build('success', [stage('a', 'success', [step('x', 'success'), step('x', 'failure')])]), { expect: ['a/x'] }), 'expected-missing', 'expected-missing', '"a/x"'],
  ['success without stages', seen(build('success')), 'nothing-ran', 'nothing-ran', 'not one of its steps ran'],
  ['success with a stage without steps (recording 28)', seen(build('success', [stage('default', 'success')])), 'nothing-ran', 'nothing-ran', 'not one of its steps ran'],
  ['success with skipped steps only (recording 12)', seen(build('success', [stage('default', 'success', [step('a', 'skipped')])])), 'nothing-ran', 'nothing-ran', 'not one'],
  ["success, and nothing ran but the docker runner's own clone", seen(build('success', [stage('default', 'success', [step('clone', 'success'), step('deploy', 'skipped', { number: 2 })])])), 'nothing-ran', 'nothing-ran', 'not one of its steps ran'],
  ['success, and after the clone a step succeeded', seen(build('success', [stage('default', 'success', [step('clone', 'success'), step('deploy', 'success', { number: 2 })])])), 'success', 'ok', 'succeeded'],
  ['success, and a later step is called clone', seen(build('success', [stage('default', 'success', [step('init', 'skipped'), step('clone', 'success', { number: 2 })])])), 'success', 'ok', 'succeeded'],
  ['success, and the clone is what is expected: something has to have run all the same', seen(build('success', [stage('default', 'success', [step('clone', 'success')])]), { expect: ['default/clone'] }), 'nothing-ran', 'nothing-ran', 'not one'],
  ['success, and the clone is expected beside what ran', seen(build('success', [stage('default', 'success', [step('clone', 'success'), step('deploy', 'success', { number: 2 })])]), { expect: ['default/clone'] }), 'success', 'ok', 'succeeded'],
  ['success although a cancel was asked for: it came too late', seen(build('success', ran), { asked: 'author' }), 'success', 'ok', 'succeeded'],
  ['failure', seen(build('failure', [stage('default', 'failure', [step('check', 'failure', { exit_code: 3 })])])), 'failure', 'build-failed', 'step "default/check" ended with exit code 3'],
  ['failure without a failed step', seen(build('failure', [stage('default', 'failure')])), 'failure', 'build-failed', "Drone's build 7 failed"],
  ['error of the configuration (recording 12)', seen(build('error', undefined, { error: 'yaml: line 6', trigger: '' })), 'error', 'config-invalid', '"yaml: line 6"'],
  ['error of a stage (recording 18)', seen(build('error', [stage('default', 'error', undefined, { error: 'cannot unmarshal' })])), 'error', 'build-error', '"cannot unmarshal"'],
  ['error whose text may not be told', seen(build('error', [stage('default', 'error', undefined, { error: 'secret' })]), { details: false }), 'error', 'build-error', 'ended in an error'],
  ['killed, and we asked', seen(build('killed', dead), { asked: 'author' }), 'cancelled', 'cancelled', 'was cancelled'],
  ['killed, and the cancel did not reach the step (recording 62)', seen(build('killed', dead), { asked: 'author', cancelLost: 'there is still no stored log of "default/deploy"' }), 'cancel-lost', 'cancel-lost', 'may run on'],
  ['killed after 60 minutes of 60 (recording 34)', seen(build('killed', [stage('default', 'killed', [], { started: 100, stopped: 3701, exit_code: 137 })])), 'timed-out', 'build-timed-out', '60 minutes'],
  ['killed with 137 where the time-out is unknown', seen(build('killed', [stage('default', 'killed', [], { exit_code: 137 })]), { timeout: 0 }), 'timed-out', 'build-timed-out', 'set in Drone'],
  ['killed by somebody else', seen(build('killed', dead)), 'failure', 'build-killed', 'not by us'],
  ['killed because it never started', seen(build('killed', [stage('default', 'skipped')]), { limit: 'queue' }), 'never-started', 'never-started', 'no runner of Drone took build 7'],
  ['killed because nobody approved', seen(build('killed', [stage('default', 'skipped')]), { limit: 'blocked' }), 'blocked', 'build-blocked', 'an admin of the repository'],
  ['killed at our own limit', seen(build('killed', dead), { limit: 'run' }), 'timed-out', 'run-limit', 'limits.run'],
  ['killed at our own limit, and the cancel was lost', seen(build('killed', dead), { limit: 'run', cancelLost: 'no log' }), 'cancel-lost', 'cancel-lost', 'no log'],
  ['killed because the runner is gone (recording 61)', seen(build('killed', dead), { limit: 'runner-lost' }), 'runner-lost', 'runner-lost', 'its runner is gone'],
  ['declined (recording 23)', seen(build('declined', [stage('default', 'declined')], { finished: 0 })), 'declined', 'build-declined', 'declined'],
  ['skipped', seen(build('skipped')), 'skipped', 'build-skipped', 'skipped build 7'],
  ['running, and Drone does not take the cancel', seen(build('running', dead), { asked: 'author', cancelLost: 'Drone answered 500' }), 'cancel-lost', 'cancel-lost', 'could not be cancelled'],
  ['pending, and nothing else is known', seen(build('pending')), 'unknown', 'drone-lost', 'still pending'],
];

describe('each ending of a build has one verdict', () => {
  test.each(table)('%s', (_name, what, verdict, code, message) => {
    const ending = verdictOf(what);
    expect({ verdict: ending.verdict, code: ending.code }).toEqual({ verdict, code });
    expect(ending.message).toContain(message);
    expect(ending.message).not.toMatch(/[\r\n]/);
  });

  test("an error text of Drone's is quoted, so it cannot be a workflow command", () => {
    const { message } = verdictOf(seen(build('error', undefined, { error: 'x\n::error::forged' })));
    expect(message).not.toContain('::');
    expect(message).not.toContain('\n');
  });

  test('an error text that may not be told is nowhere in the sentence', () => {
    const hidden = [
      stage('default', 'error', [step('a', 'error', { error: 'from the step' })], { error: 'from the stage' }),
    ];
    expect(
      verdictOf(seen(build('error', hidden, { error: 'from the build' }), { details: false })).message,
    ).not.toMatch(/from the/);
  });
});

const statuses = fc.constantFrom(...droneStatuses);
const steps = fc.array(fc.record({ name: fc.constantFrom('a', 'b', 'a/b'), status: statuses }), { maxLength: 3 });
const stages = fc.array(fc.record({ name: fc.constantFrom('a', 'b'), status: statuses, steps }), { maxLength: 3 });
const anySeen: fc.Arbitrary<Seen> = fc.record({
  build: fc.record({ status: statuses, stages }).map(({ status, stages: all }) =>
    build(
      status,
      all.map((one) =>
        stage(
          one.name,
          one.status,
          one.steps.map((item) => step(item.name, item.status)),
        ),
      ),
    ),
  ),
  expect: fc.array(fc.constantFrom('a/a', 'a/b', 'b/a/b'), { maxLength: 2 }),
  timeout: fc.constantFrom(0, 1, 60),
  asked: fc.option(fc.constantFrom(...cancelReasons), { nil: undefined }),
  limit: fc.option(fc.constantFrom('queue', 'blocked', 'run', 'runner-lost'), { nil: undefined }),
  cancelLost: fc.option(fc.constant('no stored log'), { nil: undefined }),
  details: fc.boolean(),
});

describe('whatever is seen', () => {
  test("success is only Drone's success with a step that ran and everything that is expected", () => {
    fc.assert(
      fc.property(anySeen, (what) => {
        const { verdict, code } = verdictOf(what);
        const all = (what.build.stages ?? []).flatMap((one) =>
          (one.steps ?? []).map((item) => ({ name: `${one.name}/${item.name}`, status: item.status })),
        );
        const fits =
          what.build.status === 'success' &&
          all.some(({ status }) => status === 'success') &&
          what.expect.every(
            (name) =>
              all.some((item) => item.name === name) &&
              all.every((item) => item.name !== name || item.status === 'success'),
          );
        expect(verdict === 'success').toBe(fits);
        expect(code === 'ok').toBe(verdict === 'success');
      }),
      { numRuns: 2000 },
    );
  });

  test('cancelled is only what we asked for and what was confirmed', () => {
    fc.assert(
      fc.property(anySeen, (what) => {
        if (verdictOf(what).verdict !== 'cancelled') return;
        expect(what.asked).toBeDefined();
        expect(what.cancelLost).toBeUndefined();
        expect(what.build.status).toBe('killed');
      }),
      { numRuns: 2000 },
    );
  });
});

describe('of all that the recorded Drone showed of a build, only its end is a success', () => {
  test.each(recordingNames)('%s', (name) => {
    for (const story of storiesOf(name)) {
      const shown = framesOf(recording(name), 'GET', buildPath(story, story.number ?? 0)).flatMap((frame) =>
        'status' in frame && frame.status === 200 ? [parseBuild(jsonOf(frame))] : [],
      );
      for (const one of shown) {
        const { verdict } = verdictOf(seen(one));
        expect(verdict === 'success').toBe(one.status === 'success' && verdict !== 'nothing-ran');
        if (!isDone(one)) expect(verdict).toBe('unknown');
      }
    }
  });
});
