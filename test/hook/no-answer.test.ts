import { EventEmitter } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { resultOf } from '../fakes/gate.ts';
import { node24 } from '../support/node24.ts';
import { type Ended, run } from '../support/run.ts';
import { readAsRunner } from '../support/runner-parser.ts';
import { type Bundle, bundleHook } from './support/bundle.ts';
import { type Recorded, annotationOf, opened } from './support/job.ts';
import { world } from './support/world.ts';

// A call that is answered in a way that settles nothing, or never: the hook says so in one annotation, and the step is
// red. Node by itself ends with 0 when nothing is left to wait for.

const here = world();
let quick: Bundle;
let nodes: readonly string[];
beforeAll(async () => {
  quick = await bundleHook({ call: 1_000, reconnect: 100, idToken: 100, retry: 20, cleanup: 100 });
  nodes = [process.execPath, await node24()];
}, 300_000);
afterAll(() => quick.remove());

const short = opened({ reconnect: 0.1, silent: 2 });
const prepare = () => here.job.prepare();
const step = () => ({ ...here.job.step(), state: short });

/** One process on each Node. */
function start(input: Recorded['input'], ...args: string[]): Promise<Ended[]> {
  here.job.put(input.responseFile, '');
  const options = { env: here.job.env as Record<string, string>, input: JSON.stringify(input), limit: 60_000 };
  return Promise.all(nodes.map((node) => run(node, [...args, quick.path], options)));
}
/** Code and annotations, without the runner's own words. */
const endOf = ({ code, signal, stderr, stdout }: Ended) => ({
  code,
  signal,
  stderr,
  codes: readAsRunner(stdout).commands.flatMap(({ data, name }) =>
    name === 'error' ? [/^\[airlock ([a-z-]+)\]/.exec(data)?.[1]] : [],
  ),
});
const red = (...codes: string[]) => nodes.map(() => ({ code: 1, signal: null, stderr: '', codes }));

describe('an answer of 101, which nobody asked for,', () => {
  it.each<[string, () => Recorded['input']]>([
    ['POST sessions', prepare],
    ['POST challenge', prepare],
    ['POST rehearsal', prepare],
    ['POST challenge', step],
    ['POST tasks', step],
    ['GET events', step],
    ['POST proof', step],
  ])('to %s is a gate that cannot be reached', async (call, input) => {
    here.gate.script = {
      events: (stream) => stream.send({ k: 'turn' }, resultOf(1)),
      answer(asked) {
        if (asked.name === call) return 'upgrade';
        return asked.name === 'POST sessions' ? { body: { ...short, v: undefined } } : undefined;
      },
    };
    expect((await start(input())).map(endOf)).toEqual(red('gate-unreachable'));
    expect(here.gate.names()).toContain(call);
  });

  it.each([prepare, step])('to the request for an id token is a failure', async (input) => {
    here.issuer.answer = () => 'upgrade';
    const ended = await start(input());
    expect(ended.map(endOf)).toEqual(red('id-token-failed'));
    for (const { stdout } of ended)
      expect(stdout).toContain('GitHub signed no id token: the connection ended without an answer.');
  });

  it('to DELETE session changes no colour: the gate closes it by itself', async () => {
    here.gate.script.answer = () => 'upgrade';
    for (const { code, stdout } of await start(here.job.cleanup(short)))
      expect([code, stdout]).toEqual([
        0,
        'airlock: session not closed (gate-unreachable); the gate closes it by itself\n',
      ]);
  });
});

