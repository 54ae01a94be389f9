import { describe, expect, test } from 'vitest';
import { connectDrone } from '../../src/drone/connection.ts';
import { trigger } from '../../src/drone/trigger.ts';
import type { DroneScenario } from '../../src/try/drone/index.ts';
import { commit, nonce, quick } from '../support/drone-run.ts';
import { deletes, posts, sim, slug } from './sim.ts';
import { endingOf, long, messageOf, start, task, withFault } from './start.ts';

describe('a trigger', () => {
  test('sends branch, commit and parameters once, and the answer is the build', async () => {
    const drone = await sim(long);
    expect(endingOf(await start(drone))).toBe('build 1');
    expect(posts(drone)).toBe(1);
    expect({ ...drone.requests.find((one) => one.method === 'POST')?.query }).toEqual({
      branch: 'main',
      commit,
      ENVIRONMENT: 'staging',
      AIRLOCK_NONCE: nonce,
    });
  });

  test('a tag goes by its full ref (recording 21)', async () => {
    const drone = await sim(long);
    expect(endingOf(await start(drone, task({ ref: 'refs/tags/v1' })))).toBe('build 1');
    expect(drone.builds(slug)[0]).toMatchObject({ ref: 'refs/tags/v1', after: commit });
  });

  test('without a commit none is sent, and any commit of the branch is accepted', async () => {
    const head = 'b'.repeat(40);
    const drone = await sim(long, { repository: { head: { main: head } } });
    const triggered = await start(drone, task({ commit: undefined }));
    expect('build' in triggered && triggered.build.after).toBe(head);
  });

  // biome-ignore format: a table is read by its columns
  test.each<[string, DroneScenario['trigger'], string, string]>([
    ['null', 'null', 'nothing-ran/drone-nothing-matched', 'event "custom"'],
    ['status error: .drone.yml is broken', { yamlError: 'yaml: line 6' }, 'error/config-invalid', '"yaml: line 6"'],
    ['an empty .drone.yml', 'config-empty', 'error/drone-config-missing', 'no .drone.yml at'],
    ['a missing .drone.yml', 'config-missing', 'error/drone-config-missing', 'no .drone.yml at'],
    ["Drone's web page", 'html', 'error/not-a-drone', 'no JSON'],
    ['a redirect with 301', 'redirect-301', 'error/drone-redirected', 'would build something else'],
    ['a redirect with 307', 'redirect-307', 'error/drone-redirected', 'would build something else'],
    ['401', 'unauthorized', 'error/drone-token-rejected', 'does not accept the token'],
    ['404 of the SCM: no such commit', { scm: `No commit found for SHA: ${commit}` }, 'error/drone-commit-not-found', 'GitHub does not know it'],
    ['404 of the SCM: the owner lost access', { scm: 'Bad credentials' }, 'error/drone-owner-access-lost', 'no longer accepts the account'],
    ['404 of the SCM: rate limit', { scm: 'API rate limit exceeded for user ID 1.' }, 'error/drone-scm-failed', '"API rate limit exceeded'],
    ['404 without a meaning', 'not-found', 'error/drone-commit-not-found', 'it does not exist there, or'],
  ])('%s starts no build and is told apart', async (_name, fault, ending, message) => {
    const drone = await sim(withFault(fault, { slowMs: 50 }));
    const triggered = await start(drone);
    expect(endingOf(triggered)).toBe(ending);
    expect(messageOf(triggered)).toContain(message);
    expect(posts(drone)).toBe(1);
    expect(drone.builds(slug).filter((build) => build.status !== 'error').length).toBe(0);
  });

  test('404 after the account has lost its access says so', async () => {
    const drone = await sim(withFault('not-found'));
    const lost = await trigger(connectDrone({ server: drone.url, token: 'reader-token' }), task({ login: 'reader' }), {
      user: { login: 'reader', admin: false, active: true },
      limits: quick,
      cancel: new AbortController().signal,
    });
    expect(endingOf(lost)).toBe('error/drone-no-write-permission');
  });
});

