// Plays a recording against a simulated Drone of the same world: the same requests in the same order. A request that reads is asked
// again, and the build moved on a step each time, until the answer is the recorded one or the build has ended; so it is the
// order of states that is compared, not their times. Before a cancel the build is moved to where it was.

import { setTimeout as sleep } from 'node:timers/promises';
import { type SimulatedDrone, startSimulatedDrone } from '../../../../src/try/drone/index.ts';
import { type Answer, ask } from '../client.ts';
import { answerElsewhere } from './elsewhere.ts';
import { Mover } from './mover.ts';
import { isConflict, type ObservedBuild, Observations } from './observed.ts';
import { isEndOfRunner, isEndOfServer } from './notes.ts';
import { Others } from './others.ts';
import { tokenOf } from './people.ts';
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
import { faultOf, isFailedRefresh, type Next, wasLost, worldOf } from './world.ts';

/** How long a client that gives up waits for an answer that would come after a minute, once its request has arrived. */
const GIVE_UP_MS = 50;
/** How long its request may take to arrive, on a busy machine. */
const ARRIVAL_MS = 10_000;
const SAME_MOMENT_SECONDS = 1;
/** How far a step had come that a lost cancel found running: somewhere in its middle. */
const MIDDLE = 4;

export async function play(recording: Recording): Promise<Report> {
  const seen = new Observations(recording);
  const next: Next = { trigger: 'ok', slowMs: 1, refreshFails: false };
  const wheel = new Wheel();
  const drone = await startSimulatedDrone({ ...worldOf(recording, seen, next), wait: wheel.wait });
  const mover = new Mover(drone, wheel);
  const others = new Others(recording, seen, drone, mover);
  others.plantOlder();
  const player = new Player(recording, seen, next, drone, mover, others);
  try {
    return await player.run();
  } finally {
    await player.stop();
  }
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
  readonly #others: Others;
  readonly #report = new Report();
  readonly #streams: Streams;

  constructor(
    recording: Recording,
    seen: Observations,
    next: Next,
    drone: SimulatedDrone,
    mover: Mover,
    others: Others,
  ) {
    this.#recording = recording;
    this.#seen = seen;
    this.#next = next;
    this.#drone = drone;
    this.#mover = mover;
    this.#others = others;
    this.#streams = new Streams({ drone, seen, mover, report: this.#report });
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
    return [...this.#others.arrivals(), ...events].sort((a, b) => a.at - b.at);
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
    if (request.method === 'POST') this.#others.skipNumbers(item);
    if (request.method === 'DELETE') await this.#beforeCancel(request.path, this.#rival(item)?.response ?? response);
    this.#report.add(request, compareAnswers(response, await this.#send(request)));
  }

  async #note({ note = '' }: Note): Promise<void> {
    if (isEndOfServer(note)) {
      await this.#streams.beforeEnd();
      await this.#drone.restart();
    }
    if (!isEndOfRunner(note)) return;
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

  #send({ method, as, body, path }: RecordedRequest, giveUp?: Promise<unknown>): Promise<Answer> {
    return ask(this.#drone.url, filled(path), {
      method,
      ...(as === undefined ? {} : { token: tokenOf(as) }),
      ...(body === undefined ? {} : { body }),
      ...(giveUp === undefined ? {} : { giveUp }),
    });
  }

  /** Reads until the answer is the recorded one; reports the answer that came closest. */
  async #read(request: RecordedRequest, recorded: Seen): Promise<void> {
    this.#next.refreshFails = isFailedRefresh(request, recorded, this.#recording);
    let closest: string[] | undefined;
    for (;;) {
      const answer = await this.#send(request);
      const found = compareAnswers(recorded, answer);
      if (closest === undefined || found.length < closest.length) closest = found;
      if (found.length === 0) break;
      if (await this.#mover.step(request.path, recorded, answer)) continue;
      if (!(await this.#others.step(request.path, recorded))) break;
    }
    this.#next.refreshFails = false;
    this.#report.add(request, closest);
  }

  async #unanswered({ request, failed = '' }: Exchange): Promise<void> {
    const refused = failed === 'ECONNREFUSED';
    if (refused) await this.#drone.stop();
    const gaveUp = failed.startsWith('client gave up');
    const outcome = await this.#send(request, gaveUp ? this.#taken() : undefined).then(
      ({ status }) => `status ${status}`,
      (error: unknown) => (error as { code?: string }).code ?? (error as Error).message,
    );
    if (refused) await this.#drone.start();
    const wanted = gaveUp ? 'client gave up' : failed;
    this.#report.add(request, outcome.startsWith(wanted) ? [] : [`answer: recorded ${failed}, simulated ${outcome}`]);
  }

  /** Resolves when the server has taken in one more request, and some moments later. */
  async #taken(): Promise<void> {
    const newest = this.#drone.requests.at(-1);
    const limit = Date.now() + ARRIVAL_MS;
    while (this.#drone.requests.at(-1) === newest && Date.now() < limit) await sleep(5);
    await sleep(GIVE_UP_MS);
  }
}
