import { beforeAll, describe, expect, test } from 'vitest';
import type { DroneScenario, SimulatedDrone, SimulatedDroneOptions } from '../../src/try/drone/index.ts';
import { count, oneStage, sim, slug } from '../drone/sim.ts';
import { commit, nonce } from '../support/drone-run.ts';
import type { BuildsEvent, CellEvent, OldBuild } from '../../src/protocol/index.ts';
import { type Cell, type OrderOptions, buildScript, linesOf, orderFor, startCell } from './cells.ts';

let script = '';
beforeAll(async () => {
  script = await buildScript();
});

const green = oneStage({ name: 'deploy', lines: ['deployed\n'], ms: 60 });
const old = {
  after: commit,
  ref: 'refs/heads/main',
  event: 'push',
  status: 'success',
  trigger: '@hook',
  sender: 'octo',
  params: { ENVIRONMENT: 'staging', OLD: 'kept', AIRLOCK_NONCE: 'e'.repeat(32) },
};
type Disturbance = NonNullable<ReturnType<NonNullable<SimulatedDroneOptions['disturb']>>>;
const json = (status: number, body: string): Disturbance => ({ status, contentType: 'application/json', body });
let plant: () => void = () => {};
const asked = (drone: SimulatedDrone, kind = 'promote'): number =>
  count(drone, 'POST', new RegExp(`/builds/\\d+/${kind}$`));

const isQuestion = (event: CellEvent): event is BuildsEvent => event.k === 'builds';
/** The gate's part: what is chosen of what the cell reports; the first by default. */
type Gate = (asked: BuildsEvent, cell: Cell, drone: SimulatedDrone) => OldBuild | undefined;
const first: Gate = ({ builds }) => builds[0];
/** Many and none of them old. */
const some = async (drone: SimulatedDrone, builds: readonly object[]): Promise<SimulatedDrone> => {
  for (const build of builds) drone.plantBuild(slug, { ...old, ...build });
  return drone;
};

async function question(cell: Cell): Promise<BuildsEvent> {
  await cell.until((events) => events.some((event) => isQuestion(event) || event.k === 'result'));
  const asked = cell.events.find(isQuestion);
  if (asked === undefined) throw new Error('the cell did not ask');
  return asked;
}

/** `answer`: in place of Drone's to the promotion. */
async function play(
  scenario: DroneScenario,
  options: OrderOptions = {},
  answer?: () => Disturbance,
  gate: Gate = first,
  planted: readonly object[] = [{}],
) {
  const drone = await sim(scenario, {
    disturb: ({ method, path }) => (method === 'POST' && path.endsWith('/promote') ? answer?.() : undefined),
  });
  await some(drone, planted);
  plant = () =>
    drone.plantBuild(slug, {
      ...old,
      event: 'promote',
      parent: 1,
      deployTo: 'production',
      trigger: 'bot',
      params: { ENVIRONMENT: 'production', OLD: 'kept', AIRLOCK_NONCE: nonce },
    });
  const cell = startCell(script);
  cell.send(
    orderFor(drone.url, {
      kind: 'promote',
      choose: { events: ['push'], status: 'success' },
      build: 1,
      target: 'production',
      ref: undefined,
      commit: undefined,
      params: { ENVIRONMENT: 'production' },
      ...options,
    }),
  );
  await cell.until((events) => events.some((event) => isQuestion(event) || event.k === 'result'));
  const asked = cell.events.find(isQuestion);
  const chosen = asked === undefined ? undefined : gate(asked, cell, drone);
  if (chosen !== undefined) cell.send({ go: chosen });
  const result = await cell.result();
  const notes = cell.events.flatMap((event) => (event.k === 'state' && event.note !== undefined ? [event.note] : []));
  return { drone, result, cell, notes, asked };
}