describe('an answer of something in between', () => {
  const between = (status: number, contentType: string, body: string, delay: number) => {
    let made = false;
    return sim(long, {
      disturb: ({ method, path }) => {
        if (method !== 'POST' || !path.endsWith('/builds') || made) return undefined;
        made = true;
        // Drone has the request all the same, and its build appears late.
        setTimeout(() => later?.(), delay);
        return { status, contentType, body, headers: status === 302 ? { Location: '/login' } : {} };
      },
    });
  };
  let later: (() => void) | undefined;

  // biome-ignore format: a table is read by its columns
  test.each<[number, string, string]>([
    [408, 'text/plain', 'late'],
    [425, 'text/plain', 'early'],
    [429, 'text/html', '<h1>slow down</h1>'],
    [499, 'text/html', '<h1>closed</h1>'],
    [429, 'application/json', '{"message":"slow down"}'],
    [499, 'application/json', '{"message":"closed"}'],
    [403, 'text/html', '<h1>who are you</h1>'],
    [302, 'text/html', '<h1>log in</h1>'],
    [200, 'text/html', '<h1>log in</h1>'],
  ])('%i as %s: Drone may have made the build, so it is looked for to the end', async (status, type, body) => {
    const drone = await between(status, type, body, 60);
    later = () =>
      drone.plantBuild(slug, {
        after: commit,
        ref: 'refs/heads/main',
        event: 'custom',
        trigger: 'bot',
        sender: 'bot',
        params: { ENVIRONMENT: 'staging', AIRLOCK_NONCE: nonce },
      });
    expect(endingOf(await start(drone, task(), { lookup: 5000 }))).toBe('build 1');
    expect(posts(drone)).toBe(1);
  });

  test('where nothing appears, the page is told, and the trigger is not sent again', async () => {
    const drone = await between(403, 'text/html', '<h1>who are you</h1>', 0);
    later = undefined;
    expect(endingOf(await start(drone))).toBe('error/not-a-drone');
    expect(posts(drone)).toBe(1);
  });

  test('where the list cannot be read either, the outcome is unknown', async () => {
    const drone = await sim(long, {
      disturb: ({ path }) =>
        path.includes('/builds') ? { status: 403, contentType: 'text/html', body: 'no' } : undefined,
    });
    expect(endingOf(await start(drone))).toBe('unknown/trigger-unknown');
    expect(posts(drone)).toBe(1);
  });
});

describe('the answer is compared with what was sent', () => {
  // biome-ignore format: a table is read by its columns
  test.each<[string, NonNullable<DroneScenario['wrongAnswer']>, string, number]>([
    ['another commit', { after: 'd'.repeat(40) }, 'its commit is another', 1],
    ['other parameters', { params: { ENVIRONMENT: 'production', AIRLOCK_NONCE: nonce } }, 'its parameters are others', 1],
    ['a parameter more', { params: { ENVIRONMENT: 'staging', AIRLOCK_NONCE: nonce, constructor: 'x' } }, 'its parameters are others', 1],
    ['no parameters', { params: {} }, 'its parameters are others', 1],
    ["another account's build with our nonce", { trigger: 'mallory' }, 'another account started it', 1],
  ])('%s: the build is cancelled and is not ours', async (_name, wrongAnswer, message, cancelled) => {
    const drone = await sim(withFault('ok', { wrongAnswer }));
    const triggered = await start(drone);
    expect(endingOf(triggered)).toBe('not-ours/not-ours');
    expect(messageOf(triggered)).toContain(message);
    expect(messageOf(triggered)).toContain('it was cancelled');
    expect(deletes(drone)).toBe(cancelled);
    expect(posts(drone)).toBe(1);
  });

  test('an old build is not ours and is left alone', async () => {
    const drone = await sim(long);
    const triggered = await start(drone, task({ base: 5 }));
    expect(endingOf(triggered)).toBe('not-ours/not-ours');
    expect(messageOf(triggered)).toContain('its number 1 is not new; it was left alone');
    expect(deletes(drone)).toBe(0);
  });

  test("somebody else's build without our nonce is not ours and is left alone", async () => {
    const drone = await sim(withFault('ok', { wrongAnswer: { trigger: 'mallory', params: {} } }));
    const triggered = await start(drone);
    expect(endingOf(triggered)).toBe('not-ours/not-ours');
    expect(deletes(drone)).toBe(0);
  });

  test("another order's build, of the same account, is not ours and is left alone", async () => {
    const params = { ENVIRONMENT: 'production', AIRLOCK_NONCE: 'f'.repeat(32) };
    const drone = await sim(withFault('ok', { wrongAnswer: { params } }));
    const triggered = await start(drone);
    expect(endingOf(triggered)).toBe('not-ours/not-ours');
    expect(messageOf(triggered)).toContain('it was left alone');
    expect(deletes(drone)).toBe(0);
  });

  test('another ref is not ours', async () => {
    const drone = await sim(long, {
      disturb: ({ method, path }) =>
        method === 'POST' && path.endsWith('/builds')
          ? {
              status: 200,
              contentType: 'application/json',
              body: JSON.stringify({ ...template, ref: 'refs/heads/next' }),
            }
          : undefined,
    });
    expect(messageOf(await start(drone))).toContain('its ref is another');
  });
});

const template = {
  number: 1,
  status: 'pending',
  event: 'custom',
  trigger: 'bot',
  sender: 'bot',
  after: commit,
  ref: 'refs/heads/main',
  params: { ENVIRONMENT: 'staging', AIRLOCK_NONCE: nonce },
  started: 0,
  finished: 0,
};
