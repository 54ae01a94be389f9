import { describe, expect, test } from 'vitest';
import { connectDrone } from '../../src/drone/connection.ts';
import { type PreflightOptions, preflight } from '../../src/drone/preflight.ts';
import type { SimulatedDrone } from '../../src/try/drone/index.ts';
import { count, oneStage, posts, sim, slug } from './sim.ts';

const run = (drone: Pick<SimulatedDrone, 'url'>, token: string, more: Partial<PreflightOptions> = {}) =>
  preflight(connectDrone({ server: drone.url, token }), { repository: slug, call: 2000, poll: 5, ...more });

const scenario = oneStage({ name: 'deploy' });
const refused = (code: string, message: string, fix: string): object =>
  expect.objectContaining({ code, message: expect.stringContaining(message), fix: expect.stringContaining(fix) });

describe('before anything is triggered', () => {
  test('a good token with write access passes, and the newest build is known', async () => {
    const drone = await sim(scenario, { repository: { counter: 41, timeout: 30 } });
    expect(await run(drone, 'bot-token')).toMatchObject({ login: 'bot', base: 41, timeout: 30 });
    expect(posts(drone)).toBe(0);
  });

  test('an admin of the server needs no permission row', async () => {
    const drone = await sim(scenario);
    expect(await run(drone, 'octo-token')).toMatchObject({ login: 'octo' });
  });

  // Recording 02: on a public repository a bad token is a guest and no error.
  test('an unknown token is refused although the repository is public', async () => {
    const drone = await sim(scenario, { repository: { visibility: 'public' } });
    await expect(run(drone, 'wrong')).rejects.toEqual(
      refused('drone-token-rejected', 'does not accept the token', 'drones.*.token'),
    );
  });

  test('a token of an account that is not accepted is refused, an accepted one is not', async () => {
    const drone = await sim(scenario);
    await expect(run(drone, 'bot-token', { logins: ['octo', 'Bot'] })).rejects.toEqual(
      refused('drone-login-not-accepted', 'belongs to "bot"', 'drones.*.logins'),
    );
    expect(await run(drone, 'bot-token', { logins: ['bot'] })).toMatchObject({ login: 'bot' });
  });

  test('an unknown repository is refused with the meanings that a 404 can have', async () => {
    const drone = await sim(scenario);
    await expect(run(drone, 'bot-token', { repository: 'octo/unknown' })).rejects.toEqual(
      refused(
        'drone-repository-not-found',
        'it is not enabled there, or the account has no access',
        'the operator enables',
      ),
    );
  });

  test('a private repository that the account may not see is refused alike', async () => {
    const drone = await sim(scenario, { repository: { visibility: 'private' } });
    await expect(run(drone, 'outsider-token')).rejects.toEqual(
      refused('drone-repository-not-found', '"outsider" may see', ''),
    );
  });

  test.each(['reader', 'outsider', 'robot'])('an account without write access is refused: %s', async (login) => {
    const drone = await sim(scenario, { repository: { visibility: 'public' } });
    await expect(run(drone, `${login}-token`)).rejects.toEqual(
      refused('drone-no-write-permission', `"${login}" may not start builds`, 'write access'),
    );
  });

  // Recording 16: Drone builds a disabled repository when it is asked to.
  test('a disabled repository is refused, and one that was never enabled too', async () => {
    const shut = await sim(scenario, { repository: { active: false } });
    await expect(run(shut, 'bot-token')).rejects.toEqual(
      refused('drone-repository-disabled', 'is disabled in Drone', 'writes disabled: accepted'),
    );
    const never = await sim(scenario, { repository: { neverEnabled: true } });
    await expect(run(never, 'bot-token')).rejects.toEqual(
      refused('drone-repository-disabled', 'was never enabled', 'activates'),
    );
  });

  test('a disabled repository passes where the operator accepts it, one that was never enabled does not', async () => {
    const accepted = { disabled: 'accepted' } as const;
    const shut = await sim(scenario, { repository: { active: false } });
    await expect(run(shut, 'bot-token', accepted)).resolves.toMatchObject({ login: 'bot' });
    const never = await sim(scenario, { repository: { neverEnabled: true } });
    await expect(run(never, 'bot-token', accepted)).rejects.toEqual(
      refused('drone-repository-disabled', 'was never enabled', 'activates'),
    );
  });

  test('something else than Drone is refused', async () => {
    const disturb = () => ({ status: 200, body: '<html>', contentType: 'text/html; charset=UTF-8' });
    const drone = await sim(scenario, { disturb });
    await expect(run(drone, 'bot-token')).rejects.toEqual(
      refused('not-a-drone', 'status 200 and no JSON', 'without a path'),
    );
  });

  test('another API that answers in JSON is refused', async () => {
    const drone = await sim(scenario, {
      disturb: () => ({ status: 404, body: '{}', contentType: 'application/json' }),
    });
    await expect(run(drone, 'bot-token')).rejects.toEqual(refused('not-a-drone', 'status 404 for /api/user', ''));
  });

  test('an answer that lacks what a decision needs is refused', async () => {
    const drone = await sim(scenario, {
      disturb: ({ path }) =>
        path === '/api/user' ? { status: 200, body: '{"login":"bot"}', contentType: 'application/json' } : undefined,
    });
    await expect(run(drone, 'bot-token')).rejects.toMatchObject({
      code: 'drone-answer-malformed',
      message: expect.stringContaining('"admin"'),
    });
  });

  test('another repository in the answer is refused', async () => {
    const drone = await sim(scenario, {
      disturb: ({ path }) =>
        path === `/api/repos/${slug}`
          ? {
              status: 200,
              body: '{"slug":"octo/other","active":true,"user_id":1,"timeout":60,"counter":1}',
              contentType: 'application/json',
            }
          : undefined,
    });
    await expect(run(drone, 'bot-token')).rejects.toEqual(refused('drone-repository-not-found', '', ''));
  });
});

describe('what passes by itself is tried again', () => {
  test('a Drone that fails twice is asked a third time', async () => {
    let failures = 0;
    const drone = await sim(scenario, {
      disturb: ({ path }) => {
        if (path !== '/api/user' || failures === 2) return undefined;
        return failures++ === 0 ? 'hang-up' : { status: 503, body: 'starting' };
      },
    });
    expect(await run(drone, 'bot-token')).toMatchObject({ login: 'bot' });
    expect(count(drone, 'GET', /^\/api\/user$/)).toBe(3);
  });

  test('a Drone that keeps failing is unreachable', async () => {
    const drone = await sim(scenario, { disturb: () => 'hang-up' });
    await expect(run(drone, 'bot-token')).rejects.toEqual(
      refused('drone-unreachable', 'the connection was reset', 'the operator looks at Drone'),
    );
    expect(count(drone, 'GET', /^\/api\/user$/)).toBe(3);
  });

  test('after a cancel nothing is tried again', async () => {
    const drone = await sim(scenario, { disturb: () => 'hang-up' });
    await expect(run(drone, 'bot-token', { cancel: AbortSignal.abort('author') })).rejects.toMatchObject({
      code: 'drone-unreachable',
    });
    expect(count(drone, 'GET', /^\/api\/user$/)).toBe(1);
  });

  test('a rejected token is not tried again', async () => {
    const drone = await sim(scenario);
    await expect(run(drone, 'wrong')).rejects.toMatchObject({ code: 'drone-token-rejected' });
    expect(count(drone, 'GET', /^\/api\/user$/)).toBe(1);
  });
});