describe('a promotion', () => {
  test.each(['promote', 'rollback'] as const)(
    'of the kind %s makes a new build of the old one and follows it',
    async (kind) => {
      const { drone, result, cell, notes } = await play(green, { kind, expect: { steps: ['default/deploy'] } });
      expect(result).toMatchObject({ verdict: 'success', code: 'ok', outputs: { number: '2', commit } });
      expect(linesOf(cell.events)).toEqual(['deployed']);
      expect(drone.builds(slug)[1]).toMatchObject({
        event: kind,
        parent: 1,
        deployTo: 'production',
        trigger: 'bot',
        params: { ENVIRONMENT: 'production', OLD: 'kept', AIRLOCK_NONCE: nonce },
      });
      expect(asked(drone, kind)).toBe(1);
      const verb = kind === 'promote' ? 'promoted' : 'rolled back';
      expect(notes[0]).toBe(`Drone's build 1 ("refs/heads/main" at "${commit}") is ${verb} to "production"`);
    },
  );

  test('says which build it is before it asks for anything', async () => {
    const { drone, notes } = await play(green, {}, () => json(404, '{"message":"Not Found"}'));
    expect(notes[0]).toContain('is promoted');
    expect(asked(drone)).toBe(1);
    expect(drone.builds(slug).length).toBe(1);
  });

  test.each<[string, () => Disturbance]>([
    ['the connection broke', () => 'hang-up'],
    ['it was 500', () => json(500, '{"message":"database is locked"}')],
  ])('whose answer is lost (%s) is found by its nonce, and asked for once', async (_name, answer) => {
    const { drone, result } = await play(green, { limits: { lookup: 10_000 } }, () => {
      plant();
      return answer();
    });
    // Nothing happens to a planted build; that it is followed is what counts.
    expect(result.outputs.number).toBe('2');
    expect(asked(drone)).toBe(1);
  });

  test('that another target or another old build answers is not ours', async () => {
    for (const other of [{ deploy_to: 'staging' }, { parent: 7 }, { event: 'rollback' }, {}]) {
      const body = {
        number: 2,
        status: 'pending',
        event: 'promote',
        parent: 1,
        deploy_to: 'production',
        trigger: 'bot',
        sender: 'octo',
        after: commit,
        ref: 'refs/heads/main',
        params: { ENVIRONMENT: 'production', OLD: 'kept', AIRLOCK_NONCE: nonce },
        started: 0,
        finished: 0,
        ...other,
      };
      const { result } = await play(green, { limits: { lost: 100 } }, () => json(200, JSON.stringify(body)));
      expect(result.code === 'not-ours').toBe(Object.keys(other).length > 0);
    }
  });

  test('that no pipeline fits says so', async () => {
    const { result } = await play(green, {}, () => json(200, 'null'));
    expect(result).toMatchObject({ verdict: 'nothing-ran', code: 'drone-nothing-matched' });
    expect(result.message).toContain('the event "promote"');
  });

  test('that came to other parameters is not ours and is ended', async () => {
    const params = { ENVIRONMENT: 'production', OLD: 'changed', AIRLOCK_NONCE: nonce };
    const { drone, result } = await play({ ...green, wrongAnswer: { params } });
    expect(result).toMatchObject({ verdict: 'not-ours', code: 'not-ours' });
    expect(result.message).toContain('its parameters are others');
    expect(drone.builds(slug)[1]?.status).toBe('killed');
  });

  test('in the open source edition of Drone is not available', async () => {
    const { drone, result } = await play(green, {}, () => json(501, '{"message":"Not Implemented"}'));
    expect(result).toMatchObject({ verdict: 'error', code: 'task-not-available' });
    expect(asked(drone)).toBe(1);
  });
});

describe('the old build', () => {
  test('that was asked for is reported as it is, whatever it is', async () => {
    const { asked } = await play(green, { choose: { events: ['custom'], status: 'success' } });
    expect(asked).toMatchObject({ base: 1, seen: 1, whole: true });
    const { after, event, status, ref, params } = old;
    expect(asked?.builds).toEqual([{ number: 1, event, status, ref, commit: after, params }]);
  });

  test('that does not exist is refused, and nothing is asked for', async () => {
    const { drone, result, asked: question } = await play(green, { build: 9 });
    expect(result).toMatchObject({ verdict: 'error', code: 'build-not-allowed' });
    expect(result.message).toContain('Drone knows no build 9');
    expect([question, asked(drone)]).toEqual([undefined, 0]);
  });

  // biome-ignore format: a table is read by its columns
  test.each<[string, Partial<OldBuild>, string]>([
    ['status', { status: 'failure' }, 'its status is another'],
    ['event', { event: 'custom' }, 'its event is another'],
    ['ref', { ref: 'refs/heads/release' }, 'its ref is another'],
    ['commit', { commit: 'd'.repeat(40) }, 'its commit is another'],
    ['parameters', { params: { ENVIRONMENT: 'staging' } }, 'its parameters are others'],
    ['number of parameters', { params: { ...old.params, MORE: 'x' } }, 'its parameters are others'],
  ])('whose %s is not what was chosen is refused, right before it is promoted', async (_name, changes, message) => {
    const { drone, result } = await play(green, {}, undefined, ({ builds }) => {
      const [build] = builds;
      return build === undefined ? undefined : { ...build, ...changes };
    });
    expect(result).toMatchObject({ verdict: 'error', code: 'build-not-allowed' });
    expect(result.message).toContain(`Drone's build 1 has changed while it was chosen: ${message}`);
    expect(asked(drone)).toBe(0);
  });
});

