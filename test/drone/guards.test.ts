import { type Socket, createServer as createTcpServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { type Build, parseBuild } from '../../src/drone/answers.ts';
import { StageClock } from '../../src/drone/cancel-window.ts';
import { connectDrone } from '../../src/drone/connection.ts';
import { difference } from '../../src/drone/ours.ts';
import { preflight } from '../../src/drone/preflight.ts';
import { runBuild } from '../support/drone-run.ts';
import { call, http, listen, refusal } from './servers.ts';
import { oneStage, posts, sim } from './sim.ts';
import { endingOf, long, messageOf, start, task, withFault } from './start.ts';

// Rules whose absence no other test would notice (test/guards).

describe('an account', () => {
  const answering = async (active: boolean) => {
    const bodies: Readonly<Record<string, object>> = {
      '/api/user': { login: 'bot', admin: true, active },
      '/api/repos/octo/hello': { slug: 'octo/hello', active: true, user_id: 1, timeout: 60, counter: 3 },
    };
    const server = await http((request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(bodies[request.url ?? '']));
    });
    return preflight(connectDrone({ server, token: 'x' }), { repository: 'octo/hello', call: 5000, poll: 5 });
  };

  test('that is active passes', async () => {
    expect(await answering(true)).toMatchObject({ login: 'bot', base: 3 });
  });

  test('that Drone shows as inactive is refused', async () => {
    await expect(answering(false)).rejects.toMatchObject({
      code: 'drone-token-rejected',
      message: 'Drone\'s account "bot" is not active',
    });
  });
});

describe('a build', () => {
  const ours = {
    number: 1,
    status: 'pending' as const,
    event: 'custom',
    trigger: 'bot',
    sender: 'bot',
    after: task().commit ?? '',
    ref: 'refs/heads/main',
    params: task().params,
    started: 0,
    finished: 0,
  };

  test('that is all that was asked for is ours', () => {
    expect(difference(task(), ours)).toBeUndefined();
  });

  test.each(['push', 'cron', 'promote', ''])('of the event %j is not ours, whatever else it is', (event) => {
    expect(difference(task(), { ...ours, event })).toBe('its event is not custom');
  });
});

describe('the state of a build', () => {
  const scenario = oneStage({ name: 'deploy', lines: ['a\n'], ms: Number.POSITIVE_INFINITY });

  test.each([202, 404, 403])('is not taken from an answer of %i, whatever it holds', async (status) => {
    let body: object | undefined;
    const drone = await sim(scenario, {
      disturb: ({ method, path }) =>
        body !== undefined && method === 'GET' && path.endsWith('/builds/1')
          ? { status, contentType: 'application/json', body: JSON.stringify(body) }
          : undefined,
    });
    const ran = await runBuild({
      server: drone.url,
      limits: { lost: 200 },
      logs: 'none',
      onPhase: (phase) => {
        if (phase !== 'running' || body !== undefined) return;
        void fetch(`${drone.url}/api/repos/octo/hello/builds/1`, { headers: { authorization: 'Bearer bot-token' } })
          .then((answer) => answer.json() as Promise<object>)
          .then((build) => {
            const steps = [{ number: 1, name: 'deploy', status: 'success', exit_code: 0 }];
            const stage = {
              number: 1,
              name: 'default',
              status: 'success',
              exit_code: 0,
              started: 1,
              stopped: 2,
              steps,
            };
            body = { ...build, status: 'success', stages: [stage] };
          });
      },
    });
    expect(ran.ending).toMatchObject({ verdict: 'unknown', code: 'drone-lost' });
  });
});

describe('the list of builds', () => {
  test.each([500, 404, 403, 204])('answered with %i proves no absence: the trigger is not repeated', async (status) => {
    const drone = await sim(withFault('hang-up-before'), {
      disturb: ({ method, path }) =>
        method === 'GET' && path.endsWith('/builds')
          ? { status, contentType: 'application/json', body: status === 204 ? '' : '[]' }
          : undefined,
    });
    expect(endingOf(await start(drone))).toBe('unknown/trigger-unknown');
    expect(posts(drone)).toBe(1);
  });

  test('that is there and empty proves it: the trigger is repeated once', async () => {
    const drone = await sim(withFault('hang-up-before'));
    expect(endingOf(await start(drone))).toBe('unknown/trigger-unknown');
    expect(posts(drone)).toBe(2);
  });
});

describe('a repository', () => {
  test('that was never enabled is told as such when only the trigger finds out', async () => {
    const drone = await sim(long, {
      disturb: ({ method, path }) =>
        method === 'POST' && path.endsWith('/builds')
          ? { status: 404, contentType: 'application/json', body: '{"message":"sql: no rows in result set"}' }
          : undefined,
    });
    const triggered = await start(drone);
    expect([endingOf(triggered), messageOf(triggered)]).toEqual([
      'error/drone-repository-disabled',
      'the repository "octo/hello" was never enabled in Drone',
    ]);
  });
});

describe("a proxy's header", () => {
  test('without an end is given up as soon as it is too long, not at the time limit', async () => {
    let sent = 0;
    const pour = (client: Socket): void => {
      const more = (): void => {
        while (!client.destroyed && client.write('y'.repeat(1024))) sent += 1024;
      };
      client.on('error', () => undefined);
      client.once('data', () => {
        client.write('HTTP/1.1 200 OK\r\nX: ');
        client.on('drain', more);
        more();
      });
    };
    const proxy = `http://127.0.0.1:${await listen(createTcpServer(pour))}`;
    const { code, reached, message } = await refusal(call({ server: 'http://drone.internal', proxy }, { limit: 3000 }));
    expect([code, reached]).toEqual(['drone-unreachable', 'never']);
    expect(message).not.toContain('within');
    expect(sent).toBeGreaterThan(0);
  });
});

describe('the start of a stage', () => {
  const at = 1_700_000_000_000;
  const running = (started: number): Build =>
    parseBuild({
      number: 1,
      status: 'running',
      event: 'custom',
      trigger: '',
      sender: '',
      after: '',
      ref: '',
      started: 0,
      finished: 0,
      stages: [{ number: 1, name: 'a', status: 'running', exit_code: 0, started, stopped: 0 }],
    });
  const delayOf = (age: number): number => {
    const clock = new StageClock();
    clock.see(running((at - age) / 1000), at);
    return clock.delay(running(0), at + 5000);
  };

  test('that is minutes ago is believed: its runner sleeps now', () => {
    expect(delayOf(30_000)).toBeGreaterThan(0);
  });

  test('that is days ago or in an hour is not: the clock is wrong', () => {
    expect([delayOf(2 * 86_400_000 + 30_000), delayOf(-3_600_000)]).toEqual([0, 0]);
  });
});
