import { describe, expect, it } from 'vitest';
import type { StepScenario } from '../../../src/try/drone/index.ts';
import { BUILDS, drone, GREEN, SLUG, TRIGGER } from './drones.ts';

const LONG = 60_000;

function oneStage(...steps: StepScenario[]) {
  return { stages: [{ name: 'default', steps }] };
}

describe('the life of a build', () => {
  it('has no steps until a runner takes it, and stays pending for ever without one', async () => {
    const { ask, build } = await drone({ ...GREEN, pendingMs: Number.POSITIVE_INFINITY });
    await ask('POST', TRIGGER);
    expect(build(1)).toMatchObject({ status: 'pending', stages: [{ name: 'default', status: 'pending', steps: [] }] });
    const { json } = await ask('GET', `${BUILDS}/1`);
    expect((json as { stages: object[] }).stages[0]).not.toHaveProperty('machine');
  });

  it('shows all steps as soon as the stage runs, one after the other running', async () => {
    const { ask, when } = await drone(oneStage({ name: 'a', ms: LONG }, { name: 'b' }));
    await ask('POST', TRIGGER);
    const running = await when(1, ({ stages }) => stages[0]?.steps[0]?.status === 'running');
    expect(running).toMatchObject({
      status: 'running',
      stages: [{ steps: [{ name: 'a' }, { name: 'b', status: 'pending' }] }],
    });
  });

  it('times are multiplied by the time scale', async () => {
    const { ask, ended } = await drone(oneStage({ name: 'a', ms: LONG }), { timeScale: 0.0005 });
    await ask('POST', TRIGGER);
    expect((await ended(1)).status).toBe('success');
  });

  it.each<[string, StepScenario[], string, string[], number[]]>([
    [
      'a failure skips what follows',
      [{ name: 'a', status: 'failure' }, { name: 'b' }],
      'failure',
      ['failure', 'skipped'],
      [1, 0],
    ],
    [
      'but not a step for failures',
      [{ name: 'a', status: 'failure', exitCode: 3 }, { name: 'b' }, { name: 'c', onFailure: true }],
      'failure',
      ['failure', 'skipped', 'success'],
      [3, 0, 0],
    ],
    [
      'an ignored failure does not count',
      [{ name: 'a', status: 'failure', ignoreFailure: true }, { name: 'b' }],
      'success',
      ['failure', 'success'],
      [1, 0],
    ],
    [
      'the time limit kills',
      [{ name: 'a', status: 'killed' }, { name: 'b' }],
      'killed',
      ['killed', 'skipped'],
      [137, 0],
    ],
    [
      'an error is none of the step',
      [{ name: 'a', status: 'error', error: 'no such image' }],
      'error',
      ['error'],
      [255],
    ],
    ['only skipped steps are green', [{ name: 'a', status: 'skipped' }], 'success', ['skipped'], [0]],
    ['no step at all is green', [], 'success', [], []],
  ])('%s', async (_what, steps, status, each, codes) => {
    const { ask, ended } = await drone(oneStage(...steps));
    await ask('POST', TRIGGER);
    const build = await ended(1);
    expect(build.status).toBe(status);
    expect(build.stages[0]?.steps.map((step) => step.status)).toEqual(each);
    expect(build.stages[0]?.steps.map(({ exitCode }) => exitCode)).toEqual(codes);
  });

  it('a stage may end as the scenario says, and the first that did not end well decides', async () => {
    const { ask, ended } = await drone({
      stages: [
        { name: 'a', steps: [{ name: 'x' }] },
        { name: 'b', steps: [{ name: 'x' }], status: 'killed' },
        { name: 'c', steps: [{ name: 'x', status: 'failure' }] },
      ],
    });
    await ask('POST', TRIGGER);
    expect((await ended(1)).status).toBe('killed');
  });

  it('a refused stage is an error without steps', async () => {
    const { ask, ended } = await drone({ stages: [{ name: 'a', steps: [{ name: 'x' }], error: 'not allowed' }] });
    await ask('POST', TRIGGER);
    expect(await ended(1)).toMatchObject({ status: 'error', stages: [{ status: 'error', steps: [] }] });
    expect((await ask('GET', `${BUILDS}/1`)).json).toMatchObject({
      stages: [{ error: 'not allowed', exit_code: 255 }],
    });
  });

  it('a stage waits for those it depends on, and is skipped when they fail unless it is for failures', async () => {
    const { ask, ended, build } = await drone({
      stages: [
        { name: 'a', steps: [{ name: 'x', status: 'failure', ms: 20 }] },
        { name: 'b', steps: [{ name: 'x' }], dependsOn: ['a'] },
        { name: 'c', steps: [{ name: 'x' }], dependsOn: ['a'], onFailure: true },
      ],
    });
    await ask('POST', TRIGGER);
    expect(build(1).stages.map(({ status }) => status)).toEqual([
      'pending',
      'waiting_on_dependencies',
      'waiting_on_dependencies',
    ]);
    const { status, stages } = await ended(1);
    expect([status, ...stages.map((stage) => stage.status)]).toEqual(['failure', 'failure', 'skipped', 'success']);
  });

  it('a paused queue holds builds until it is resumed', async () => {
    const { ask, ended, build, drone: server } = await drone(GREEN);
    server.pause();
    await ask('POST', TRIGGER);
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
    expect(build(1).status).toBe('pending');
    server.resume();
    expect((await ended(1)).status).toBe('success');
  });

  it('a runner that is killed leaves its build running for good; DELETE ends it without a log', async () => {
    const { ask, when, drone: server } = await drone(oneStage({ name: 'a', lines: ['x\n'], ms: LONG }));
    await ask('POST', TRIGGER);
    await when(1, ({ stages }) => stages[0]?.steps[0]?.alive === true);
    server.killRunner();
    const dead = await when(1, ({ stages }) => stages[0]?.steps[0]?.alive === false);
    expect(dead.status).toBe('running');
    expect((await ask('DELETE', `${BUILDS}/1`)).json).toMatchObject({ status: 'killed' });
    expect((await ask('GET', `${BUILDS}/1/logs/1/1`)).status).toBe(404);
  });
});

