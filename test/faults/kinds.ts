// What goes wrong while a build is asked for, and when. Each kind is one way; its moment is chosen by chance, around the
// trigger: after the job began, after its order left the gate, or after the POST came to Drone.

import type { TriggerFault } from '../../src/try/drone/index.ts';
import type { Chance } from './random.ts';

export const deeds = [
  'kill gate',
  'stop gate',
  'stall gate',
  'replace stalled gate',
  'kill cell',
  'restart Drone',
  'stop Drone',
  'stall Drone',
  'cancel job',
] as const;
export type Deed = (typeof deeds)[number];

export const moments = ['job', 'order', 'trigger'] as const;
export type Moment = (typeof moments)[number];

export interface Fault {
  readonly deed: Deed;
  readonly after: Moment;
  /** Milliseconds after that moment. */
  readonly delay: number;
  /** Milliseconds that a stall or an absence lasts. */
  readonly lasts: number;
}

export interface Plan {
  readonly kind: string;
  /** How Drone answers the first trigger of a run, the second, and so on; afterwards `ok`. */
  readonly answers: readonly TriggerFault[];
  /** Of the slow ones, milliseconds. */
  readonly slow: number;
  readonly faults: readonly Fault[];
}

type Make = (luck: Chance) => Omit<Plan, 'kind'>;

const answered =
  (...answers: readonly TriggerFault[]): Make =>
  (luck) => ({ answers, slow: luck.between(0, 1800), faults: [] });

/** A gate's stall is longer than its life, or not; who replaces it has to have the time to. */
function lasting(deed: Deed): readonly [number, number] {
  if (deed === 'replace stalled gate') return [5000, 7000];
  return deed === 'stall gate' ? [50, 6000] : [50, 2500];
}

function fault(luck: Chance, deed: Deed): Fault {
  const after = luck.pick(moments);
  const delay = luck.between(0, after === 'job' ? 600 : after === 'order' ? 250 : 120);
  return { deed, after, delay, lasts: luck.between(...lasting(deed)) };
}

const done =
  (...all: readonly Deed[]): Make =>
  (luck) => ({ answers: [], slow: 0, faults: all.map((deed) => fault(luck, deed)) });

const broken = [
  'hang-up-before',
  'hang-up-after',
  'status-500-before',
  'status-500-after',
  'slow',
  'slow-before',
] as const satisfies readonly TriggerFault[];

const several: Make = (luck) => ({
  answers: [luck.pick(['ok', ...broken]), luck.pick(['ok', ...broken])],
  slow: luck.between(0, 1800),
  faults: Array.from({ length: luck.between(2, 3) }, () => fault(luck, luck.pick(deeds))),
});

const kinds: Readonly<Record<string, Make>> = {
  'nothing goes wrong': answered(),
  'Drone hangs up, no build': answered('hang-up-before'),
  'Drone hangs up, a build': answered('hang-up-after'),
  'Drone hangs up twice': answered('hang-up-before', 'hang-up-after'),
  'Drone says 500, no build': answered('status-500-before'),
  'Drone says 500, a build': answered('status-500-after'),
  'Drone says 500 twice': answered('status-500-before', 'status-500-before'),
  'Drone answers late': answered('slow'),
  'Drone builds late': answered('slow-before'),
  'Drone builds nothing': answered('null'),
  'a web page in place of Drone': answered('html'),
  'Drone restarts': done('restart Drone'),
  'Drone is away': done('stop Drone'),
  'Drone stalls': done('stall Drone'),
  'gate killed': done('kill gate'),
  'gate killed twice': done('kill gate', 'kill gate'),
  'gate stopped': done('stop gate'),
  'gate stalls': done('stall gate'),
  'gate stalls, is replaced, wakes': done('replace stalled gate'),
  'cell killed': done('kill cell'),
  'cell and gate killed': done('kill cell', 'kill gate'),
  'job cancelled': done('cancel job'),
  'several at once': several,
};

export const kindNames: readonly string[] = Object.keys(kinds);

/** The plan of a run, by its number: every kind in turn. */
export function planOf(nth: number, luck: Chance): Plan {
  const kind = kindNames[nth % kindNames.length] ?? '';
  const make = kinds[kind];
  if (make === undefined) throw new Error('no kind of fault');
  return { kind, ...make(luck) };
}
