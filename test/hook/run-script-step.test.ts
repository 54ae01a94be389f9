import { describe, expect, it } from 'vitest';
import { refusal, resultOf, task } from '../fakes/gate.ts';
import { tokenNumber } from '../fakes/id-token.ts';
import { annotationOf } from './support/job.ts';
import { world } from './support/world.ts';

const here = world();
const part = (number: number, name: string, status: string, more: object = {}) => ({
  number,
  name,
  status,
  started: 1_700_000_000,
  stopped: status === 'running' || status === 'pending' ? 0 : 1_700_000_012,
  ...more,
});
const step = (number: number, name: string, status: string, more: object = {}) =>
  part(number, name, status, { exitCode: 0, ...more });
const build = {
  number: 42,
  url: 'https://drone.example/r/42',
  status: 'running',
  commit: 'a'.repeat(40),
  ref: 'refs/heads/main',
};
const state = (n: number, phase: string, more: object = {}) => ({ k: 'state', n, phase, stages: [], ...more });
const log = (n: number, of: string, ...lines: string[]) => ({ k: 'log', n, step: of, lines });

/** Sends these events in one connection and runs the step. */
function follow(events: object[], options: Parameters<typeof here.job.call>[1] = {}) {
  here.gate.script.events = (stream) => stream.send(...events);
  return here.job.call(here.job.step(), options);
}

