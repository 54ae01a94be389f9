// The traps of Drone's API that decide between green and red, one build and two, this commit and another. Each was met
// on a real Drone (test/fixtures/drone) and is sprung here on the simulated one, or on what was recorded.

import { describe, expect, test } from 'vitest';
import { type Build, parseBuild } from '../../src/drone/answers.ts';
import { connectDrone } from '../../src/drone/connection.ts';
import { findBuilds } from '../../src/drone/find.ts';
import { preflight } from '../../src/drone/preflight.ts';
import { verdictOf } from '../../src/drone/verdict.ts';
import { type DroneScenario, startRedirector } from '../../src/try/drone/index.ts';
import { commit, nonce, runBuild } from '../support/drone-run.ts';
import { framesOf, jsonOf, recording } from '../support/recordings.ts';
import { cancelOn, count, oneStage, posts, sim, slug } from './sim.ts';
import { endingOf, start, task, withFault } from './start.ts';

const green = oneStage({ name: 'deploy', lines: ['deploying\n'], ms: 50 });
const forEver = oneStage({ name: 'deploy', lines: ['deploying\n'], ms: Number.POSITIVE_INFINITY });

/** The last look at a recorded build. */
function lastOf(name: string, path: string, before = Number.POSITIVE_INFINITY): Build {
  const frame = framesOf(recording(name), 'GET', path).findLast((one) => 'status' in one && one.at < before);
  if (frame === undefined || !('status' in frame)) throw new Error(`recording ${name} has no ${path}`);
  return parseBuild(jsonOf(frame));
}
const seen = { expect: [], timeout: 60, details: true };

describe('trigger', () => {
  test.each<DroneScenario['trigger']>(['null', 'yaml-error', 'html'])(
    'trap 1: 200 is not "started": %s',
    async (fault) => {
      const drone = await sim(withFault(fault));
      const { ending } = await runBuild({ server: drone.url });
      expect(ending.verdict).not.toBe('success');
      expect(posts(drone)).toBe(1);
    },
  );

  test('trap 1: a slash at the end of the URL does not become //api', async () => {
    const drone = await sim(green);
    expect((await runBuild({ server: `${drone.url}/` })).ending.verdict).toBe('success');
    expect(drone.requests.every(({ path }) => path.startsWith('/api/') || path === '/version')).toBe(true);
  });

  test.each([301, 307] as const)('trap 2: a redirect is never followed: %i', async (as) => {
    const drone = await sim(green);
    const redirector = await startRedirector({ as, to: drone.url });
    try {
      await expect(runBuild({ server: redirector.url })).rejects.toMatchObject({ code: 'drone-redirected' });
      expect(drone.requests).toEqual([]);
    } finally {
      await redirector.close();
    }
  });

  test('trap 2: nor when only the trigger is redirected', async () => {
    const drone = await sim(withFault('redirect-307'));
    expect((await runBuild({ server: drone.url })).ending.code).toBe('drone-redirected');
    expect(drone.builds(slug)).toEqual([]);
  });

  test('trap 3: an invalid token on a public read is a guest, and is told before the trigger', async () => {
    const drone = await sim(green, { repository: { visibility: 'public' } });
    await expect(runBuild({ server: drone.url, token: 'invalid' })).rejects.toMatchObject({
      code: 'drone-token-rejected',
    });
    expect(posts(drone)).toBe(0);
  });

  test('trap 4: a missing .drone.yml answers late, and the trigger waits for it', async () => {
    const drone = await sim(withFault('config-missing', { slowMs: 400 }));
    expect((await runBuild({ server: drone.url })).ending.code).toBe('drone-config-missing');
    expect(posts(drone)).toBe(1);
  });

  test('trap 4: no answer means unknown: the build that was made anyway is followed', async () => {
    const drone = await sim({ ...green, trigger: 'hang-up-after' });
    const { ending } = await runBuild({ server: drone.url });
    expect(ending).toMatchObject({ verdict: 'success', build: { number: 1 } });
    expect(posts(drone)).toBe(1);
  });

  test('trap 5: two builds of the same trigger are told apart from ours by the nonce, and the lower is ours', async () => {
    const drone = await sim(withFault('hang-up-before'));
    const same = { after: commit, ref: 'refs/heads/main', trigger: 'bot', sender: 'bot', event: 'custom' };
    drone.plantBuild(slug, { ...same, params: { AIRLOCK_NONCE: 'f'.repeat(32), ENVIRONMENT: 'staging' } });
    drone.plantBuild(slug, { ...same, params: { AIRLOCK_NONCE: nonce, ENVIRONMENT: 'staging' } });
    drone.plantBuild(slug, { ...same, params: { AIRLOCK_NONCE: nonce, ENVIRONMENT: 'staging' } });
    expect(endingOf(await start(drone))).toBe('build 2');
  });

  test('trap 5: numbers may have gaps', async () => {
    const drone = await sim(withFault('hang-up-before'), { repository: { counter: 3 } });
    drone.plantBuild(slug, {
      number: 90,
      after: commit,
      ref: 'refs/heads/main',
      trigger: 'bot',
      params: { AIRLOCK_NONCE: nonce },
    });
    const connection = connectDrone({ server: drone.url, token: 'bot-token' });
    const found = await findBuilds(connection, task({ base: 3, params: { AIRLOCK_NONCE: nonce } }), { call: 2000 });
    expect(found.ours.map(({ number }) => number)).toEqual([90]);
  });

  test('trap 6: what Drone made of the parameters is compared with what was sent', async () => {
    const drone = await sim({ ...green, wrongAnswer: { params: { AIRLOCK_NONCE: nonce, DRONE_BRANCH: 'forged' } } });
    expect((await runBuild({ server: drone.url })).ending.code).toBe('not-ours');
  });

  test('trap 6: a disabled repository, which Drone builds, is refused before the trigger', async () => {
    const drone = await sim(green, { repository: { active: false } });
    await expect(runBuild({ server: drone.url })).rejects.toMatchObject({ code: 'drone-repository-disabled' });
    expect(posts(drone)).toBe(0);
  });
});

