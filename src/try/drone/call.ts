// One request, as the handlers see it: routed, and allowed.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { failed, noRows } from './answer.ts';
import type { BuildRecord, RepositoryRecord, StageRecord, StepRecord, UserRecord } from './records.ts';
import type { DroneState } from './state.ts';

export interface Call {
  readonly state: DroneState;
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** The path as it was sent, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** What stands in the place of each `:name` of the route. */
  readonly at: Readonly<Record<string, string>>;
  readonly user: UserRecord | undefined;
  readonly repository: RepositoryRecord | undefined;
}

/** A call below /repos/:owner/:name. */
export interface RepositoryCall extends Call {
  readonly repository: RepositoryRecord;
}

/** A number of the path; undefined: answered already, in Go's words. */
export function numberAt(call: Call, key: string): number | undefined {
  const text = call.at[key] ?? '';
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : undefined;
  if (value !== undefined && Math.abs(value) < 2 ** 63) return value;
  const why = value === undefined ? 'invalid syntax' : 'value out of range';
  failed(call.res, 400, `strconv.ParseInt: parsing ${JSON.stringify(text)}: ${why}`);
  return undefined;
}

/** The build of the path; undefined: answered already. */
export function buildAt(call: RepositoryCall): BuildRecord | undefined {
  const number = numberAt(call, 'build');
  if (number === undefined) return undefined;
  const found = call.repository.builds.find((build) => build.number === number);
  if (found === undefined) noRows(call.res);
  return found;
}

export function stageAt(call: RepositoryCall): { build: BuildRecord; stage: StageRecord } | undefined {
  const build = buildAt(call);
  const number = build === undefined ? undefined : numberAt(call, 'stage');
  if (build === undefined || number === undefined) return undefined;
  const stage = build.stages.find((candidate) => candidate.number === number);
  if (stage !== undefined) return { build, stage };
  noRows(call.res);
  return undefined;
}

export function stepAt(call: RepositoryCall): StepRecord | undefined {
  const found = stageAt(call);
  const number = found === undefined ? undefined : numberAt(call, 'step');
  if (found === undefined || number === undefined) return undefined;
  const step = found.stage.steps.find((candidate) => candidate.number === number);
  if (step === undefined) noRows(call.res);
  return step;
}
