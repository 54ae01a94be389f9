import { describe, expect, test } from 'vitest';
import type { Build } from '../../src/drone/answers.ts';
import { StageClock, type Window, droneWindow } from '../../src/drone/cancel-window.ts';
import { cancelBuild } from '../../src/drone/cancel.ts';
import { connectDrone } from '../../src/drone/connection.ts';
import type { CancelMode, DroneScenario } from '../../src/try/drone/index.ts';
import { type RunOptions, nonce, quick, runBuild } from '../support/drone-run.ts';
import { recording } from '../support/recordings.ts';
import { buildOf, scripted, stageOf, stepOf } from './scripted.ts';
import { cancelOn, count, deletes, oneStage, sim, slug } from './sim.ts';

const build = (...stages: readonly (readonly [number, 'running' | 'pending' | 'success', number?])[]): Build => ({
  number: 1,
  status: 'running',
  event: 'custom',
  trigger: 'bot',
  sender: 'bot',
  after: 'a'.repeat(40),
  ref: 'refs/heads/main',
  started: 0,
  finished: 0,
  stages: stages.map(([number, status, started = 0]) => ({
    number,
    name: `s${number}`,
    status,
    exit_code: 0,
    started,
    stopped: 0,
  })),
});

/** A clock that saw the stages begin at these moments, to the millisecond. */
function clockOf(...begun: readonly number[]): StageClock {
  const clock = new StageClock();
  const seen: (readonly [number, 'running' | 'pending'])[] = begun.map((_, index) => [index + 1, 'pending']);
  clock.see(build(...seen), Math.min(...begun) - 1);
  for (const [index, at] of [...begun.entries()].toSorted((a, b) => a[1] - b[1])) {
    clock.see(build(...seen), at - 1);
    seen[index] = [index + 1, 'running'];
    clock.see(build(...seen), at);
  }
  return clock;
}
const running = (stages: number): Build =>
  build(...Array.from({ length: stages }, (_, index) => [index + 1, 'running'] as const));

describe('the moment of a cancel', () => {
  const start = 1_000_000;
  const clock = clockOf(start);

  // Recording 38: which of the 24 cancels were lost.
  const item = recording('38').items.find((one) => one.kind === 'note' && one.note === 'each build');
  if (item?.kind !== 'note') throw new Error('the recording has changed');
  const measured = item.data as readonly { secondsAfterStart: number; ranToItsEnd: boolean }[];

  test.each(measured)(
    '$secondsAfterStart s after the start (lost in the recording: $ranToItsEnd)',
    ({ secondsAfterStart, ranToItsEnd }) => {
      const delay = clock.delay(running(1), start + secondsAfterStart * 1000);
      if (ranToItsEnd) expect(delay).toBeGreaterThan(0);
      // None that is sent at once was lost, and none waits longer than Drone's deaf time and a margin.
      expect(delay === 0 && ranToItsEnd).toBe(false);
      expect(delay).toBeLessThanOrEqual(13_000);
      const sentAt = (secondsAfterStart + delay / 1000) % 40;
      expect(sentAt).toBeGreaterThanOrEqual(1);
      expect(sentAt).toBeLessThanOrEqual(28);
    },
  );

  test('most cancels are sent at once', () => {
    const atOnce = Array.from({ length: 400 }, (_, tenth) => clock.delay(running(1), start + tenth * 100)).filter(
      (delay) => delay === 0,
    );
    expect(atOnce.length / 400).toBeGreaterThan(0.65);
  });

  test('nothing runs: at once', () => {
    expect(clock.delay(build([1, 'pending']), start + 35_000)).toBe(0);
    expect(clock.delay(build([1, 'success']), start + 35_000)).toBe(0);
  });

  test('two stages: the first moment at which both runners listen', () => {
    const two = clockOf(start, start + 20_000);
    const now = start + 30_000;
    const delay = two.delay(running(2), now);
    for (const begun of [start, start + 20_000]) {
      const phase = ((now + delay - begun) / 1000) % 40;
      expect(phase).toBeGreaterThanOrEqual(1);
      expect(phase).toBeLessThanOrEqual(28);
    }
    expect(delay).toBeLessThan(13_000);
  });

  test('three stages that never listen together: the first moment of most', () => {
    const three = clockOf(start, start + 13_000, start + 27_000);
    const now = start + 40_000;
    const delay = three.delay(running(3), now);
    const heard = [start, start + 13_000, start + 27_000].filter((begun) => {
      const phase = ((now + delay - begun) / 1000) % 40;
      return phase >= 1 && phase <= 28;
    });
    expect(heard.length).toBeGreaterThanOrEqual(2);
  });

  test('a start that is known only to some seconds narrows the window', () => {
    const late = new StageClock();
    late.see(build([1, 'pending']), start);
    late.see(running(1), start + 10_000);
    // By the later bound its age is 21 s, by the earlier one 31 s: too late for this turn.
    expect(late.delay(running(1), start + 31_000)).toBeGreaterThan(0);
    expect(late.delay(running(1), start + 25_000)).toBe(0);
  });

  test('a stage that runs at the first look is dated by its own clock', () => {
    const adopted = new StageClock();
    adopted.see(build([1, 'running', start / 1000]), start + 33_000);
    expect(adopted.delay(running(1), start + 33_000)).toBeGreaterThan(0);
  });

  test('a clock that cannot be right is not believed', () => {
    const wrong = new StageClock();
    wrong.see(build([1, 'running', 99_999_999_999]), start);
    expect(wrong.delay(running(1), start + 2000)).toBe(0);
  });

  test('the real window is the measured one', () => {
    expect(droneWindow).toEqual({ cycle: 40_000, from: 1000, to: 28_000, deaf: 30_000 });
  });
});

