import { beforeAll, describe, expect, test } from 'vitest';
import type { DroneScenario, SimulatedDrone, SimulatedDroneOptions } from '../../src/try/drone/index.ts';
import { count, oneStage, sim, slug } from '../drone/sim.ts';
import { commit, nonce } from '../support/drone-run.ts';
import { type OrderOptions, buildScript, linesOf, orderFor, startCell } from './cells.ts';

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

/** `answer`: in place of Drone's to the promotion. */
async function play(scenario: DroneScenario, options: OrderOptions = {}, answer?: () => Disturbance) {
  const drone = await sim(scenario, {
    disturb: ({ method, path }) => (method === 'POST' && path.endsWith('/promote') ? answer?.() : undefined),
  });
  drone.plantBuild(slug, old);
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
      build: 1,
      target: 'production',
      ref: undefined,
      commit: undefined,
      params: { ENVIRONMENT: 'production' },
      ...options,
    }),
  );
  const result = await cell.result();
  const notes = cell.events.flatMap((event) => (event.k === 'state' && event.note !== undefined ? [event.note] : []));
  return { drone, result, cell, notes };
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
  // biome-ignore format: a table is read by its columns
  test.each<[string, OrderOptions, string]>([
    ['that does not exist', { build: 9 }, 'Drone knows no build 9'],
    ['of another ref', { ref: 'refs/heads/release' }, 'is of "refs/heads/main", not of "refs/heads/release"'],
    ['of another commit', { commit: 'd'.repeat(40) }, `is of the commit "${commit}"`],
  ])('%s is refused, and nothing is asked for', async (_name, options, message) => {
    const { drone, result } = await play(green, options);
    expect(result).toMatchObject({ verdict: 'error', code: 'build-not-allowed' });
    expect(result.message).toContain(message);
    expect(asked(drone)).toBe(0);
  });

  test('of the ref and the commit that the order names is taken', async () => {
    const { result } = await play(green, { ref: 'refs/heads/main', commit });
    expect(result).toMatchObject({ verdict: 'success' });
  });
});