describe('result', () => {
  test.each([
    ['every step left out by "when"', '28', '/api/repos/octo/hello/builds/27'],
    ['a cycle of steps', '12', '/api/repos/octo/hello/builds/5'],
  ])('trap 7: success may mean that nothing ran: %s', (_name, name, path) => {
    const build = lastOf(name, path);
    expect(build.status).toBe('success');
    expect(verdictOf({ ...seen, build }).code).toBe('nothing-ran');
  });

  test('trap 7: the stage that was meant may be missing', () => {
    const build = lastOf('28', '/api/repos/octo/hello/builds/28');
    expect(verdictOf({ ...seen, build }).code).toBe('ok');
    expect(verdictOf({ ...seen, build, expect: ['deploy/deploy'] }).code).toBe('expected-missing');
  });

  test("trap 8: killed is a cancel or the repository's time-out", () => {
    expect(verdictOf({ ...seen, timeout: 1, build: lastOf('34', '/api/repos/octo/timeout/builds/1') }).code).toBe(
      'build-timed-out',
    );
    const cancelled = lastOf('36', '/api/repos/octo/hello/builds/1');
    expect(verdictOf({ ...seen, timeout: 1, build: cancelled, asked: 'author' }).code).toBe('cancelled');
    expect(verdictOf({ ...seen, timeout: 1, build: cancelled }).code).toBe('build-killed');
  });

  test('trap 9: blocked is only on the stage; it waits with its own limit and is not the queue', async () => {
    const stage = { name: 'default', blocked: true, steps: [{ name: 'deploy' }] };
    const drone = await sim({ stages: [stage] });
    const ran = await runBuild({ server: drone.url, limits: { blocked: 200, queue: 20_000 } });
    expect(ran.phases).toContain('blocked');
    expect(ran.ending).toMatchObject({ verdict: 'blocked', code: 'build-blocked' });
    expect(drone.builds(slug)[0]?.status).toBe('killed');
  });

  test('trap 10: a build that is running with every stage done has not ended', () => {
    const build: Build = { ...lastOf('33', '/api/repos/octo/hello/builds/26'), status: 'running' };
    expect(build.stages?.every(({ status }) => status === 'success')).toBe(true);
    expect(verdictOf({ ...seen, build }).verdict).toBe('unknown');
  });

  test('trap 11: pending for ever has a limit, and the build is ended', async () => {
    const drone = await sim({ ...green, pendingMs: Number.POSITIVE_INFINITY });
    const ran = await runBuild({ server: drone.url, limits: { queue: 150 } });
    expect(ran.ending).toMatchObject({ verdict: 'never-started', code: 'never-started' });
    expect(drone.builds(slug)[0]?.status).toBe('killed');
  });

  test('trap 11: a pause of the queue that ends in time changes nothing', async () => {
    const drone = await sim(green);
    drone.pause();
    setTimeout(() => drone.resume(), 150);
    expect((await runBuild({ server: drone.url })).ending.verdict).toBe('success');
  });
});