/** Drone's cycle in a hundredth of its time, for a Drone whose times are scaled alike. */
const fast: Window = { cycle: 400, from: 10, to: 280, deaf: 300 };

async function cancelled(cancel: CancelMode, options: Partial<RunOptions> = {}, more: Partial<DroneScenario> = {}) {
  const steps = oneStage({ name: 'work', lines: ['working\n'], ms: 100_000 }, { name: 'after' });
  const drone = await sim({ ...steps, cancel, ...more }, { timeScale: 0.01 });
  const controller = new AbortController();
  const ran = await runBuild({
    server: drone.url,
    window: fast,
    cancel: controller.signal,
    limits: { queue: 30_000 },
    ...options,
    onPhase: (phase) => {
      if (phase === 'running') setTimeout(() => controller.abort('author'), 30);
    },
  });
  return { drone, ran };
}

describe('a cancel', () => {
  test('ends the running step, and its stored log proves it', async () => {
    const { drone, ran } = await cancelled('honoured');
    expect(ran.ending).toMatchObject({ verdict: 'cancelled', code: 'cancelled' });
    expect(ran.phases.slice(-2)).toEqual(['cancelling', 'done']);
    expect(deletes(drone)).toBe(1);
    expect(drone.builds(slug)[0]?.stages[0]?.steps[0]?.alive).toBe(false);
  });

  test('whose step runs on is called lost, with the step that shows it (recording 62)', async () => {
    const { drone, ran } = await cancelled('lost', { limits: { cancel: 200 } });
    expect(ran.ending).toMatchObject({ verdict: 'cancel-lost', code: 'cancel-lost' });
    expect(ran.ending.message).toContain('no stored log of "default/work"');
    expect(drone.builds(slug)[0]?.stages[0]?.steps[0]?.alive).toBe(true);
  });

  test('is timed to the moment in which Drone does not lose it', async () => {
    const steps = oneStage({ name: 'work', ms: Number.POSITIVE_INFINITY });
    const drone = await sim({ ...steps, cancel: 'by-the-clock' }, { timeScale: 0.05 });
    const controller = new AbortController();
    const ran = await runBuild({
      server: drone.url,
      // The simulated cycle lasts 2 s; its last quarter is deaf.
      window: { cycle: 2000, from: 50, to: 1200, deaf: 1500 },
      cancel: controller.signal,
      limits: { cancel: 400 },
      onPhase: (phase) => {
        if (phase === 'running') setTimeout(() => controller.abort('author'), 1550);
      },
    });
    expect(ran.ending.verdict).toBe('cancelled');
    expect(deletes(drone)).toBe(1);
  });

  test('that meets another one (409) is repeated', async () => {
    const { drone, ran } = await cancelled('conflict-once');
    expect(ran.ending.verdict).toBe('cancelled');
    expect(deletes(drone)).toBe(2);
  });

  test('of a pending build is sent at once, and nothing has to be proved', async () => {
    const drone = await sim({ ...oneStage({ name: 'work' }), pendingMs: Number.POSITIVE_INFINITY });
    const ran = await runBuild({
      server: drone.url,
      window: droneWindow,
      cancel: cancelOn(drone, 'GET', /\/builds\/1$/),
    });
    expect(ran.ending).toMatchObject({ verdict: 'cancelled', build: { status: 'killed' } });
    expect(count(drone, 'GET', /\/logs\//)).toBe(0);
  });

  test('before the number is known ends the build that the list shows', async () => {
    const drone = await sim({ ...oneStage({ name: 'work', ms: 100_000 }), trigger: 'slow', slowMs: 20_000 });
    const ran = await runBuild({ server: drone.url, cancel: cancelOn(drone, 'POST', /\/builds$/) });
    expect(ran.ending.verdict).toBe('cancelled');
    expect(drone.builds(slug).map((one) => one.status)).toEqual(['killed']);
  });

  test('that comes too late changes nothing: the verdict stays Drone’s', async () => {
    const drone = await sim(oneStage({ name: 'work', ms: 60 }));
    const controller = new AbortController();
    const ran = await runBuild({
      server: drone.url,
      // The moment never comes before the build's own end.
      window: { cycle: 100_000, from: 99_999, to: 100_000, deaf: 200_000 },
      cancel: controller.signal,
      onPhase: (phase) => {
        if (phase === 'running') controller.abort('author');
      },
    });
    expect(ran.ending).toMatchObject({ verdict: 'success', code: 'ok' });
    expect(deletes(drone)).toBe(0);
  });

  test('that Drone never takes is called lost', async () => {
    const drone = await sim(oneStage({ name: 'work', ms: Number.POSITIVE_INFINITY }), {
      disturb: ({ method }) =>
        method === 'DELETE' ? { status: 500, body: '{"message":"no"}', contentType: 'application/json' } : undefined,
    });
    const ran = await runBuild({
      server: drone.url,
      cancel: cancelOn(drone, 'GET', /\/builds\/1$/),
      limits: { cancel: 150 },
    });
    expect(ran.ending).toMatchObject({ verdict: 'cancel-lost', code: 'cancel-lost' });
    expect(ran.ending.message).toContain('Drone answered 500 "no"');
    expect(deletes(drone)).toBeGreaterThan(1);
  });

  test('whose answer is lost is repeated, and the build that is killed meanwhile counts as ours', async () => {
    let first = true;
    const drone = await sim(oneStage({ name: 'work', ms: Number.POSITIVE_INFINITY }), {
      disturb: ({ method }) => {
        if (method !== 'DELETE' || !first) return undefined;
        first = false;
        return 'hang-up';
      },
    });
    const ran = await runBuild({ server: drone.url, cancel: cancelOn(drone, 'GET', /\/builds\/1$/) });
    expect(ran.ending.verdict).toBe('cancelled');
  });

  test('whose answer shows another build is not believed: the cancel is repeated, and its end is our own build’s', async () => {
    let asked = 0;
    const drone = await sim(oneStage({ name: 'work', ms: Number.POSITIVE_INFINITY }), {
      disturb: ({ method }) => {
        if (method !== 'DELETE' || asked++ > 0) return undefined;
        const other = {
          ...build([1, 'success']),
          number: 9,
          status: 'success',
          params: { AIRLOCK_NONCE: 'f'.repeat(32) },
        };
        return { status: 200, contentType: 'application/json', body: JSON.stringify(other) };
      },
    });
    const ran = await runBuild({ server: drone.url, cancel: cancelOn(drone, 'GET', /\/builds\/1$/) });
    expect(ran.ending).toMatchObject({ verdict: 'cancelled', build: { number: 1, status: 'killed' } });
    expect(deletes(drone)).toBe(2);
  });

  test('that Drone takes while a look at the build goes on to show it running is called lost', async () => {
    const params = { AIRLOCK_NONCE: nonce };
    const stages = [stageOf('running', [stepOf(1, 'running')])];
    const controller = new AbortController();
    let answered: (() => void) | undefined;
    const taken = new Promise<void>((resolve) => {
      answered = resolve;
    });
    const drone = await scripted({
      build: async (look) => {
        if (look === 2) controller.abort('author');
        if (look > 2) await taken;
        return buildOf('running', { params, stages });
      },
      post: () => buildOf('pending', { params }),
      remove: () => {
        setTimeout(() => answered?.(), 100);
        return buildOf('killed', { params, stages: [stageOf('killed', [stepOf(1, 'killed')])] });
      },
    });
    const ran = await runBuild({
      server: drone.url,
      cancel: controller.signal,
      limits: { cancel: 200, poll: 10 },
    });
    expect(ran.ending).toMatchObject({ verdict: 'cancel-lost', code: 'cancel-lost' });
    expect(ran.ending.message).toContain('still shows the build as running');
  });

  test('is not sent when the build is over', async () => {
    const drone = await sim(oneStage({ name: 'work' }));
    const connection = connectDrone({ server: drone.url, token: 'bot-token' });
    const outcome = await cancelBuild(connection, {
      repository: slug,
      latest: () => running(1),
      clock: new StageClock(),
      limits: quick,
      verify: true,
      over: AbortSignal.abort(),
      note: () => {},
      onBuild: () => {},
    });
    expect(outcome).toEqual({ sent: false });
    expect(deletes(drone)).toBe(0);
  });
});