describe('a step that is a task', () => {
  it('proves who asks, sends the request, follows it, and is green only after the result `success`', async () => {
    const called = await here.job.call(here.job.step());
    expect(called.code).toBe(0);
    expect(here.gate.names()).toEqual(['POST challenge', 'POST tasks', 'GET events']);
    expect(here.gate.calls[1]).toMatchObject({
      path: `/v1/sessions/${'5e55'.repeat(8)}/tasks`,
      body: { token: tokenNumber(1) },
    });
    expect(here.gate.calls[2]).toMatchObject({ path: `/v1/tasks/${task}/events` });
    expect(here.gate.calls[2]?.query.toString()).toBe('state=0&log=0');
    expect(called.commands).toEqual([]);
    expect(called.lines).toContain('airlock: success: build 42, 3 min 04 s');
  });

  it('uses another request id in each process', async () => {
    await here.job.call(here.job.step());
    await here.job.call(here.job.step());
    const ids = here.gate.calls.filter(({ name }) => name === 'POST tasks').map(({ body }) => body['request']);
    expect(new Set(ids).size).toBe(2);
  });

  it('shows the log under the name of the step that speaks, and a line for each part that ends', async () => {
    const { lines, code } = await follow([
      state(1, 'pending', { build, note: 'the newest commit of main' }),
      state(2, 'running', {
        build,
        note: 'the newest commit of main',
        stages: [part(1, 'default', 'running', { steps: [step(1, 'clone', 'running')] })],
      }),
      log(1, 'default/clone', '+ git fetch', 'done'),
      log(3, 'default/build', '+ make'),
      log(4, 'default/clone', 'late'),
      log(5, 'default/clone', 'later'),
      state(3, 'done', {
        build,
        stages: [
          part(1, 'default', 'failure', {
            steps: [
              step(1, 'clone', 'success'),
              step(2, 'build', 'failure', { exitCode: 2, error: 'exit code 2' }),
              step(3, 'notify', 'skipped', { started: 0, stopped: 0 }),
            ],
          }),
        ],
      }),
      resultOf(4),
    ]);
    expect(code).toBe(0);
    expect(lines.filter((line) => line !== '')).toEqual([
      'airlock: the gate accepts the task',
      'airlock: build 42 https://drone.example/r/42',
      'airlock: the newest commit of main',
      'airlock: waiting for a Drone runner',
      '\x1b[1m── default/clone ──\x1b[0m',
      '+ git fetch',
      'done',
      '\x1b[1m── default/build ──\x1b[0m',
      '+ make',
      '\x1b[1m── default/clone ──\x1b[0m',
      'late',
      'later',
      '✓ default/clone: success, 12 s',
      '✗ default/build: failure, 12 s: exit code 2',
      '- default/notify: skipped',
      '✗ default: failure, 12 s',
      'airlock: success: build 42, 3 min 04 s',
    ]);
  });

  it('shows a build without an address when the policy hides it', async () => {
    const { lines } = await follow([
      state(1, 'running', { build: { ...build, url: '' } }),
      resultOf(2, 'success', {
        outputs: { number: '42', url: '', status: 'success', commit: '', started: '', finished: '' },
      }),
    ]);
    expect(lines).toContain('airlock: build 42');
    expect(here.job.outputs()['url']).toBe('');
    expect(here.job.read('GITHUB_STEP_SUMMARY')).not.toContain('](');
  });

  it('says what is awaited at once, and again at growing intervals', async () => {
    let time = 0;
    const pings = Array.from({ length: 40 }, () => ({ k: 'ping' }));
    const { lines } = await follow(
      [state(1, 'pending', { build }), ...pings, state(2, 'blocked', { build }), resultOf(3)],
      {
        // Each look at the clock is 5 s later than the one before.
        now: () => (time += 5_000),
      },
    );
    expect(lines.filter((line) => line.includes('waiting'))).toEqual([
      'airlock: waiting for a Drone runner',
      'airlock: waiting for a Drone runner (10 s)',
      'airlock: waiting for a Drone runner (30 s)',
      'airlock: waiting for a Drone runner (1 min 10 s)',
      'airlock: waiting for a Drone runner (2 min 30 s)',
      'airlock: waiting for an approval in Drone',
    ]);
  });

  it('says how many tasks come before it while it waits for a place', async () => {
    here.gate.script.answer = ({ name }) =>
      name === 'POST tasks' ? { body: { task, slot: 1, phase: 'waiting' } } : undefined;
    const { lines } = await follow([
      { k: 'ping', ahead: 2 },
      { k: 'ping', ahead: 2 },
      { k: 'ping', ahead: 0 },
      { k: 'ping' },
      resultOf(1),
    ]);
    expect(lines.filter((line) => line.includes('waiting'))).toEqual([
      'airlock: waiting for a place',
      'airlock: waiting for a place; 2 before it',
      'airlock: waiting for a place; 0 before it',
    ]);
  });

  it("shows each of the gate's notices once, however often it is told", async () => {
    const notice = { k: 'notice', message: 'the gate was started anew\n::error::x' };
    const { code, commands, lines } = await follow([notice, state(1, 'running', { build }), notice, resultOf(2)]);
    expect(code).toBe(0);
    expect(lines.filter((line) => line.includes('started anew'))).toEqual(['airlock: the gate was started anew']);
    expect(commands).toEqual([]);
  });

  it('proves again with a fresh token when its turn comes', async () => {
    const { code } = await follow([{ k: 'turn' }, resultOf(1)]);
    expect(code).toBe(0);
    expect(here.gate.names()).toEqual(['POST challenge', 'POST tasks', 'GET events', 'POST challenge', 'POST proof']);
    expect(here.gate.calls[4]).toMatchObject({ path: `/v1/tasks/${task}/proof`, body: { token: tokenNumber(2) } });
  });

  it('waits for its next turn when it missed one, and ends when its proof is refused', async () => {
    here.gate.script.answer = ({ name, before }) =>
      name === 'POST proof' && before === 0 ? refusal('turn-missed') : undefined;
    expect((await follow([{ k: 'turn' }, { k: 'turn' }, resultOf(1)])).code).toBe(0);
    here.gate.script.answer = ({ name }) => (name === 'POST proof' ? refusal('token-refused') : undefined);
    expect(annotationOf(await follow([{ k: 'turn' }, resultOf(1)]))[0]).toBe('token-refused');
  });
});

