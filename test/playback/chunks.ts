// The chunks of a recorded live stream. What the recorder left out of it is made of the stored log's entries.

import { type RecordedStream, type Recording, framesOf, isCut } from '../support/recordings.ts';
import { type Entry, answerJson, entriesOf, storedPathOf } from './logs.ts';

export interface Chunk {
  readonly at: number;
  readonly data: string;
}

const frame = (entry: Entry): string => `data: ${JSON.stringify(entry)}\n\n\n`;

function storedOf(from: Recording, stream: RecordedStream): readonly Entry[] {
  const path = storedPathOf(stream.request.path);
  const answer = framesOf(from, 'GET', path).findLast((one) => 'status' in one && one.status === 200);
  const json = answer !== undefined && 'status' in answer ? answerJson(from, path, answer) : undefined;
  return Array.isArray(json) ? (json as Entry[]) : [];
}

export function chunksOf(from: Recording, stream: RecordedStream): readonly Chunk[] {
  const stored = storedOf(from, stream);
  const { chunks } = stream;
  const between = (index: number, least: number): readonly Entry[] => {
    const after = entriesOf(chunks[index + 1]?.data).at(0)?.pos ?? least;
    return stored.filter(({ pos }) => pos >= least && pos < after);
  };
  const nextOf = (index: number): number => (entriesOf(chunks[index - 1]?.data).at(-1)?.pos ?? -1) + 1;
  return chunks.flatMap(({ at = stream.at, data = '', omitted }, index): readonly Chunk[] => {
    if (omitted !== undefined)
      return between(index, nextOf(index)).map((entry) => ({ at: omitted.from, data: frame(entry) }));
    if (!isCut(data) || stored.length === 0) return [{ at, data }];
    // A text that was cut may have lost whole frames: the first entry is known, and what follows up to the next chunk.
    const first = /"pos":(\d+)/.exec(data)?.[1];
    const last = /"pos":(\d+)(?!.*"pos":)/s.exec(data)?.[1];
    const until = Math.max(Number(last ?? -1), (entriesOf(chunks[index + 1]?.data).at(0)?.pos ?? 0) - 1);
    const entries = stored.filter(({ pos }) => first !== undefined && pos >= Number(first) && pos <= until);
    const end = data.endsWith('event: error\ndata: eof\n\n') ? 'event: error\ndata: eof\n\n' : '';
    return [{ at, data: entries.map(frame).join('') + end }];
  });
}