describe('the choice', () => {
  const numbers = (event: BuildsEvent | undefined) => event?.builds.map(({ number }) => number);
  const newest = { build: undefined };

  test('is asked for with the builds that the order wants, the newest first', async () => {
    const builds = [{}, { status: 'failure' }, { event: 'tag' }, { after: 'd'.repeat(40) }, {}];
    const { asked, result, drone } = await play(green, newest, undefined, first, builds);
    expect([numbers(asked), asked?.seen, asked?.whole, asked?.base]).toEqual([[5, 4, 1], 5, true, 5]);
    expect(result).toMatchObject({ verdict: 'success', outputs: { number: '6' } });
    expect(drone.builds(slug)[5]?.parent).toBe(5);
  });

  test('is among those of a commit and of parameters, where the order names them', async () => {
    const choose = { events: ['push', 'custom'], status: 'success', commit, params: { AIRLOCK_COMMIT: commit } };
    const source = { params: { AIRLOCK_COMMIT: commit } };
    const builds = [source, {}, { ...source, after: 'd'.repeat(40) }, { params: { AIRLOCK_COMMIT: 'x' } }];
    const { asked } = await play(green, { ...newest, choose }, undefined, first, builds);
    expect(numbers(asked)).toEqual([1]);
  });

  test('has at most 100 builds, and says that there are more', async () => {
    const { asked } = await play(green, newest, undefined, first, Array(130).fill({}));
    expect([numbers(asked)?.length, numbers(asked)?.[0], asked?.whole]).toEqual([100, 130, false]);
  });

  test('has no more than a quarter of a megabyte', async () => {
    const params = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`P${at}`, 'x'.repeat(4000)]));
    const { asked } = await play(green, newest, undefined, first, Array(10).fill({ params }));
    expect([numbers(asked), asked?.whole]).toEqual([[10, 9, 8], false]);
  });

  test('leaves out what no ordinary build has', async () => {
    const long = { params: { LONG: 'x'.repeat(5000) } };
    const { asked } = await play(green, newest, undefined, first, [{}, long, { ref: `refs/heads/${'a'.repeat(600)}` }]);
    expect([numbers(asked), asked?.seen]).toEqual([[1], 3]);
    const { result } = await play(green, { build: 1 }, undefined, first, [long]);
    expect(result).toMatchObject({ code: 'build-not-allowed' });
  });

  test('that does not come leaves everything as it is', async () => {
    const none: Gate = () => undefined;
    const { drone, result } = await play(green, { limits: { reconnect: 300 } }, undefined, none);
    expect(result).toMatchObject({ verdict: 'error', code: 'choice-missing' });
    expect(result.message).toBe('the gate did not say within 300 ms which build is meant');
    expect(asked(drone)).toBe(0);
  });

  test('is not waited for any more after a cancel', async () => {
    const { drone, result } = await play(green, {}, undefined, (_asked, cell) => {
      cell.send({ cancel: 'author' });
      return undefined;
    });
    expect(result).toMatchObject({ verdict: 'cancelled', code: 'cancelled' });
    expect(asked(drone)).toBe(0);
  });

  test('counts once: another one that follows changes nothing', async () => {
    const { drone, result } = await play(
      green,
      newest,
      undefined,
      ({ builds }, cell) => {
        const [second, other] = builds;
        cell.send({ go: second });
        cell.send({ go: second });
        cell.send({ go: other });
        return undefined;
      },
      [{}, {}],
    );
    expect(result).toMatchObject({ verdict: 'success', outputs: { number: '3' } });
    expect(drone.builds(slug).map(({ parent }) => parent)).toEqual([undefined, undefined, 2]);
  });

  test('may come before it is asked for, and is asked for again on resuming', async () => {
    const drone = await some(await sim(green), [{}]);
    const cell = startCell(script);
    const order = { kind: 'promote', choose: { events: ['push'], status: 'success' }, target: 'production' } as const;
    cell.send(orderFor(drone.url, { ...order, params: { ENVIRONMENT: 'production' } }));
    const of = (await question(cell)).builds[0];
    cell.send({ resume: { state: 0, log: 0 } });
    await cell.until((events) => events.filter(isQuestion).length === 2);
    const [one, again] = cell.events.filter(isQuestion);
    expect(again).toEqual(one);
    cell.send({ go: of });
    expect(await cell.result()).toMatchObject({ verdict: 'success', outputs: { number: '2' } });

    const early = startCell(script);
    early.send(orderFor(drone.url, { ...order, nonce: 'f'.repeat(32), params: { ENVIRONMENT: 'production' } }));
    early.send({ go: of });
    expect(await early.result()).toMatchObject({ verdict: 'success', outputs: { number: '3' } });
  });
});

