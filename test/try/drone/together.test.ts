// Steps that run side by side, builds that nobody triggered, numbers that get lost, permissions that cannot be refreshed.

import { describe, expect, it } from 'vitest';
import type { StepScenario } from '../../../src/try/drone/index.ts';
import { BUILDS, drone, entriesOf, GREEN, SLUG, TRIGGER } from './drones.ts';

const LONG = 60_000;
const oneStage = (...steps: StepScenario[]) => ({ stages: [{ name: 'default', steps }] });
const statuses = (steps: readonly { status: string }[] = []): string[] => steps.map(({ status }) => status);

describe('steps side by side', () => {
  it('a step alongside another runs while that one runs', async () => {
    const { ask, when } = await drone(
      oneStage({ name: 'a', ms: LONG }, { name: 'b', ms: LONG, alongside: true }, { name: 'c' }),
    );
    await ask('POST', TRIGGER);
    const { stages } = await when(1, (build) => build.stages[0]?.steps[1]?.status === 'running');
    expect(statuses(stages[0]?.steps)).toEqual(['running', 'running', 'pending']);
  });

  it('without it the second waits for the first', async () => {
    const { ask, when } = await drone(oneStage({ name: 'a', ms: LONG }, { name: 'b', ms: LONG }));
    await ask('POST', TRIGGER);
    const { stages } = await when(1, (build) => build.stages[0]?.steps[0]?.status === 'running');
    expect(statuses(stages[0]?.steps)).toEqual(['running', 'pending']);
  });

  it('one that fails leaves those beside it to their end, and skips what follows', async () => {
    const { ask, ended } = await drone(
      oneStage({ name: 'a', ms: 200 }, { name: 'b', ms: 5, alongside: true, status: 'failure' }, { name: 'c' }),
    );
    await ask('POST', TRIGGER);
    const { status, stages } = await ended(1);
    expect(status).toBe('failure');
    expect(statuses(stages[0]?.steps)).toEqual(['success', 'failure', 'skipped']);
  });

  it('all of them succeed: so does the stage', async () => {
    const { ask, ended } = await drone(oneStage({ name: 'a' }, { name: 'b', alongside: true }, { name: 'c' }));
    await ask('POST', TRIGGER);
    const { status, stages } = await ended(1);
    expect(status).toBe('success');
    expect(statuses(stages[0]?.steps)).toEqual(['success', 'success', 'success']);
  });

  it('each has a live stream of its own lines', async () => {
    const scenario = oneStage(
      { name: 'a', lines: ['of a\n'], ms: LONG },
      { name: 'b', lines: ['of b\n'], ms: LONG, alongside: true },
    );
    const { ask, open, when } = await drone(scenario);
    await ask('POST', TRIGGER);
    await when(1, ({ stages }) => stages[0]?.steps[1]?.entries === 1);
    for (const [step, line] of [
      ['1', 'of a\n'],
      ['2', 'of b\n'],
    ]) {
      const stream = await open(`/api/stream/${SLUG}/1/1/${step}`);
      await stream.until((text) => entriesOf(text).length > 0);
      expect(entriesOf(stream.text()).map(({ out }) => out)).toEqual([line]);
      stream.close();
    }
  });

  it('a cancel ends all that run', async () => {
    const { ask, when } = await drone(
      oneStage({ name: 'a', ms: LONG }, { name: 'b', ms: LONG, alongside: true }, { name: 'c' }),
    );
    await ask('POST', TRIGGER);
    await when(1, ({ stages }) => stages[0]?.steps[1]?.status === 'running');
    await ask('DELETE', `${BUILDS}/1`);
    const { status, stages } = await when(1, (build) => build.stages[0]?.steps.every(({ alive }) => !alive) === true);
    expect(status).toBe('killed');
    expect(statuses(stages[0]?.steps)).toEqual(['killed', 'killed', 'skipped']);
  });
});

describe('builds that nobody triggered', () => {
  it('one that lives goes on as the scenario says', async () => {
    const { drone: server, ended } = await drone(GREEN);
    expect(server.plantBuild(SLUG, { number: 7, event: 'push', lives: true })).toMatchObject({ status: 'pending' });
    expect(await ended(7)).toMatchObject({ status: 'success', event: 'push' });
  });

  it('one that does not stays as it was put there', async () => {
    const { drone: server, ask, ended } = await drone(GREEN);
    server.plantBuild(SLUG, { number: 7, status: 'running' });
    await ask('POST', TRIGGER);
    await ended(8);
    expect(server.builds(SLUG)[0]).toMatchObject({ number: 7, status: 'running', stages: [] });
  });
});

describe('numbers that get lost', () => {
  it('the next build has the number that was said', async () => {
    const { drone: server, ask } = await drone(GREEN);
    server.skipNumbers(SLUG, 5);
    expect((await ask('POST', TRIGGER)).json).toMatchObject({ number: 5 });
    expect((await ask('GET', `/api/repos/${SLUG}`)).json).toMatchObject({ counter: 5 });
  });

  it('a number that is taken changes nothing', async () => {
    const { drone: server, ask } = await drone(GREEN);
    await ask('POST', TRIGGER);
    server.skipNumbers(SLUG, 1);
    expect((await ask('POST', TRIGGER)).json).toMatchObject({ number: 2 });
  });
});

describe('a permission row that cannot be refreshed', () => {
  it('is 404 for who may read, and for who may trigger', async () => {
    const { ask } = await drone(GREEN, {}, { refreshFails: () => true });
    for (const [method, path] of [
      ['GET', `/api/repos/${SLUG}`],
      ['POST', TRIGGER],
    ] as const)
      expect(await ask(method, path)).toMatchObject({ status: 404, json: { message: 'Not Found' } });
  });

  it('as soon as it can be, all is as before', async () => {
    let fails = true;
    const { ask } = await drone(GREEN, {}, { refreshFails: () => fails });
    expect((await ask('GET', `/api/repos/${SLUG}`)).status).toBe(404);
    fails = false;
    expect((await ask('GET', `/api/repos/${SLUG}`)).status).toBe(200);
  });
});

describe('what a repository shows', () => {
  it('is what it was made with', async () => {
    const { ask } = await drone(GREEN, {}, { version: 9, shown: { trusted: true, config_path: 'ci.yml', scm: 'git' } });
    const { json } = await ask('GET', `/api/repos/${SLUG}`);
    expect(json).toMatchObject({ version: 9, trusted: true, config_path: 'ci.yml', scm: 'git', archived: false });
  });

  it('is a plain one without that', async () => {
    const { ask } = await drone(GREEN);
    const { json } = await ask('GET', `/api/repos/${SLUG}`);
    expect(json).toMatchObject({ version: 2, trusted: false, config_path: '.drone.yml', scm: '', archived: false });
  });
});
