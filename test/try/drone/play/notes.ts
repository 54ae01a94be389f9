// What a recorder did to server and runner between its requests, by the words of its notes.

import type { Recording } from './recording.ts';

/** A server that is told to go (SIGTERM) keeps its connections until it has gone (recording 59). */
export function isEndOfServer(note: string): boolean {
  return /^server (?:killed|gone|stopped|restarted)\b/i.test(note);
}

export function isEndOfRunner(note: string): boolean {
  return /^runner (?:killed|gone|died)\b/i.test(note);
}

export const hasLostRunner = (recording: Recording): boolean =>
  recording.items.some((item) => item.kind === 'note' && isEndOfRunner(item.note ?? ''));
