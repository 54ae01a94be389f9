// Recordings that are in no table and of what no fixture shows: several stages and steps at once, ignored failures,
// cancels that race, streams that are left and taken up again, lines that the recorder cut.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DroneScenario, StepScenario } from '../../src/try/drone/index.ts';
import { type Recorder, pause, record } from './recorder.ts';

interface Unseen {
  readonly scenario: DroneScenario;
  readonly play: (recorder: Recorder) => Promise<void>;
}

const stream = '/api/stream/octo/hello/1';
const oneStage = (...steps: StepScenario[]): DroneScenario => ({
  stages: [{ name: 'default', steps }],
  pendingMs: 60,
});
const lines = (word: string, count: number): string[] => Array.from({ length: count }, (_, nth) => `${word} ${nth}\n`);
const endless: StepScenario = { name: 'work', lines: ['one\n', 'two\n'], ms: Number.POSITIVE_INFINITY };

const unseen: Readonly<Record<string, Unseen>> = {
  'failure-ignored': {
    scenario: oneStage(
      { name: 'flaky', lines: ['no\n'], ms: 100, status: 'failure', ignoreFailure: true },
      { name: 'deploy', lines: ['deployed\n'], ms: 100 },
    ),
    play: async (drone) => {
      await drone.trigger();
      await drone.ended(1);
      await drone.log('1/1', '1/2');
    },
  },
  'step-error': {
    scenario: oneStage({ name: 'pull', ms: 100, status: 'error', error: 'no such image' }, { name: 'deploy' }),
    play: async (drone) => {
      await drone.trigger();
      await drone.ended(1);
      await drone.log('1/1', '1/2');
    },
  },
  'stages-at-once': {
    scenario: {
      stages: [
        {
          name: 'test',
          steps: [
            { name: 'unit', lines: lines('unit', 30), ms: 200 },
            { name: 'lint', ms: 100 },
          ],
        },
        { name: 'build', steps: [{ name: 'make', lines: ['make\n'], ms: 300, status: 'failure' }] },
        { name: 'deploy', dependsOn: ['test', 'build'], steps: [{ name: 'push', lines: ['pushed\n'] }] },
      ],
      pendingMs: 60,
    },
    play: async (drone) => {
      await drone.trigger();
      await drone.ended(1);
      await drone.log('1/1', '1/2', '2/1', '3/1');
    },
  },
  'steps-at-once': {
    scenario: oneStage(
      { name: 'a', lines: lines('a', 20), ms: 500 },
      { name: 'b', lines: lines('b', 20), ms: 300, alongside: true },
      { name: 'c', lines: ['c\n'], ms: 150, alongside: true, status: 'failure' },
      { name: 'd', lines: ['never\n'] },
    ),
    play: async (drone) => {
      await drone.trigger();
      await drone.running(1);
      const streams = [await drone.stream(`${stream}/1/1`), await drone.stream(`${stream}/1/2`)];
      await drone.ended(1);
      for (const { done } of streams) await done;
      await drone.log('1/1', '1/2', '1/3', '1/4');
    },
  },
  'cancels-race': {
    scenario: { ...oneStage(endless), cancel: 'conflict-once' },
    play: async (drone) => {
      await drone.trigger();
      await drone.running(1);
      await pause(200);
      await Promise.all([drone.ask('DELETE', `${drone.builds}/1`), drone.ask('DELETE', `${drone.builds}/1`)]);
      await drone.ended(1);
      await drone.log('1/1');
    },
  },
  'killed-by-another': {
    scenario: oneStage(endless),
    play: async (drone) => {
      await drone.trigger();
      await drone.running(1);
      await pause(200);
      await drone.ask('DELETE', `${drone.builds}/1`, 'octo');
      await drone.ended(1);
      await drone.log('1/1');
    },
  },
  'stream-left': {
    scenario: oneStage({ name: 'work', lines: lines('tick', 120), ms: 900 }),
    play: async (drone) => {
      await drone.trigger();
      await drone.running(1);
      const first = await drone.stream(`${stream}/1/1`);
      await pause(300);
      first.close();
      const second = await drone.stream(`${stream}/1/1`);
      await drone.ended(1);
      await second.done;
      await drone.log('1/1');
    },
  },
  'long-lines': {
    scenario: oneStage({ name: 'work', lines: ['+ seq\n', `${'x'.repeat(100_000)}\n`, 'end'], ms: 400 }),
    play: async (drone) => {
      await drone.trigger();
      await drone.running(1);
      const live = await drone.stream(`${stream}/1/1`);
      await drone.ended(1);
      await live.done;
      await drone.log('1/1');
    },
  },
  'server-killed': {
    scenario: oneStage({ name: 'work', lines: lines('tick', 20), ms: 1000 }, { name: 'after', lines: ['after\n'] }),
    play: async (drone) => {
      await drone.trigger();
      await drone.running(1);
      const live = await drone.stream(`${stream}/1/1`);
      await pause(200);
      const watched = drone.ended(1);
      drone.note('server killed');
      await drone.drone.restart();
      drone.note('server answers again');
      await watched;
      await live.done;
      await drone.log('1/1', '1/2');
    },
  },
  rollback: {
    scenario: oneStage({ name: 'deploy', lines: ['deployed\n'], ms: 60 }),
    play: async (drone) => {
      await drone.trigger('&VERSION=1');
      await drone.ended(1);
      await drone.ask('POST', `${drone.builds}/1/rollback?target=production&VERSION=2`);
      await drone.ended(2);
      await drone.ask('POST', `${drone.builds}/1/rollback`);
      await drone.ask('POST', `${drone.builds}/99/rollback?target=production`, 'reader');
    },
  },
  'recorder-leaves': {
    scenario: oneStage(endless),
    play: async (drone) => {
      await drone.trigger();
      await drone.running(1);
    },
  },
};

/** Records all of them into a folder, at the same time: most of it is waiting. */
export async function recordUnseen(folder: string): Promise<number> {
  mkdirSync(folder, { recursive: true });
  const names = Object.keys(unseen);
  await Promise.all(
    Object.entries(unseen).map(async ([name, { scenario, play }]) => {
      writeFileSync(join(folder, `${name}.json`), await record(name, scenario, play));
    }),
  );
  return names.length;
}
