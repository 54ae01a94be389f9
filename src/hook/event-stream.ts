// One connection's worth of events: NDJSON, until the gate ends it, falls silent or is gone. A line without its end is
// no event: the connection broke in the middle, and the next one repeats it.

import { Failure } from '../protocol/errors.ts';
import { maxEventBytes } from '../protocol/event.ts';
import { deadline } from './deadline.ts';
import { open, unreachable } from './gate.ts';
import type { Hook } from './hook.ts';
import { readJson } from './read-json.ts';
import { type Event, errorOf, eventOf } from './words.ts';

/**
 * Events, as they arrive together.
 * @param path with the numbers that were seen
 * @throws {Failure} `gate-unreachable` when the gate is gone or silent, `gate-failed` for what is no event
 * @throws {Refusal} what the gate refuses
 */
export async function* readEvents(hook: Hook, path: string): AsyncGenerator<readonly Event[]> {
  const { limits, over } = hook;
  const limit = deadline(over, limits.silent);
  let heard = performance.now();
  try {
    const response = await open(hook, `GET ${path}`, undefined, limit.signal, true);
    const status = response.statusCode ?? 0;
    if (status !== 200) throw errorOf(status, await readJson(response, limits.document));
    let rest = '';
    for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
      rest += chunk;
      if (rest.length > maxEventBytes + chunk.length) throw new Failure('gate-failed', "the gate's event is too long");
      if (chunk.includes('\n')) {
        const lines = rest.split('\n');
        rest = lines.pop() ?? '';
        yield lines.map(eventOf);
        heard = performance.now();
      } else if (performance.now() - heard > limits.silent + limits.reconnect)
        throw new Failure('gate-unreachable', 'the gate sends no whole event');
      // What took long was perhaps the reader of the log, not the gate.
      limit.timer.refresh();
    }
  } catch (error) {
    throw unreachable(error);
  } finally {
    limit.end();
  }
}
