import { describe, expect, it } from 'vitest';
import type { TriggerFault } from '../../../src/try/drone/index.ts';
import { BUILDS, COMMIT, drone, type Fixture, GREEN, SLUG, TRIGGER } from './drones.ts';

function faulty(trigger: TriggerFault, slowMs = 20): Promise<Fixture> {
  return drone({ ...GREEN, trigger, slowMs });
}

describe('a trigger', () => {
  it('makes a build of what was asked for, without stages in the answer', async () => {
    const { ask, build } = await drone(GREEN);
    const { status, json } = await ask(
      'POST',
      `${TRIGGER}&ENVIRONMENT=staging&target=production&action=ship&message=now`,
    );
    expect(status).toBe(200);
    expect(json).toMatchObject({
      number: 1,
      status: 'pending',
      event: 'custom',
      action: 'ship',
      message: 'now',
      after: COMMIT,
      before: COMMIT,
      ref: 'refs/heads/main',
      trigger: 'bot',
      sender: 'bot',
      params: { ENVIRONMENT: 'staging', target: 'production', action: 'ship', message: 'now' },
    });
    expect(json).not.toHaveProperty('stages');
    expect(build(1)).toMatchObject({ number: 1, after: COMMIT, trigger: 'bot' });
  });

  it('keeps the first value of a repeated key, sorts keys, and takes neither token nor commit nor branch as a parameter', async () => {
    const { ask } = await drone(GREEN);
    const { json } = await ask('POST', `${TRIGGER}&b=1&a=2&b=3&access_token=x`);
    expect(Object.entries((json as { params: Record<string, string> }).params)).toEqual([
      ['a', '2'],
      ['b', '1'],
    ]);
  });

  it('leaves out empty parameters', async () => {
    const { ask } = await drone(GREEN);
    expect((await ask('POST', TRIGGER)).json).not.toHaveProperty('params');
  });

  it('takes the head of the branch when no commit is named, and 404 when there is none', async () => {
    const { ask } = await drone(GREEN, {}, { head: { main: COMMIT, 'refs/tags/v1': '7'.repeat(40) } });
    expect((await ask('POST', BUILDS)).json).toMatchObject({ after: COMMIT });
    expect((await ask('POST', `${BUILDS}?branch=refs/tags/v1`)).json).toMatchObject({
      after: '7'.repeat(40),
      source: 'refs/tags/v1',
    });
    const { status, json } = await ask('POST', `${BUILDS}?branch=constructor`);
    expect([status, json]).toEqual([404, { message: 'No commit found for SHA: refs/heads/constructor' }]);
  });

  it('knows any full commit unless it is told which there are', async () => {
    const any = await drone(GREEN);
    expect((await any.ask('POST', TRIGGER)).status).toBe(200);
    expect((await any.ask('POST', `${BUILDS}?commit=${COMMIT.slice(0, 8)}`)).status).toBe(404);
    const none = await drone(GREEN, {}, { knownCommits: [] });
    expect((await none.ask('POST', TRIGGER)).json).toEqual({ message: `No commit found for SHA: ${COMMIT}` });
  });

  it('that is sent twice makes two builds', async () => {
    const { ask, drone: server } = await drone(GREEN);
    await Promise.all([ask('POST', TRIGGER), ask('POST', TRIGGER)]);
    expect(server.builds(SLUG).map(({ number }) => number)).toEqual([1, 2]);
  });

  it('may get a scenario by what it asks for', async () => {
    const { ask, ended } = await drone(({ params, number }) => ({
      stages: [
        { name: `build ${number}`, steps: [{ name: 'work', status: params.WISH === 'red' ? 'failure' : 'success' }] },
      ],
    }));
    await ask('POST', `${TRIGGER}&WISH=red`);
    await ask('POST', TRIGGER);
    expect((await ended(1)).status).toBe('failure');
    expect(await ended(2)).toMatchObject({ status: 'success', stages: [{ name: 'build 2' }] });
  });
});