describe('a stale challenge', () => {
  it('is asked for again, with a new token for each', async () => {
    here.gate.script.answer = ({ name, before }) =>
      name === 'POST tasks' && before < 2 ? { ...(refusal('challenge-stale') as object), status: 409 } : undefined;
    expect((await here.job.call(here.job.step())).code).toBe(0);
    const tasks = here.gate.calls.filter(({ name }) => name === 'POST tasks').map(({ body }) => body);
    expect(tasks.map((body) => body['token'])).toEqual([1, 2, 3].map(tokenNumber));
    expect(new Set(tasks.map((body) => body['request'])).size).toBe(1);
  });

  it('is a refusal after three times', async () => {
    here.gate.script.answer = ({ name }) => (name === 'POST tasks' ? refusal('challenge-stale') : undefined);
    expect(annotationOf(await here.job.call(here.job.step()))[0]).toBe('challenge-stale');
    expect(here.gate.names().filter((name) => name === 'POST challenge')).toHaveLength(3);
  });
});

describe('what the gate refuses', () => {
  it('is one annotation with its code, rule and fix, and writes no output', async () => {
    here.gate.script.answer = ({ name }) =>
      name === 'POST tasks'
        ? refusal('ref-not-allowed', {
            message: 'no entry allows the ref "refs/heads/x"',
            rule: 'repositories[0].allow[0].refs',
            fix: 'run it on refs/heads/main',
          })
        : undefined;
    expect(annotationOf(await here.job.call(here.job.step()))).toEqual([
      'ref-not-allowed',
      'no entry allows the ref "refs/heads/x". Rule: repositories[0].allow[0].refs. To fix: run it on refs/heads/main.',
    ]);
    expect(here.job.read('GITHUB_OUTPUT')).toBe('');
    expect(here.job.read('GITHUB_STEP_SUMMARY')).toBe('');
  });

  it('cannot start a command of its own', async () => {
    here.gate.script.answer = ({ name }) =>
      name === 'POST tasks'
        ? refusal('ref-not-allowed', { message: 'x\n::set-env name=A::b\r##[add-path]/x\n', fix: '::error::y' })
        : undefined;
    const called = await here.job.call(here.job.step());
    expect(annotationOf(called)[0]).toBe('ref-not-allowed');
    expect(called.commands).toHaveLength(1);
  });

  it('keeps a code that this hook does not know yet', async () => {
    here.gate.script.answer = ({ name }) => (name === 'POST tasks' ? refusal('freeze-window') : undefined);
    expect(annotationOf(await here.job.call(here.job.step()))[0]).toBe('freeze-window');
  });

  it.each(['', 'A', 'x y', 'x::y', 'x,line=1', 'x%0A', '__proto__', 'x'.repeat(65)])(
    'with the code %j is an answer that is not understood',
    async (code) => {
      here.gate.script.answer = ({ name }) => (name === 'POST tasks' ? refusal(code) : undefined);
      expect(annotationOf(await here.job.call(here.job.step()))).toEqual(['gate-failed', 'the gate answered 403.']);
    },
  );
});

