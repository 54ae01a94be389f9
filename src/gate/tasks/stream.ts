// A task's events as a runner reads them: NDJSON for at most `stream` ms, a ping at once and then each `ping` ms, the end
// after the result (PROTOCOL.md, Calls). Being cut and asking again is the ordinary path, so nothing is remembered of a
// reader but what it says it has seen.

import type { Event } from '../../protocol/index.ts';
import type { Timing } from '../timing.ts';
import type { Position, Relay } from './relay.ts';

export interface Source {
  readonly relay: Relay;
  /** Events that are about the waiting list and have no number; asked for at each look. */
  ping(): Event;
  turn(): Event | null;
  /** Sentences of the gate about the task, told to each reader anew; the hook shows each once. */
  notices?(): readonly string[];
}

/** Text that one item may hold before it is handed to the transport. */
const pieceBytes = 65_536;

/** Resolves at the next change, after `ms`, or when the reader is gone. */
function pause(relay: Relay, ms: number, gone: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const settle = (): void => {
      clearTimeout(timer);
      stop();
      gone.removeEventListener('abort', settle);
      done();
    };
    const timer = setTimeout(settle, ms);
    const stop = relay.watch(settle);
    gone.addEventListener('abort', settle, { once: true });
  });
}

/** @param gone aborted when the reader went away, when a newer reader came, or when the gate stops */
export async function* streamEvents(
  source: Source,
  from: Position,
  timing: Timing,
  gone: AbortSignal,
): AsyncGenerator<string> {
  const { relay } = source;
  let { state, log } = from;
  let turnTold = false;
  let noticesTold = 0;
  let nextPing = 0;
  const until = performance.now() + timing.stream;

  function* pending(): Generator<Event> {
    if (performance.now() >= nextPing) {
      nextPing = performance.now() + timing.ping;
      yield source.ping();
    }
    const notices = source.notices?.() ?? [];
    for (; noticesTold < notices.length; noticesTold++) {
      const message = notices[noticesTold];
      if (message !== undefined) yield { k: 'notice', message };
    }
    const turn = source.turn();
    if (turn !== null && !turnTold) yield turn;
    turnTold = turn !== null;
    for (let event = relay.after({ state, log }); event !== null; event = relay.after({ state, log })) {
      if (event.k === 'log') log = event.n + event.lines.length - 1;
      else state = event.n;
      yield event;
      if (event.k === 'result') return;
    }
  }

  while (!gone.aborted) {
    let piece = '';
    for (const event of pending()) {
      piece += `${JSON.stringify(event)}\n`;
      if (piece.length < pieceBytes) continue;
      yield piece;
      piece = '';
      if (gone.aborted) return;
    }
    if (piece !== '') yield piece;
    if (relay.isRead({ state, log })) return;
    const now = performance.now();
    if (now >= until) return;
    // A change between the look above and this pause would be missed only if something awaited in between.
    if (relay.after({ state, log }) === null) await pause(relay, Math.min(until, nextPing) - now, gone);
  }
}
