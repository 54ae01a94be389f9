// An event holds lines of up to 65,536 characters (protocol/event.ts); a longer one is sent in pieces.

import { maxLineBytes } from '../protocol/event.ts';

const isHigh = (code: number): boolean => code >= 0xd800 && code <= 0xdbff;

/** Cuts a line without separating the two halves of a character. An empty line is one piece. */
export function piecesOf(line: string, max = maxLineBytes): readonly string[] {
  if (line.length <= max) return [line];
  const pieces: string[] = [];
  for (let from = 0; from < line.length; ) {
    let to = Math.min(from + max, line.length);
    if (to < line.length && isHigh(line.charCodeAt(to - 1))) to--;
    pieces.push(line.slice(from, to));
    from = to;
  }
  return pieces;
}