describe('a hook that has nothing left to wait for', () => {
  const lost = 'the hook has no answer, and nothing left to wait for.';

  it('and no answer ends with 1 and one annotation', async () => {
    // A request of which nothing is ever heard, not even that it closed.
    const deaf = here.job.put(
      `${here.job.home}/deaf.cjs`,
      'require("node:http").request = () => ({ on() { return this; }, end() {} });\n',
    );
    const ended = await start(step(), '--require', deaf);
    expect(ended.map(endOf)).toEqual(red('hook-error'));
    for (const { stdout } of ended) expect(stdout).toContain(lost);
    expect(here.gate.calls).toEqual([]);
  });

  it('says so after lines of a build too, where the runner obeys no command but one', async () => {
    const signals = new EventEmitter();
    here.gate.script.events = async (stream) => {
      stream.send({ k: 'log', n: 1, step: 'default/a', lines: ['x'] });
      setTimeout(() => signals.emit('beforeExit'), 100);
      await stream.gone;
    };
    const called = await here.job.call(here.job.step(), { signals });
    expect(annotationOf(called)).toEqual(['hook-error', lost]);
    expect(called.lines).toContain('x');
  });

  it('changes no colour where it cleans up', async () => {
    const signals = new EventEmitter();
    here.gate.script.answer = () => {
      signals.emit('beforeExit');
      return 'hang';
    };
    const { code, output } = await here.job.call(here.job.cleanup(), { signals });
    expect([code, output]).toEqual([0, 'airlock: session not closed (hook-error); the gate closes it by itself\n']);
  });
});

describe('an error that comes from nowhere', () => {
  it('is one annotation in quotes', async () => {
    const signals = new EventEmitter();
    here.gate.script.answer = () => {
      signals.emit('uncaughtException', new Error('a\n::error::b'));
      return 'hang';
    };
    expect(annotationOf(await here.job.call(here.job.step(), { signals }))).toEqual([
      'hook-error',
      'the hook failed: "Error: a\\n:\\u003aerror:\\u003ab".',
    ]);
  });

  it('is one annotation and the exit code 1, and no stack trace', async () => {
    const broken = here.job.put(
      `${here.job.home}/broken.cjs`,
      'require("node:http").request = () => { setTimeout(() => { throw new Error("out of the blue"); }); return { on() { return this; }, end() {} }; };\n',
    );
    expect((await start(step(), '--require', broken)).map(endOf)).toEqual(red('hook-error'));
  });
});

describe('an answer that never comes, while memory is tidied up,', () => {
  let tidying: NodeJS.Timeout;
  beforeEach(() => {
    setFlagsFromString('--expose-gc');
    const tidy = runInNewContext('gc') as () => void;
    tidying = setInterval(tidy, 50);
  });
  afterEach(() => clearInterval(tidying));
  const limits = { call: 500, reconnect: 0, idToken: 0 };

  it.each(['POST sessions', 'POST challenge', 'POST rehearsal'])('to %s ends in time', async (name) => {
    here.gate.script.answer = (call) => {
      if (call.name === name) return 'hang';
      return call.name === 'POST sessions' ? { body: { ...opened({ reconnect: 0 }), v: undefined } } : undefined;
    };
    const [code, text] = annotationOf(await here.job.call(here.job.prepare(), { limits }));
    expect([code, text]).toEqual(['gate-unreachable', expect.stringContaining('(no answer in time)')]);
  });

  it('to the request for an id token ends in time', async () => {
    here.issuer.answer = () => 'hang';
    expect(annotationOf(await here.job.call(here.job.prepare(), { limits }))).toEqual([
      'id-token-failed',
      'GitHub signed no id token: no answer in time.',
    ]);
  });

  it('to the request for events ends in time, before and after its head', async () => {
    const input = { ...here.job.step(), state: opened({ reconnect: 0.1, silent: 0.5 }) };
    here.gate.script.events = (stream) => stream.gone;
    expect(annotationOf(await here.job.call(input, { limits }))[0]).toBe('gate-unreachable');
    here.gate.script.answer = ({ name }) => (name === 'GET events' ? 'hang' : undefined);
    expect(annotationOf(await here.job.call(input, { limits }))[0]).toBe('gate-unreachable');
  });
});

describe('a stream of events that never holds a whole one', () => {
  it('is left: bytes alone are no word of a gate', async () => {
    here.gate.script.events = async (stream) => {
      const trickle = setInterval(() => stream.raw(' '), 20);
      await stream.gone;
      clearInterval(trickle);
    };
    const input = { ...here.job.step(), state: opened({ reconnect: 0.1, silent: 1 }) };
    expect(annotationOf(await here.job.call(input))[0]).toBe('gate-unreachable');
  }, 10_000);
});
