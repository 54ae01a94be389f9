// Plays a story through the client. A trigger goes through the managed script itself, as a cell runs it: the order goes
// in, events come out. A build that was made of an old one is followed alone.

import { Writable } from 'node:stream';
import { Output } from '../../src/cell/output.ts';
import { piecesOf } from '../../src/cell/pieces.ts';
import { run } from '../../src/cell/run.ts';
import { type Build, connectDrone, follow, parseBuild } from '../../src/drone/index.ts';
import { type CellEvent, type Order, type ResultEvent, parseCellEvent } from '../../src/protocol/index.ts';
import type { Story } from '../support/stories.ts';
import { orderOf } from './order.ts';
import { cancelledAt, startPlayback } from './server.ts';

export interface Played {
  readonly verdict: ResultEvent['verdict'];
  readonly code: ResultEvent['code'];
  readonly message: string;
  /** Lines of each `stage/step`, without our own sentences. */
  readonly lines: ReadonlyMap<string, readonly string[]>;
  /** Our own sentences in the log. */
  readonly notes: readonly string[];
  /** Of the build that was played; undefined: there was none. */
  readonly number: number | undefined;
  /** The end that was played is inferred: nobody recorded it. */
  readonly assumed: boolean;
  readonly seconds: number;
}

const ours = '[airlock] ';

/** Collects whole lines; nobody is ever slow to read them. */
function collector(events: CellEvent[]): Writable {
  let rest = '';
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const lines = (rest + chunk.toString('utf8')).split('\n');
      rest = lines.pop() ?? '';
      try {
        for (const line of lines) events.push(parseCellEvent(JSON.parse(line)));
        done();
      } catch (error) {
        done(error instanceof Error ? error : new Error('an event cannot be read'));
      }
    },
  });
}

function printed(events: readonly CellEvent[]): Pick<Played, 'lines' | 'notes'> {
  const lines = new Map<string, string[]>();
  const notes: string[] = [];
  for (const event of events) {
    if (event.k !== 'log') continue;
    const own = lines.get(event.step) ?? [];
    lines.set(event.step, own);
    for (const line of event.lines) (line.startsWith(ours) ? notes : own).push(line);
  }
  return { lines, notes };
}

type Told = Pick<Played, 'verdict' | 'code' | 'message' | 'lines' | 'notes'>;

/** @throws {Error} when the cell gives no result */
async function runOrder(order: Order, cancel: AbortSignal): Promise<Told> {
  const events: CellEvent[] = [];
  const diagnoses: string[] = [];
  const stream = collector(events);
  await run({ order, output: new Output(stream), cancel, diagnose: (text) => diagnoses.push(text) });
  await new Promise<void>((resolve) => stream.end(resolve));
  const result = events.findLast((event) => event.k === 'result');
  if (result?.k !== 'result') throw new Error(`the cell gave no result${diagnoses.map((one) => `; ${one}`).join('')}`);
  const { verdict, code, message } = result;
  return { verdict, code, message, ...printed(events) };
}

async function followBuild(build: Build, order: Order, cancel: AbortSignal): Promise<Told> {
  const lines = new Map<string, string[]>();
  const notes: string[] = [];
  const { verdict, code, message } = await follow(connectDrone(order.drone), {
    repository: order.repository,
    build,
    expect: [],
    timeout: 60,
    limits: order.limits,
    logs: 'all',
    sink: (step) => {
      const own: string[] = [];
      lines.set(step, own);
      return {
        line: (text) => own.push(...piecesOf(text)),
        note: (text) => notes.push(text),
        room: () => Promise.resolve(),
        end: () => {},
      };
    },
    details: true,
    cancel,
    onState: () => {},
  });
  return { verdict, code, message, lines, notes };
}

/** @throws {Error} when the client gives no result */
export async function playStory(story: Story, scale: number): Promise<Played> {
  const playback = await startPlayback(story, { scale });
  const cancel = new AbortController();
  const began = performance.now();
  try {
    const at = cancelledAt(story);
    if (at !== undefined) void playback.reached(at).then((is) => is && cancel.abort('author'));
    const order = orderOf(story, playback.url, scale);
    const told =
      story.kind === 'build'
        ? await runOrder(order, cancel.signal)
        : await followBuild(parseBuild(playback.begin()), order, cancel.signal);
    const seconds = (performance.now() - began) / 1000;
    return { ...told, number: playback.number(), assumed: playback.assumed(), seconds };
  } finally {
    await playback.close();
  }
}
