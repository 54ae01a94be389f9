// What was compared, and what differed.

import { differences } from './compare.ts';
import { normalBody, normalHeaders } from './normalise.ts';
import type { RecordedRequest, RecordedResponse } from './recording.ts';

export interface Finding {
  /** `METHOD path as login (the nth such request)`. */
  request: string;
  /** Each begins with what differs: `status`, `headers.…`, `json.…`, `text`, `frames…`, `ended`, `answer`. */
  differences: string[];
}

export type Seen = Partial<RecordedResponse>;

/** A poll's later answers were recorded without headers. */
export function compareAnswers(recorded: Seen, simulated: Seen): string[] {
  const { headers } = recorded;
  return [
    ...differences(recorded.status, simulated.status, 'status'),
    ...(headers === undefined
      ? []
      : differences(normalHeaders(headers), normalHeaders(simulated.headers ?? {}), 'headers')),
    ...differences(normalBody(recorded.body ?? '', recorded.json), normalBody(simulated.body ?? '', simulated.json)),
  ];
}

export class Report {
  /** Requests whose answers were compared. */
  compared = 0;
  readonly findings: Finding[] = [];
  readonly #counts = new Map<string, number>();

  add({ method, path, as }: RecordedRequest, found: readonly string[]): void {
    const name = `${method} ${path}${as === undefined ? '' : ` as ${as}`}`;
    const nth = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, nth);
    this.compared += 1;
    if (found.length > 0) this.findings.push({ request: `${name} (${nth})`, differences: [...found] });
  }

  /** What could not be played at all: no recording may end the whole run. */
  broken(what: string, error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    this.findings.push({ request: what, differences: [`could not be played: ${why}`] });
  }
}