describe('a trigger that goes wrong', () => {
  it.each<[string, TriggerFault, number, unknown]>([
    ['no pipeline matches', 'null', 200, null],
    ['the yaml is empty', 'config-empty', 500, { message: 'configuration: not found' }],
    ['the yaml is missing', 'config-missing', 500, { message: 'Not Found' }],
    ['a right is missing', 'not-found', 404, { message: 'Not Found' }],
    ['the token is invalid', 'unauthorized', 401, { message: 'Unauthorized' }],
    ['the SCM refuses', { scm: 'Bad credentials' }, 404, { message: 'Bad credentials' }],
    ['the database is busy before', 'status-500-before', 500, { message: 'database is locked' }],
  ])('%s: an answer and no build', async (_what, fault, status, json) => {
    const { ask, drone: server } = await faulty(fault);
    expect(await ask('POST', TRIGGER)).toMatchObject({ status, json });
    expect(server.builds(SLUG)).toEqual([]);
  });

  it('a page: status 200, HTML and no build', async () => {
    const { ask, drone: server } = await faulty('html');
    const { status, headers, body } = await ask('POST', TRIGGER);
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=UTF-8']);
    expect(body).toMatch(/^<!doctype html>/);
    expect(server.builds(SLUG)).toEqual([]);
  });

  it('a scenario without stages: null, as when no pipeline matches', async () => {
    const { ask } = await drone({ stages: [] });
    expect((await ask('POST', TRIGGER)).body).toBe('null\n');
  });

  it('a broken yaml: status 200 and a build that has ended, without parameters, trigger and stages', async () => {
    const { ask, build } = await faulty({ yamlError: 'linter: no' });
    const { status, json } = await ask('POST', `${TRIGGER}&AIRLOCK_NONCE=x`);
    expect([status, json]).toEqual([
      200,
      expect.objectContaining({ status: 'error', error: 'linter: no', trigger: '', number: 1 }),
    ]);
    expect(json).not.toHaveProperty('params');
    expect((await ask('GET', `${BUILDS}/1`)).json).not.toHaveProperty('stages');
    expect(build(1)).toMatchObject({ status: 'error', stages: [], params: {} });
  });

  it.each<[TriggerFault, number]>([
    ['hang-up-before', 0],
    ['hang-up-after', 1],
  ])('%s: no answer, and %i builds', async (fault, builds) => {
    const { ask, drone: server } = await faulty(fault);
    await expect(ask('POST', TRIGGER)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(server.builds(SLUG)).toHaveLength(builds);
  });

  it('status-500-after: an error, and the build was made', async () => {
    const { ask, ended } = await faulty('status-500-after');
    expect((await ask('POST', TRIGGER)).status).toBe(500);
    expect((await ended(1)).status).toBe('success');
  });

  it('slow: the build is made at once and answered late', async () => {
    const { ask, drone: server, ended } = await faulty('slow', 60_000);
    const answered = ask('POST', TRIGGER).then(
      () => true,
      () => false,
    );
    await expect.poll(() => server.builds(SLUG), { timeout: 10_000 }).toHaveLength(1);
    expect((await ended(1)).status).toBe('success');
    await server.close();
    expect(await answered).toBe(false);
    const patient = await faulty('slow');
    expect((await patient.ask('POST', TRIGGER)).json).toMatchObject({ number: 1, status: 'pending' });
  });

  it('slow-before: a client that gives up has made none', async () => {
    const { ask, drone: server } = await faulty('slow-before', 60_000);
    await expect(ask('POST', TRIGGER, { giveUpMs: 100 })).rejects.toThrow('client gave up');
    expect(server.builds(SLUG)).toEqual([]);
    const patient = await faulty('slow-before');
    expect((await patient.ask('POST', TRIGGER)).json).toMatchObject({ number: 1, status: 'pending' });
  });

  it.each<[TriggerFault, number, string]>([
    ['redirect-301', 301, TRIGGER],
    ['redirect-307', 307, BUILDS],
  ])('%s: to the same server, 307 without the query', async (fault, status, location) => {
    const { ask, drone: server } = await faulty(fault);
    expect(await ask('POST', TRIGGER)).toMatchObject({ status, headers: { location } });
    expect(server.builds(SLUG)).toEqual([]);
  });

  it('can differ from one trigger to the next', async () => {
    const { ask, drone: server } = await drone({ ...GREEN, trigger: (nth) => (nth === 1 ? 'hang-up-before' : 'ok') });
    await expect(ask('POST', TRIGGER)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect((await ask('POST', TRIGGER)).status).toBe(200);
    expect(server.builds(SLUG)).toHaveLength(1);
  });

  it('wrongAnswer: the build is another than the one that was asked for, everywhere', async () => {
    const wrongAnswer = { after: '9'.repeat(40), params: { OTHER: 'x' }, trigger: 'mallory' };
    const { ask } = await drone({ ...GREEN, wrongAnswer });
    expect((await ask('POST', `${TRIGGER}&A=b`)).json).toMatchObject(wrongAnswer);
    expect((await ask('GET', `${BUILDS}/1`)).json).toMatchObject(wrongAnswer);
    expect((await ask('GET', BUILDS)).json).toMatchObject([wrongAnswer]);
  });
});
