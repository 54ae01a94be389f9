// The matrix: every row with every victim that lives then, killed and stopped; every two of them killed at once, once
// for each moment; and a seeded sample of one killed while another is stopped.

import type { Row } from './rows.ts';

export const victims = ['hook', 'gate', 'cell', 'shim', 'engine', 'drone'] as const;
export type Victim = (typeof victims)[number];

export interface Strike {
  readonly victim: Victim;
  readonly how: 'kill' | 'stop';
}

/** What a killed engine leaves alive: with live-restore its containers, else nothing once it is started again. */
export type EngineMode = 'keeps' | 'ends';

export interface Case {
  readonly name: string;
  readonly row: Row;
  readonly strikes: readonly Strike[];
  /** null: any engine will do. */
  readonly engine: EngineMode | null;
}

/** Numbers from 0 to below 1 that a seed decides (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function shuffled<T>(all: readonly T[], random: () => number): T[] {
  const rest = [...all];
  return all.flatMap(() => rest.splice(Math.floor(random() * rest.length), 1));
}

/** A cell that is not there cannot be killed. */
const livesAt = ({ cell }: Row, victim: Victim): boolean =>
  (victim !== 'cell' && victim !== 'shim') || cell === 'idle' || cell === 'either' || cell === 'ordered';

const nameOf = ({ victim, how }: Strike): string => `${how} ${victim}`;

function caseOf(row: Row, strikes: readonly Strike[], engine: EngineMode | null): Case {
  const mode = engine === null ? '' : ` (${engine === 'keeps' ? 'live-restore' : 'no live-restore'})`;
  return { name: `${row.name}: ${strikes.map(nameOf).join(' + ')}${mode}`, row, strikes, engine };
}

const killsEngine = (strikes: readonly Strike[]): boolean =>
  strikes.some(({ victim, how }) => victim === 'engine' && how === 'kill');

const pairsOf = (all: readonly Victim[]): (readonly [Victim, Victim])[] =>
  all.flatMap((one, index) => all.slice(index + 1).map((other) => [one, other] as const));

export interface MatrixOptions {
  readonly seed: number;
  /** How many kill-and-stop pairs are drawn. */
  readonly mixed: number;
}

/** In the seed's order. */
export function matrix(rows: readonly Row[], { seed, mixed }: MatrixOptions): readonly Case[] {
  const random = seeded(seed);
  const drawn = (strikes: readonly Strike[]): EngineMode | null =>
    killsEngine(strikes) ? (random() < 0.5 ? 'keeps' : 'ends') : null;
  const singles: Case[] = [];
  const pairs: Case[] = [];
  const mixes: Case[] = [];
  for (const row of rows) {
    const there = victims.filter((victim) => livesAt(row, victim));
    for (const victim of there) {
      const kill: Strike[] = [{ victim, how: 'kill' }];
      const modes: (EngineMode | null)[] = killsEngine(kill) ? ['keeps', 'ends'] : [null];
      singles.push(...modes.map((mode) => caseOf(row, kill, mode)));
      singles.push(caseOf(row, [{ victim, how: 'stop' }], null));
    }
    for (const [one, other] of row.like === undefined ? pairsOf(there) : []) {
      const both: Strike[] = [one, other].map((victim) => ({ victim, how: 'kill' }));
      pairs.push(caseOf(row, both, drawn(both)));
      for (const [killed, stopped] of [
        [one, other],
        [other, one],
      ] as const) {
        const mix: Strike[] = [
          { victim: killed, how: 'kill' },
          { victim: stopped, how: 'stop' },
        ];
        mixes.push(caseOf(row, mix, drawn(mix)));
      }
    }
  }
  const sample = shuffled(mixes, random).slice(0, mixed);
  return shuffled([...singles, ...pairs, ...sample], random);
}
