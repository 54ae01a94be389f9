// What Drone is to build: short, so that there is time for many cases, with an end that a killed part cannot miss.

import type { DroneScenario } from '../../src/try/drone/index.ts';
import type { Row } from './rows.ts';

const names = ['clone', 'check', 'deploy'];

/** What a green job shows, each once. */
export const ends: readonly string[] = [...names.map((name) => `✓ default/${name}`), '✓ default'];

const lines = (name: string): string[] => Array.from({ length: 5 }, (_, n) => `${name} ${n + 1}\n`);

function scenario(ms: number, more: Partial<DroneScenario> = {}, blocked = false): DroneScenario {
  const steps = names.map((name) => ({ name, lines: lines(name), ms: name === 'deploy' ? ms : 300 }));
  return { pendingMs: 300, stages: [{ name: 'default', steps, ...(blocked ? { blocked } : {}) }], ...more };
}

export const quick = scenario(300);

export function scenarioOf({ by, of }: Pick<Row, 'by' | 'of'>): DroneScenario {
  // Long enough to be cancelled, and over soon where the cancel does not arrive.
  if (by === 'cancel') return scenario(20_000);
  // A cell that looks every 2 s must see it run.
  const slow = of === 'running' || of === 'liveLog';
  return scenario(slow ? 4_000 : 1_500, {}, by === 'approval');
}

/** Holds the only place for as long as it takes to kill something. */
export const holding = scenario(4_000);