describe('a promotion whose cell was killed', () => {
  const again = (event: 'promote' | 'rollback' = 'promote') => {
    const { after, event: made, status, ref, params } = old;
    return { event, of: { number: 1, event: made, status, ref, commit: after, params } } as const;
  };
  const lost = {
    kind: 'recover',
    then: 'follow',
    again: again(),
    target: 'production',
    params: { ENVIRONMENT: 'production' },
    ref: undefined,
    commit: undefined,
  } as const;
  const ours = {
    ...old,
    event: 'promote',
    parent: 1,
    deployTo: 'production',
    trigger: 'bot',
    params: { ENVIRONMENT: 'production', OLD: 'kept', AIRLOCK_NONCE: nonce },
  };
  const recover = (drone: SimulatedDrone, options: OrderOptions = {}): Cell => {
    const cell = startCell(script);
    cell.send(orderFor(drone.url, { id: 'b'.repeat(32), ...lost, ...options }));
    return cell;
  };

  test.each(['promote', 'rollback'] as const)(
    '(%s) is found by its nonce and followed, and none is made',
    async (kind) => {
      const drone = await some(await sim(oneStage({ name: 'deploy', lines: ['deployed\n'], ms: 1500 })), [{}]);
      const cell = startCell(script);
      const choose = { events: ['push'], status: 'success' };
      const { params, target } = lost;
      cell.send(orderFor(drone.url, { kind, choose, target, params }));
      cell.send({ go: (await question(cell)).builds[0] });
      await cell.until((events) => linesOf(events).length > 0);
      process.kill(cell.pid, 'SIGKILL');
      await cell.exit;
      const next = recover(drone, { again: again(kind), base: 1, expect: { steps: ['default/deploy'] } });
      expect(await next.result()).toMatchObject({ verdict: 'success', outputs: { number: '2', commit } });
      expect(linesOf(next.events)).toEqual(['deployed']);
      expect(asked(drone, kind)).toBe(1);
    },
  );

  test('that never reached Drone leaves the outcome unknown, and nothing is made', async () => {
    const drone = await some(await sim(green), [{}]);
    expect(await recover(drone).result()).toMatchObject({ verdict: 'unknown', code: 'trigger-unknown' });
    expect(asked(drone)).toBe(0);
  });

  test('is ended where that is wished', async () => {
    const drone = await some(await sim(green), [{}, { ...ours, status: 'running' }]);
    expect(await recover(drone, { then: 'cancel' }).result()).toMatchObject({ verdict: 'cancelled' });
    expect(drone.builds(slug)[1]?.status).toBe('killed');
  });

  // biome-ignore format: a table is read by its columns
  test.each<[string, object]>([
    ['is of another old build', { parent: 7 }],
    ['goes to another target', { deployTo: 'staging' }],
    ['is a rollback', { event: 'rollback' }],
    ['is no promotion', { event: 'custom', parent: 0, deployTo: '' }],
    ['was made by another account', { trigger: 'mallory' }],
    ['has another ref', { ref: 'refs/heads/evil' }],
    ['has another commit', { after: 'd'.repeat(40) }],
    ['has one parameter more', { params: { ...ours.params, MORE: 'x' } }],
  ])('and a build with its nonce that %s is left alone', async (_name, more) => {
    const drone = await some(await sim(green), [{}, { ...ours, ...more }]);
    expect(await recover(drone).result()).toMatchObject({ verdict: 'unknown', code: 'trigger-unknown' });
    expect(await recover(drone, { build: 2, then: 'cancel' }).result()).toMatchObject({ code: 'not-ours' });
    expect(count(drone, 'DELETE', /builds/)).toBe(0);
  });

  test('and a build with its nonce that is older than what was there before is left alone', async () => {
    const drone = await some(await sim(green), [{}, { ...ours, status: 'success' }]);
    expect(await recover(drone, { base: 2 }).result()).toMatchObject({ verdict: 'unknown', code: 'trigger-unknown' });
    expect(await recover(drone, { base: 2, build: 2 }).result()).toMatchObject({ code: 'not-ours' });
    // Nothing happens to a planted build; that it is followed is what counts.
    expect(await recover(drone, { base: 1 }).result()).toMatchObject({ outputs: { number: '2' } });
  });
});