describe('logs', () => {
  test('trap 12: an entry is not a line', async () => {
    const drone = await sim(oneStage({ name: 'deploy', lines: ['one ', '', 'line\ntwo\n', 'three'], ms: 60 }));
    expect((await runBuild({ server: drone.url })).lines.get('default/deploy')).toEqual(['one line', 'two', 'three']);
  });

  test('trap 13: the end of the live stream is missing, and the stored log brings it', async () => {
    const drone = await sim({ ...oneStage({ name: 'deploy', lines: ['a\n', 'b\n', 'c\n'], ms: 60 }), stream: 'lossy' });
    expect((await runBuild({ server: drone.url })).lines.get('default/deploy')).toEqual(['a', 'b', 'c']);
  });

  test.each(['eof-at-once', 'never-ends'] as const)(
    'trap 14: the end of a stream is not the end of a step: %s',
    async (stream) => {
      const drone = await sim({ ...green, stream });
      const ran = await runBuild({ server: drone.url });
      expect(ran.ending.verdict).toBe('success');
      expect(ran.lines.get('default/deploy')).toEqual(['deploying']);
    },
  );

  test('trap 15: the stored log of a step without commands is null', async () => {
    const drone = await sim(oneStage({ name: 'deploy' }));
    const ran = await runBuild({ server: drone.url });
    expect(ran.ending.verdict).toBe('success');
    expect(ran.notes).toEqual([]);
  });

  test("trap 16: what Drone's runner masks comes through as it masked it", async () => {
    const masked = ['token=[secret:TOKEN]', 'token=******'];
    const drone = await sim(oneStage({ name: 'deploy', lines: masked.map((line) => `${line}\n`), ms: 60 }));
    expect((await runBuild({ server: drone.url })).lines.get('default/deploy')).toEqual(masked);
  });

  test('trap 17: a cancel that somebody else sends is seen by polling', async () => {
    const drone = await sim(forEver);
    const ran = await runBuild({
      server: drone.url,
      onLine: () =>
        void connectDrone({ server: drone.url, token: 'octo-token' }).call(`/api/repos/${slug}/builds/1`, {
          method: 'DELETE',
          limit: 2000,
        }),
    });
    expect(ran.ending).toMatchObject({ verdict: 'failure', code: 'build-killed' });
  });
});

describe('cancel', () => {
  test('trap 18: a DELETE of a finished build changes nothing', async () => {
    const drone = await sim(green);
    await runBuild({ server: drone.url });
    const answer = await connectDrone({ server: drone.url, token: 'bot-token' }).call(`/api/repos/${slug}/builds/1`, {
      method: 'DELETE',
      limit: 2000,
    });
    expect(parseBuild(answer.body).status).toBe('success');
  });

  test('trap 19: a cancel that does not reach the runner is not called a cancel', async () => {
    const drone = await sim({ ...forEver, cancel: 'lost' });
    const ran = await runBuild({
      server: drone.url,
      cancel: cancelOn(drone, 'GET', /^\/api\/stream\//),
      limits: { cancel: 150 },
    });
    expect(ran.ending.verdict).toBe('cancel-lost');
    expect(drone.builds(slug)[0]?.status).toBe('killed');
  });

  test('trap 20: after kill -9 of the runner the build stays running: it is called lost, and ended', async () => {
    const drone = await sim(forEver, { repository: { timeout: 0.002 } });
    const ran = await runBuild({ server: drone.url, limits: { lost: 200 }, onLine: () => drone.killRunner() });
    expect(ran.ending).toMatchObject({ verdict: 'runner-lost', code: 'runner-lost' });
    expect(drone.builds(slug)[0]?.status).toBe('killed');
  });
});

describe('server', () => {
  test('trap 21: a restart breaks streams and polls, and the build is followed to its end', async () => {
    const drone = await sim(oneStage({ name: 'deploy', lines: ['a\n', 'b\n'], ms: 400 }));
    const ran = await runBuild({ server: drone.url, onLine: (line) => void (line === 'a' && drone.restart()) });
    expect(ran.ending.verdict).toBe('success');
    expect(ran.lines.get('default/deploy')).toEqual(['a', 'b']);
  });

  test('trap 21: a server that does not come back leaves the outcome unknown', async () => {
    const drone = await sim(forEver);
    const ran = await runBuild({ server: drone.url, limits: { lost: 200 }, onLine: () => void drone.stop() });
    expect(ran.ending).toMatchObject({ verdict: 'unknown', code: 'drone-lost', build: { number: 1 } });
  });

  test('trap 21: a server that comes back as another one is not believed', async () => {
    let other = false;
    const drone = await sim(forEver, {
      disturb: ({ method, path }) =>
        other && method === 'GET' && path.endsWith('/builds/1')
          ? {
              status: 200,
              contentType: 'application/json',
              body: JSON.stringify({ ...lastOf('10', '/api/repos/octo/hello/builds/1'), params: {} }),
            }
          : undefined,
    });
    const ran = await runBuild({ server: drone.url, limits: { lost: 200 }, onLine: () => void (other = true) });
    expect(ran.ending).toMatchObject({ verdict: 'unknown', code: 'drone-answer-malformed' });
    expect(ran.ending.message).toContain('another build under the number 1');
  });

  test('trap 22: plain http to the https port is named as what it is', async () => {
    const drone = await sim(green, {
      disturb: () => ({ status: 400, body: 'Client sent an HTTP request to an HTTPS server.\n' }),
    });
    const connection = connectDrone({ server: drone.url, token: 'bot-token' });
    await expect(preflight(connection, { repository: slug, call: 2000, poll: 5 })).rejects.toMatchObject({
      code: 'drone-url-not-accepted',
    });
    expect(count(drone, 'GET', /^\/api\/user$/)).toBe(1);
  });
});
