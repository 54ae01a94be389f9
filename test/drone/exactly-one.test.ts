// Faults at random points of the trigger. Whatever happens: one build at most, no success without it, and an outcome
// that is either known or called unknown.

import { describe, expect, test } from 'vitest';
import {
  type DroneScenario,
  type SimulatedDrone,
  type TriggerFault,
  startSimulatedDrone,
} from '../../src/try/drone/index.ts';
import { type Ran, runBuild } from '../support/drone-run.ts';
import { slug } from './sim.ts';

/** mulberry32: a run that fails can be repeated by its seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const faults: readonly TriggerFault[] = [
  'ok',
  'hang-up-before',
  'hang-up-after',
  'status-500-before',
  'status-500-after',
  'slow',
  'slow-before',
  'null',
  'html',
];

interface Injected {
  readonly seed: number;
  readonly ran: Ran | undefined;
  readonly refused: string | undefined;
  readonly drone: SimulatedDrone;
  /** How Drone answered the triggers that came to it. */
  readonly met: readonly TriggerFault[];
}

/** Milliseconds. A machine that is busy makes more of the outcomes unknown, and none of them wrong. */
const limits = { trigger: 200, lookup: 400, poll: 10, call: 1000, lost: 4000 };

async function inject(seed: number): Promise<Injected> {
  const next = random(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(next() * items.length)] as T;
  const plan = [pick(faults), pick(faults), pick(faults)];
  const met: TriggerFault[] = [];
  const scenario: DroneScenario = {
    stages: [{ name: 'default', steps: [{ name: 'deploy', lines: ['deploying\n'], ms: 10 }] }],
    pendingMs: 5,
    trigger: (nth) => {
      const fault = plan[nth - 1] ?? 'ok';
      met.push(fault);
      return fault;
    },
    slowMs: Math.floor(next() * 2 * limits.trigger),
  };
  // How often a look at the list or at the build fails.
  const trouble = pick([0, 0, 0.2, 0.5]);
  const drone = await startSimulatedDrone({
    users: [{ login: 'bot', token: 'bot-token', write: [slug] }],
    repositories: [{ slug, scenario }],
    disturb: ({ method, path }) => {
      if (method !== 'GET' || !path.includes('/builds') || next() >= trouble) return undefined;
      return pick(['hang-up', { status: 500, body: '{}' }, { delayMs: 30 }] as const);
    },
  });
  const restart = next() < 0.25 ? Math.floor(next() * 60) : undefined;
  const timer = restart === undefined ? undefined : setTimeout(() => void drone.restart(), restart);
  try {
    const ran = await runBuild({ server: drone.url, limits });
    return { seed, ran, refused: undefined, drone, met };
  } catch (error) {
    return { seed, ran: undefined, refused: (error as Error).message, drone, met };
  } finally {
    clearTimeout(timer);
  }
}

/** What must hold, as text, so that a failure tells the seed. */
function broken({ seed, ran, refused, drone }: Injected): readonly string[] {
  const builds = drone.builds(slug);
  const alive = builds.filter((build) => build.status !== 'killed');
  const ending = ran?.ending;
  const rules: readonly (readonly [string, boolean])[] = [
    ['one build at most', alive.length <= 1],
    [
      'a success is a build that Drone calls a success',
      ending?.verdict !== 'success' || alive[0]?.status === 'success',
    ],
    [
      'a success is of the build that is followed',
      ending?.verdict !== 'success' || ending.build?.number === alive[0]?.number,
    ],
    ['nothing refused has a build', refused === undefined || builds.length === 0],
    ['"nothing started" has no build', ending?.code !== 'drone-nothing-matched' || alive.length === 0],
    [
      'a build that was made is followed or called unknown',
      alive.length === 0 || ending?.build !== undefined || ending?.verdict === 'unknown',
    ],
  ];
  return rules.filter(([, holds]) => !holds).map(([rule]) => `seed ${seed}: ${rule} (${ending?.code ?? refused})`);
}

describe('500 triggers with faults at random points', () => {
  test('never make two builds and are never green without one', { timeout: 300_000 }, async () => {
    const failures: string[] = [];
    const met = new Map<TriggerFault, number>();
    let successes = 0;
    let seed = 1;
    const worker = async (): Promise<void> => {
      while (seed <= 500) {
        const result = await inject(seed++);
        failures.push(...broken(result));
        for (const fault of result.met) met.set(fault, (met.get(fault) ?? 0) + 1);
        if (result.ran?.ending.verdict === 'success') successes++;
        await result.drone.close();
      }
    };
    await Promise.all(Array.from({ length: 15 }, worker));
    expect(failures).toEqual([]);
    // The faults were really there, and survived. How often, the load of the machine decides too.
    expect(Object.fromEntries(met)).toEqual(Object.fromEntries(faults.map((fault) => [fault, expect.any(Number)])));
    expect(Math.min(...met.values())).toBeGreaterThan(10);
    expect(successes).toBeGreaterThan(10);
  });
});
