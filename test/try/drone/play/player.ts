// Plays a recording against a simulated Drone of the same world: the same requests in the same order. A request that reads is asked
// again, and the build moved on a step each time, until the answer is the recorded one or the build has ended; so it is the
// order of states that is compared, not their times. Before a cancel the build is moved to where it was.

import { type SimulatedDrone, startSimulatedDrone } from '../../../../src/try/drone/index.ts';
import { type Answer, ask } from '../client.ts';
import { answerElsewhere } from './elsewhere.ts';
import { Mover } from './mover.ts';
import { isConflict, type ObservedBuild, Observations } from './observed.ts';
import {
  type Exchange,
  filled,
  type Note,
  numberOf,
  type RecordedRequest,
  type Recording,
  slugOf,
} from './recording.ts';
import { compareAnswers, Report, type Seen } from './report.ts';
import { Streams } from './streams.ts';
import { Wheel } from './wheel.ts';
import { faultOf, type Next, tokenOf, wasLost, worldOf } from './world.ts';

/** For a client that gives up: the simulated server would answer after a minute. */
const GIVE_UP_MS = 250;
const SAME_MOMENT_SECONDS = 1;
/** How far a step had come that a lost cancel found running: somewhere in its middle. */
const MIDDLE = 4;

export async function play(recording: Recording): Promise<Report> {
  const seen = new Observations(recording);
  const next: Next = { trigger: 'ok', slowMs: 1 };
  const wheel = new Wheel();
  const drone = await startSimulatedDrone({ ...worldOf(recording, seen, next), wait: wheel.wait });
  plantOlder(drone, seen);
  const player = new Player(recording, seen, next, drone, new Mover(drone, wheel));
  try {
    return await player.run();
  } finally {
    await player.stop();
  }
}

/** Builds that were there before the recording began. */
function plantOlder(drone: SimulatedDrone, seen: Observations): void {
  for (const [slug, { builds }] of seen.repositories) {
    const older = [...builds].filter(([, { madeHere }]) => !madeHere).sort(([a], [b]) => a - b);
    for (const [, { states }] of older) if (states[0] !== undefined) drone.plantBuild(slug, plantable(states[0].build));
  }
}

function plantable(build: ObservedBuild): NonNullable<Parameters<SimulatedDrone['plantBuild']>[1]> {
  const { parent, deploy_to: deployTo, error, ...same } = build;
  return {
    ...same,
    ...(parent === undefined ? {} : { parent }),
    ...(deployTo === undefined ? {} : { deployTo }),
    ...(error === undefined ? {} : { error }),
  };
}

interface Event {
  at: number;
  /** For a person. */
  what: string;
  run: () => Promise<void>;
}

class Player {
  readonly #recording: Recording;
  readonly #seen: Observations;
  readonly #next: Next;
  readonly #drone: SimulatedDrone;
  readonly #mover: Mover;
  readonly #report = new Report();
  readonly #streams: Streams;

  constructor(recording: Recording, seen: Observations, next: Next, drone: SimulatedDrone, mover: Mover) {
    this.#recording = recording;
    this.#seen = seen;
    this.#next = next;
    this.#drone = drone;
    this.#mover = mover;
    this.#streams = new Streams(drone.url, mover, this.#report);
  }

  async run(): Promise<Report> {
    for (const { what, run } of this.#timeline()) {
      try {
        await run();
      } catch (error) {
        this.#report.broken(what, error);
      }
    }
    return this.#report;
  }

  async stop(): Promise<void> {
    this.#streams.close();
    await this.#drone.close();
  }

