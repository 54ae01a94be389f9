// Drone's answers, read strictly where a decision hangs on them: a missing or wrongly typed key is an error, an unknown
// one is not. Keys that Drone leaves out when they are empty are optional (README of the recordings, trap 10).

import * as v from 'valibot';
import { Failure, type Schema, quote } from '../protocol/index.ts';

/** core/status.go of Drone 2.25. */
export const droneStatuses = [
  'pending',
  'running',
  'success',
  'failure',
  'killed',
  'error',
  'skipped',
  'blocked',
  'declined',
  'waiting_on_dependencies',
] as const;
export type DroneStatus = (typeof droneStatuses)[number];

export interface User {
  readonly login: string;
  readonly admin: boolean;
  readonly active: boolean;
}
export interface Repo {
  readonly slug: string;
  readonly active: boolean;
  /** 0: never enabled. */
  readonly user_id: number;
  /** Minutes. */
  readonly timeout: number;
  /** Number of the newest build. */
  readonly counter: number;
  /** Absent: no permission row (a guest, or an admin without one). */
  readonly permissions?: { readonly read: boolean; readonly write: boolean; readonly admin: boolean } | undefined;
}
export interface Step {
  readonly number: number;
  readonly name: string;
  readonly status: DroneStatus;
  readonly exit_code: number;
  readonly error?: string | undefined;
  readonly errignore?: boolean | undefined;
  readonly started?: number | undefined;
  readonly stopped?: number | undefined;
}
export interface Stage {
  readonly number: number;
  readonly name: string;
  readonly status: DroneStatus;
  readonly exit_code: number;
  readonly error?: string | undefined;
  readonly started: number;
  readonly stopped: number;
  readonly steps?: readonly Step[] | undefined;
}
export interface Build {
  readonly number: number;
  readonly status: DroneStatus;
  readonly event: string;
  /** Login of the caller; empty for a build of status error (recording 12). */
  readonly trigger: string;
  readonly sender: string;
  readonly after: string;
  readonly ref: string;
  /** The build that this one restarts, promotes or rolls back. */
  readonly parent?: number | undefined;
  /** Environment of a promotion or rollback. */
  readonly deploy_to?: string | undefined;
  readonly error?: string | undefined;
  readonly params?: Readonly<Record<string, string>> | undefined;
  /** Unix seconds; 0: not yet. A declined build keeps `finished: 0`. */
  readonly started: number;
  readonly finished: number;
  readonly stages?: readonly Stage[] | undefined;
}
export interface LogEntry {
  readonly pos: number;
  readonly out: string;
}

const whole = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER));
const ordinal = v.pipe(whole, v.minValue(1));
const exitCode = v.pipe(v.number(), v.safeInteger());
const status = v.picklist(droneStatuses);
const foreign = v.string();
// Not v.record: it leaves out keys like `constructor`, and a parameter that nobody sent has to be seen.
const strings = v.custom<Record<string, string>>(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((item) => typeof item === 'string'),
  'an object of strings',
);

const user: Schema<User> = v.object({
  login: v.pipe(foreign, v.minLength(1)),
  admin: v.boolean(),
  active: v.boolean(),
});
const repo: Schema<Repo> = v.object({
  slug: foreign,
  active: v.boolean(),
  user_id: whole,
  timeout: v.pipe(v.number(), v.minValue(0)),
  counter: whole,
  permissions: v.optional(v.object({ read: v.boolean(), write: v.boolean(), admin: v.boolean() })),
});
const step: Schema<Step> = v.object({
  number: ordinal,
  name: foreign,
  status,
  exit_code: exitCode,
  error: v.optional(foreign),
  errignore: v.optional(v.boolean()),
  started: v.optional(whole),
  stopped: v.optional(whole),
});
const stage: Schema<Stage> = v.object({
  number: ordinal,
  name: foreign,
  status,
  exit_code: exitCode,
  error: v.optional(foreign),
  started: whole,
  stopped: whole,
  steps: v.optional(v.array(step)),
});
const build: Schema<Build> = v.object({
  number: ordinal,
  status,
  event: foreign,
  trigger: foreign,
  sender: foreign,
  after: foreign,
  ref: foreign,
  parent: v.optional(whole),
  deploy_to: v.optional(foreign),
  error: v.optional(foreign),
  params: v.optional(strings),
  started: whole,
  finished: whole,
  stages: v.optional(v.array(stage)),
});
const builds: Schema<readonly Build[]> = v.array(build);

function parse<T>(schema: Schema<T>, body: unknown, what: string): T {
  const result = v.safeParse(schema, body, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = (issue.path ?? []).map((item) => String(item.key)).join('.');
  const where = path === '' ? 'it' : quote(path);
  throw new Failure(
    'drone-answer-malformed',
    `Drone's ${what} is not in the form that is known: ${where} is not ${issue.expected ?? issue.message}`,
  );
}

/** `GET /api/user`. @throws {Failure} `drone-answer-malformed`, as all of these do */
export const parseUser = (body: unknown): User => parse(user, body, 'user');
/** `GET /api/repos/{owner}/{name}`. */
export const parseRepo = (body: unknown): Repo => parse(repo, body, 'repository');
/** `GET …/builds/{number}` and the answers of POST and DELETE; `stages` only come with GET and DELETE. */
export const parseBuild = (body: unknown): Build => parse(build, body, 'build');
/** `GET …/builds`: newest first, without stages. */
export const parseBuilds = (body: unknown): readonly Build[] => parse(builds, body, 'list of builds');

/** One entry of a log, live or stored; written by hand because logs have hundreds of thousands. An entry is not a line. */
export function isLogEntry(value: unknown): value is LogEntry {
  if (typeof value !== 'object' || value === null) return false;
  const { pos, out } = value as Partial<LogEntry>;
  return typeof out === 'string' && typeof pos === 'number' && Number.isSafeInteger(pos) && pos >= 0;
}

const unfinished: ReadonlySet<DroneStatus> = new Set(['pending', 'running', 'waiting_on_dependencies', 'blocked']);
/** core/build.go, IsDone; for builds, stages and steps alike. */
export const isDone = (item: { readonly status: DroneStatus }): boolean => !unfinished.has(item.status);
