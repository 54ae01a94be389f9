// The logs of all steps of a build: the live stream while a step runs, the stored log when it has ended, both into one
// joiner. Several steps may run at once. Nothing in here decides anything: a log that cannot be had is said, no more.

import { type Build, type Stage, type Step, isDone } from './answers.ts';
import type { Connection } from './connection.ts';
import { type LineSink, LineJoiner, TextBudget } from './lines.ts';
import { type Live, openLive } from './live.ts';
import { paths } from './paths.ts';
import { readStored } from './stored.ts';
import { backoff, sleep } from './wait.ts';

/** `all`: live, and completed at the end. `failed`: the stored log of steps that did not end well. `none`: nothing is fetched. */
export type LogNeed = 'all' | 'failed' | 'none';

export interface StepSink extends LineSink {
  /** Resolves when there is room for more lines, `signal` is aborted, or nobody has read anything for `patience` ms. */
  room(signal: AbortSignal, patience: number): Promise<void>;
  /** The step's log is complete, or as complete as it will be. */
  end(): void;
}

export interface LogsOptions {
  readonly connection: Connection;
  readonly repository: string;
  readonly need: LogNeed;
  readonly limits: {
    readonly call: number;
    readonly poll: number;
    /** How long a killed step's log may be on its way. */
    readonly cancel: number;
    /** How long Drone may be unreachable. */
    readonly lost: number;
  };
  /** `stage/step` */
  readonly sink: (step: string) => StepSink;
  /** A line came: the runner lives. */
  readonly onSign: () => void;
  /** A stream ended: time to look at the build. */
  readonly onOver: () => void;
}

interface Entry {
  readonly joiner: LineJoiner;
  readonly sink: StepSink;
  readonly live: string;
  readonly stored: string;
  stream: Live | undefined;
  /** Streams that brought nothing, one after the other. */
  failures: number;
  reopenAt: number;
  /** Position of the gap that a new stream was opened for; a second one for the same gap is of no use. */
  gap: number;
  /** The new stream did not fill the gap either: what follows waits for the stored log. */
  late: boolean;
  /** There is no memory for its unfinished line: the step is not listened to any more. */
  full: boolean;
  /** The step has ended; its stored log is on its way. */
  ended: boolean;
  closed: boolean;
}

const maxStreams = 32;
/** How long the stored log waits for a reader that does not read; a live stream waits for ever, Drone keeps what it misses. */
const patience = 5000;
const unhappy: ReadonlySet<Step['status']> = new Set(['failure', 'error', 'killed']);

export class Logs {
  readonly #options: LogsOptions;
  readonly #steps = new Map<string, Entry>();
  readonly #jobs = new Set<Promise<void>>();
  readonly #abandoned = new AbortController();
  readonly #budget = new TextBudget();
  #streams = 0;
  /** Stored logs are read one after the other, in the order of their ends. */
  #reading: Promise<unknown> = Promise.resolve();

  constructor(options: LogsOptions) {
    this.#options = options;
  }