  /** Polls and streams of a recording went on side by side with its other requests. */
  #timeline(): Event[] {
    const events = this.#recording.items.flatMap((item): Event[] => {
      if (item.kind === 'note') return [{ at: item.at, what: item.note ?? 'note', run: () => this.#note(item) }];
      const what = `${item.request.method} ${item.request.path}`;
      if (item.kind === 'exchange') return [{ at: this.#moment(item), what, run: () => this.#exchange(item) }];
      if (item.kind === 'poll') {
        const answered = item.answers.filter(({ failed }) => failed === undefined);
        return answered.map((answer) => ({ at: answer.at, what, run: () => this.#read(item.request, answer) }));
      }
      return [
        { at: item.at, what, run: () => this.#streams.open(item) },
        { at: item.ended.at, what, run: () => this.#streams.end(item) },
      ];
    });
    return events.sort((a, b) => a.at - b.at);
  }

  /** Of two cancels at the same moment, the one that lost the race goes first: it changes nothing. */
  #moment(item: Exchange): number {
    const rival = this.#rival(item);
    return rival === undefined ? item.at : Math.min(item.at, rival.at) - 1e-6;
  }

  /** The cancel that a cancel lost its race to. */
  #rival({ at, request, response }: Exchange): Exchange | undefined {
    if (response === undefined || !isConflict(request.method, response)) return undefined;
    return this.#recording.items.find(
      (item): item is Exchange =>
        item.kind === 'exchange' &&
        item.request.method === 'DELETE' &&
        item.request.path === request.path &&
        item.response?.status === 200 &&
        Math.abs(item.at - at) < SAME_MOMENT_SECONDS,
    );
  }

  async #exchange(item: Exchange): Promise<void> {
    const { request, response } = item;
    Object.assign(this.#next, faultOf(item));
    if (response === undefined) return this.#unanswered(item);
    const elsewhere = await answerElsewhere(request, response);
    if (elsewhere !== undefined) return this.#report.add(request, compareAnswers(response, elsewhere));
    if (request.method === 'GET') return this.#read(request, response);
    if (request.method === 'DELETE') await this.#beforeCancel(request.path, this.#rival(item)?.response ?? response);
    this.#report.add(request, compareAnswers(response, await this.#send(request)));
  }

  async #note({ note }: Note): Promise<void> {
    if (note === 'server killed' || note === 'SIGTERM') await this.#drone.restart();
    if (note !== 'runner killed') return;
    // What it had printed was recorded; it printed nothing later.
    for (const slug of this.#seen.repositories.keys()) while (await this.#mover.all(slug));
    this.#drone.killRunner();
  }

  async #beforeCancel(path: string, { json }: Seen): Promise<void> {
    const slug = slugOf(path);
    const number = numberOf(path);
    if (slug === undefined || number === undefined || typeof json !== 'object' || json === null) return;
    if (!('stages' in json) && !('status' in json)) return;
    const lost = wasLost(this.#seen.build(slug, number), this.#recording);
    await this.#mover.beforeCancel(path, json as ObservedBuild, lost ? MIDDLE : Number.POSITIVE_INFINITY);
  }

  #send({ method, as, body, path }: RecordedRequest, giveUpMs?: number): Promise<Answer> {
    return ask(this.#drone.url, filled(path), {
      method,
      ...(as === undefined ? {} : { token: tokenOf(as) }),
      ...(body === undefined ? {} : { body }),
      ...(giveUpMs === undefined ? {} : { giveUpMs }),
    });
  }

  /** Reads until the answer is the recorded one; reports the answer that came closest. */
  async #read(request: RecordedRequest, recorded: Seen): Promise<void> {
    let closest: string[] | undefined;
    for (;;) {
      const answer = await this.#send(request);
      const found = compareAnswers(recorded, answer);
      if (closest === undefined || found.length < closest.length) closest = found;
      if (found.length === 0 || !(await this.#mover.step(request.path, recorded, answer))) break;
    }
    this.#report.add(request, closest);
  }

  async #unanswered({ request, failed = '' }: Exchange): Promise<void> {
    const refused = failed === 'ECONNREFUSED';
    if (refused) await this.#drone.stop();
    const gaveUp = failed.startsWith('client gave up');
    const outcome = await this.#send(request, gaveUp ? GIVE_UP_MS : undefined).then(
      ({ status }) => `status ${status}`,
      (error: unknown) => (error as { code?: string }).code ?? (error as Error).message,
    );
    if (refused) await this.#drone.start();
    const wanted = gaveUp ? 'client gave up' : failed;
    this.#report.add(request, outcome.startsWith(wanted) ? [] : [`answer: recorded ${failed}, simulated ${outcome}`]);
  }
}
