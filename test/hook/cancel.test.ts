import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { resultOf, task } from '../fakes/gate.ts';
import { annotationOf } from './support/job.ts';
import { world } from './support/world.ts';

const here = world();
const state = {
  k: 'state',
  n: 1,
  phase: 'running',
  stages: [],
  build: { number: 42, url: '', status: 'running', commit: '', ref: '' },
};
const log = (n: number, line: string) => ({ k: 'log', n, step: 'default/a', lines: [line] });

describe('a cancelled step', () => {
  it.each(['SIGINT', 'SIGTERM'])(
    'tells the gate at once (%s), and prints what still comes until the result',
    async (signal) => {
      const signals = new EventEmitter();
      const cancelled = new Promise<void>((resolve) => {
        here.gate.script.answer = ({ name }) => {
          if (name === 'POST cancel') resolve();
          return undefined;
        };
      });
      here.gate.script.events = async (stream) => {
        stream.send(state, log(1, 'before'));
        signals.emit(signal);
        await cancelled;
        stream.send(
          log(2, 'after'),
          resultOf(2, 'cancelled', { code: 'cancelled', message: 'the build was cancelled' }),
        );
      };
      const called = await here.job.call(here.job.step(), { signals, limits: { leave: 10_000 } });
      expect(annotationOf(called)).toEqual([
        'cancelled',
        'the build was cancelled. To fix: run the job again if it is still wanted.',
      ]);
      expect(called.lines).toEqual(
        expect.arrayContaining(['before', 'airlock: the job was cancelled; cancelling the task', 'after']),
      );
      expect(here.gate.calls.filter(({ name }) => name === 'POST cancel').map(({ path }) => path)).toEqual([
        `/v1/tasks/${task}/cancel`,
      ]);
      expect(here.job.outputs()['status']).toBe('cancelled');
    },
  );

  it('is green when the build was faster', async () => {
    const signals = new EventEmitter();
    here.gate.script.events = (stream) => {
      signals.emit('SIGINT');
      stream.send(resultOf(1));
    };
    expect((await here.job.call(here.job.step(), { signals, limits: { leave: 10_000 } })).code).toBe(0);
  });

  it('leaves in time when no result comes, and says what goes on without it', async () => {
    const signals = new EventEmitter();
    here.gate.script.events = async (stream) => {
      stream.send(state);
      signals.emit('SIGINT');
      // A second signal changes nothing.
      setTimeout(() => signals.emit('SIGTERM'), 50);
      await stream.gone;
    };
    expect(annotationOf(await here.job.call(here.job.step(), { signals }))).toEqual([
      'cancelled',
      'the job was cancelled; the gate goes on cancelling build 42 without this step.',
    ]);
    expect(here.gate.names().filter((name) => name === 'POST cancel')).toHaveLength(1);
  });

  it('tells the gate again and again while it cannot be told', async () => {
    const signals = new EventEmitter();
    here.gate.script.answer = ({ name, before }) => {
      if (name !== 'POST cancel' || before >= 3) return undefined;
      return before === 0 ? 'reset' : { status: before === 1 ? 500 : 503, body: {} };
    };
    here.gate.script.events = async (stream) => {
      signals.emit('SIGTERM');
      await stream.gone;
    };
    const [, text] = annotationOf(await here.job.call(here.job.step(), { signals }));
    expect(text).toBe('the job was cancelled; the gate goes on cancelling the task without this step.');
    expect(here.gate.names().filter((name) => name === 'POST cancel')).toHaveLength(4);
  });

  it('leaves in time when the gate is gone, and says that it could not be told', async () => {
    const signals = new EventEmitter();
    here.gate.script.events = async (stream) => {
      void here.gate.stop();
      signals.emit('SIGINT');
      await stream.gone;
    };
    expect(annotationOf(await here.job.call(here.job.step(), { signals }))).toEqual([
      'cancelled',
      'the job was cancelled; the gate could not be told, so the task goes on without this step.',
    ]);
  });

  it('whose request is on its way waits for the answer, to cancel what it began', async () => {
    const signals = new EventEmitter();
    here.gate.script.answer = ({ name, before }) => {
      if (name !== 'POST tasks') return undefined;
      signals.emit('SIGINT');
      return before === 0 ? 'reset' : undefined;
    };
    here.gate.script.events = (stream) => stream.gone;
    await here.job.call(here.job.step(), { signals });
    expect(here.gate.names()).toEqual(expect.arrayContaining(['POST tasks', 'POST cancel']));
  });

  it('that has asked for nothing yet leaves at once', async () => {
    const signals = new EventEmitter();
    here.gate.script.answer = ({ name }) => {
      signals.emit('SIGINT');
      return name === 'POST challenge' ? 'hang' : undefined;
    };
    expect(annotationOf(await here.job.call(here.job.step(), { signals, limits: { leave: 20_000 } }))).toEqual([
      'cancelled',
      'the job was cancelled before anything was started.',
    ]);
    expect(here.gate.names()).toEqual(['POST challenge']);
  });

  it('leaves in time when the log is not read any more', async () => {
    const signals = new EventEmitter();
    let stuck = false;
    here.gate.script.events = async (stream) => {
      stream.send(log(1, 'x'));
      await new Promise((resolve) => setTimeout(resolve, 30));
      stuck = true;
      signals.emit('SIGINT');
      stream.send(log(2, 'x'));
      await stream.gone;
    };
    const write = () => (stuck ? new Promise<void>(() => undefined) : Promise.resolve());
    expect((await here.job.call(here.job.step(), { signals, write })).code).toBe(1);
    expect(here.gate.names()).toContain('POST cancel');
  });
});

describe('a cancelled job', () => {
  it('ends while it is being prepared: at once, with nothing written', async () => {
    const signals = new EventEmitter();
    here.gate.script.answer = ({ name }) => {
      if (name !== 'POST rehearsal') return undefined;
      signals.emit('SIGINT');
      return 'hang';
    };
    const called = await here.job.call(here.job.prepare(), { signals, limits: { leave: 20_000 } });
    expect(annotationOf(called)).toEqual(['cancelled', 'the job was cancelled.']);
    expect(called.response).toBe('');
  });
});