  /** Looks at what a poll brought: opens streams of running steps, fetches the logs of ended ones. */
  see(build: Build): void {
    if (this.#options.need === 'none' || this.#abandoned.signal.aborted) return;
    for (const stage of build.stages ?? []) for (const step of stage.steps ?? []) this.#seeStep(build, stage, step);
  }

  /** Whether lines of a running step have to wait for its end. */
  get late(): boolean {
    return [...this.#steps.values()].some((entry) => entry.late && !entry.ended);
  }

  /** Waits until every log is complete or cannot be, `limit` ms are over, or `hurry` is aborted; says what is missing then. */
  async finish(limit: number, hurry: AbortSignal): Promise<void> {
    const over = new AbortController();
    const stop = (): void => over.abort();
    if (hurry.aborted) stop();
    hurry.addEventListener('abort', stop, { once: true });
    const complete = async (): Promise<void> => {
      while (this.#jobs.size > 0) await Promise.all(this.#jobs);
    };
    await Promise.race([complete(), sleep(limit, over.signal)]);
    hurry.removeEventListener('abort', stop);
    stop();
    this.abandon();
  }

  /** Gives up what is still open: nothing more is printed but what waits behind a gap. */
  abandon(): void {
    this.#abandoned.abort();
    for (const entry of this.#steps.values()) this.#close(entry, 'the rest of this log could not be fetched');
  }

  #seeStep(build: Build, stage: Stage, step: Step): void {
    const { need } = this.#options;
    if (isDone(step)) {
      if (step.status === 'skipped' || (need === 'failed' && !unhappy.has(step.status))) return;
      const entry = this.#entry(build, stage, step);
      if (entry.ended) return;
      entry.ended = true;
      // A killed step may live on for a moment, or for good (recordings 36, 62); every other one has said all.
      if (step.status !== 'killed') this.#closeStream(entry);
      const job = this.#complete(entry, step).finally(() => this.#jobs.delete(job));
      this.#jobs.add(job);
    } else if (step.status === 'running' && need === 'all') {
      const entry = this.#entry(build, stage, step);
      if (entry.stream === undefined && !entry.ended && Date.now() >= entry.reopenAt) this.#listen(entry);
    }
  }

  #entry(build: Build, stage: Stage, step: Step): Entry {
    const key = `${stage.number}/${step.number}`;
    const known = this.#steps.get(key);
    if (known) return known;
    const sink = this.#options.sink(`${stage.name}/${step.name}`);
    const { repository } = this.#options;
    const entry: Entry = {
      joiner: new LineJoiner(sink, this.#budget),
      sink,
      live: paths.liveLog(repository, build.number, stage.number, step.number),
      stored: paths.storedLog(repository, build.number, stage.number, step.number),
      stream: undefined,
      failures: 0,
      reopenAt: 0,
      gap: -1,
      late: false,
      full: false,
      ended: false,
      closed: false,
    };
    this.#steps.set(key, entry);
    return entry;
  }

  #listen(entry: Entry): void {
    if (entry.full || this.#streams >= maxStreams) return;
    this.#streams++;
    const { connection, limits, onSign, onOver } = this.#options;
    entry.stream = openLive(connection, entry.live, {
      call: limits.call,
      room: (signal) => entry.sink.room(signal, Number.POSITIVE_INFINITY),
      onEntry: (item) => {
        entry.failures = 0;
        onSign();
        const { next } = entry.joiner;
        const outcome = entry.joiner.take(item);
        if (outcome === 'taken') entry.late = false;
        if (outcome === 'full') {
          entry.full = true;
          entry.late = true;
          this.#closeStream(entry);
          return;
        }
        if (outcome !== 'gap' || entry.ended) return;
        if (entry.gap === next) {
          entry.late = true;
          return;
        }
        // A new stream repeats up to 5,000 entries, which fills most gaps before the step ends (recording 40).
        entry.gap = next;
        this.#closeStream(entry);
        entry.reopenAt = Date.now() + limits.poll;
      },
      onOver: () => {
        this.#closeStream(entry);
        entry.reopenAt = Date.now() + backoff(entry.failures++, limits.poll);
        onOver();
      },
    });
  }

  #closeStream(entry: Entry): void {
    if (entry.stream === undefined) return;
    entry.stream.close();
    entry.stream = undefined;
    this.#streams--;
  }

  async #complete(entry: Entry, step: Step): Promise<void> {
    const { limits } = this.#options;
    const patient = Date.now() + (step.status === 'killed' ? limits.cancel : 3 * limits.poll);
    const giveUp = Date.now() + limits.lost;
    for (let failures = 0; !this.#abandoned.signal.aborted; failures++) {
      const outcome = await this.#read(entry).catch(() => undefined);
      if (outcome === true) return this.#close(entry);
      if (Date.now() >= (outcome === false ? patient : giveUp)) break;
      await sleep(backoff(failures, limits.poll, limits.poll * 4), this.#abandoned.signal);
    }
    this.#close(entry, 'Drone has no stored log of this step, so its last lines may be missing');
  }

  #read(entry: Entry): Promise<boolean> {
    const { connection, limits } = this.#options;
    let first = true;
    const read = this.#reading.then(() => {
      if (this.#abandoned.signal.aborted) throw new Error('given up');
      return readStored(connection, entry.stored, {
        call: limits.call,
        overall: Math.max(limits.lost, limits.call),
        room: () => entry.sink.room(this.#abandoned.signal, patience),
        signal: this.#abandoned.signal,
        onEntry: (item) => {
          entry.joiner.settle(item.pos, first);
          first = false;
          entry.joiner.take(item, 'stored');
        },
      });
    });
    this.#reading = read.catch(() => entry.joiner.breakOff());
    return read;
  }

  #close(entry: Entry, note?: string): void {
    this.#closeStream(entry);
    if (entry.closed) return;
    entry.closed = true;
    entry.joiner.finish();
    if (note !== undefined) entry.sink.note(note);
    entry.sink.end();
  }
}