describe('a blocked build', () => {
  const BLOCKED = { stages: [{ name: 'default', blocked: true, steps: [{ name: 'a' }] }] };

  it('is pending with a blocked stage until an administrator approves', async () => {
    const { ask, ended, build } = await drone(BLOCKED);
    await ask('POST', TRIGGER);
    expect(build(1)).toMatchObject({ status: 'pending', stages: [{ status: 'blocked' }] });
    expect((await ask('POST', `${BUILDS}/1/approve/1`)).status).toBe(404);
    expect((await ask('POST', `${BUILDS}/1/approve/1`, { token: 'octo-token' })).status).toBe(204);
    expect((await ended(1)).status).toBe('success');
    expect((await ask('POST', `${BUILDS}/1/approve/1`, { token: 'octo-token' })).json).toEqual({
      message: 'Cannot approve a Pipeline with Status "success"',
    });
  });

  it.each(['/decline/1', '/decline'])(
    'is declined by %s, with no time of its end, and cannot be restarted',
    async (path) => {
      const { ask, ended } = await drone(BLOCKED);
      await ask('POST', TRIGGER);
      expect((await ask('POST', `${BUILDS}/1${path}`, { token: 'octo-token' })).status).toBe(204);
      expect(await ended(1)).toMatchObject({ status: 'declined', finished: 0, stages: [{ status: 'declined' }] });
      expect(await ask('POST', `${BUILDS}/1`)).toMatchObject({
        status: 400,
        json: { message: 'cannot start a declined build' },
      });
    },
  );
});

describe('a build of a build', () => {
  it('promote and rollback name the environment, and new parameters win', async () => {
    const { ask } = await drone(GREEN);
    await ask('POST', `${TRIGGER}&A=old&B=old`);
    for (const event of ['promote', 'rollback']) {
      const { json } = await ask('POST', `${BUILDS}/1/${event}?target=production&A=new`, { token: 'octo-token' });
      expect(json).toMatchObject({
        event,
        parent: 1,
        deploy_to: 'production',
        params: { A: 'new', B: 'old' },
        trigger: 'octo',
        sender: 'bot',
      });
    }
    expect(await ask('POST', `${BUILDS}/1/promote`)).toMatchObject({
      status: 400,
      json: { message: 'Missing target environment' },
    });
    expect((await ask('GET', `${BUILDS}/deployments`)).json).toMatchObject([{ number: 3, event: 'rollback' }]);
  });

  it('a restart keeps the event, and old parameters win', async () => {
    const { ask } = await drone(GREEN);
    await ask('POST', `${TRIGGER}&A=old`);
    const { json } = await ask('POST', `${BUILDS}/1?A=new&B=new`);
    expect(json).toMatchObject({ event: 'custom', parent: 1, number: 2, params: { A: 'old', B: 'new' } });
  });

  it('a planted build is listed, and nothing happens to it', async () => {
    const { ask, drone: server } = await drone(GREEN);
    server.plantBuild(SLUG, {
      number: 7,
      event: 'push',
      status: 'running',
      params: { AIRLOCK_NONCE: 'x' },
      trigger: '@hook',
    });
    expect((await ask('GET', BUILDS)).json).toMatchObject([
      { number: 7, event: 'push', status: 'running', trigger: '@hook' },
    ]);
    expect((await ask('POST', TRIGGER)).json).toMatchObject({ number: 8 });
  });
});