describe('a result', () => {
  const verdicts = [
    'failure',
    'error',
    'cancelled',
    'cancel-lost',
    'timed-out',
    'declined',
    'blocked',
    'skipped',
    'nothing-ran',
    'expected-missing',
    'never-started',
    'runner-lost',
    'not-ours',
    'unknown',
  ];
  it.each(verdicts)('with the verdict %s is red, with its code and what to do', async (verdict) => {
    const called = await follow([resultOf(1, verdict)]);
    const [code, text] = annotationOf(called);
    expect(code).toBe('build-failed');
    expect(text).toMatch(/^the build failed\. To fix: [a-z][^.]+\.$/);
    expect(called.lines).toContain(`airlock: ${verdict}: build 42, 3 min 04 s`);
    expect(here.job.outputs()).toMatchObject({ number: '42', status: verdict });
  });

  it('without a build says that nothing was started', async () => {
    const outputs = { number: '', url: '', status: 'error', commit: '', started: '', finished: '' };
    const called = await follow([
      resultOf(1, 'error', { code: 'drone-token-rejected', message: 'Drone rejects the token.', outputs }),
    ]);
    expect(annotationOf(called)).toEqual([
      'drone-token-rejected',
      'Drone rejects the token. To fix: nothing was started; correct what is named here.',
    ]);
    expect(called.lines.find((line) => line.startsWith('airlock: error: no build, '))).toBeDefined();
  });

  it.each([
    ['a verdict of a newer gate', { verdict: 'superseded', code: 'superseded' }, 'superseded'],
    ['`success` with another code than ok', { code: 'build-failed' }, 'build-failed'],
    ['no verdict', { verdict: undefined, code: undefined }, 'gate-failed'],
    ['the verdict `constructor`', { verdict: 'constructor', code: 'constructor' }, 'constructor'],
  ])('with %s is red', async (_, more, code) => {
    expect(annotationOf(await follow([resultOf(1, 'success', more)]))[0]).toBe(code);
  });

  it('writes outputs that later steps can read', async () => {
    await follow([resultOf(1)]);
    expect(here.job.outputs()).toEqual({
      number: '42',
      url: 'https://drone.example/r/42',
      status: 'success',
      commit: 'a'.repeat(40),
      started: '1700000000',
      finished: '1700000184',
    });
  });

  it('writes no output that could be another one', async () => {
    const outputs = {
      number: '42\nstatus=success',
      url: 'https://x\nnumber<<E\n1\nE',
      status: 'failure',
      commit: 'a b',
      started: 7,
      finished: null,
    };
    const { output } = await follow([resultOf(1, 'failure', { outputs })]);
    expect(output).toContain('airlock: failure: no build');
    expect(here.job.read('GITHUB_STEP_SUMMARY')).not.toContain('<<');
    expect(here.job.outputs()).toEqual({
      number: '',
      url: '',
      status: 'failure',
      commit: '',
      started: '',
      finished: '',
    });
    expect(here.job.read('GITHUB_OUTPUT').split('\n')).toHaveLength(3 * 6 + 1);
  });

  it('is the result even where outputs and summary cannot be written', async () => {
    const called = await here.job.call(here.job.step(), {
      env: { GITHUB_OUTPUT: undefined, GITHUB_STEP_SUMMARY: here.job.temp },
    });
    expect(called.code).toBe(0);
    expect(called.commands.map(({ name, data }) => [name, data])).toEqual([
      ['warning', '[airlock hook-error] GITHUB_OUTPUT cannot be written: ENOENT'],
      ['warning', '[airlock hook-error] GITHUB_STEP_SUMMARY cannot be written: EISDIR'],
    ]);
  });
});

describe('what comes from Drone', () => {
  it('starts no command, whatever it is: lines, names, notes, errors, addresses, messages', async () => {
    const evil = [
      '::set-env name=A::b',
      '##[add-path]/evil',
      'x\r::error::y',
      '\u2028::warning::z',
      '::stop-commands::x',
      '::add-mask::e',
    ];
    const events = evil.flatMap((text, at) => [
      state(2 * at + 1, 'running', {
        build: { ...build, number: at + 1, url: text, commit: text, ref: text },
        note: text,
        stages: [part(at, text, 'failure', { error: text, steps: [step(at, text, 'failure', { error: text })] })],
      }),
      log(at + 1, text, text),
      state(2 * at + 2, text),
    ]);
    const called = await follow([...events, resultOf(13, 'failure', { message: evil.join('\n') })]);
    expect(annotationOf(called)[0]).toBe('build-failed');
    const { commands } = called;
    expect(commands).toHaveLength(1);
    expect(called.output).not.toMatch(/^\s*::(?!stop-commands::|error title=airlock|[0-9a-f]{32}::$)/m);
  });
});
