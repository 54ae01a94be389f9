// One task slot in the ledger (PROTOCOL.md, Ledger). A record holds everything that the next gate needs to go on with
// the task, and no secret. Parsed strictly: what cannot be read counts as "started, unknown".

import * as v from 'valibot';
import type { ChoiceRule, Plan } from '../../policy/index.ts';
import {
  type CellEvent,
  type FailureCode,
  type OldBuild,
  type RefusalCode,
  type ResultEvent,
  type Schema,
  type StateEvent,
  type TaskPhase,
  type Verdict,
  chosenBuild,
  commitString,
  count,
  failureCodes,
  hex32,
  logLevels,
  nameString,
  parseCellEvent,
  parseWith,
  positive,
  refString,
  refusalCodes,
  repositoryString,
  taskPhases,
  text,
  verdicts,
} from '../../protocol/index.ts';
import type { JobKey } from './key.ts';

/** How many state and result events, and how many log lines, something is about. */
export interface Numbers {
  readonly state: number;
  readonly log: number;
}

/** A cell's last words, kept for a runner that has not read them when its gate dies. */
export interface Told {
  /** Absent: it told none, or it is too large to be kept. */
  readonly state?: StateEvent | undefined;
  readonly result: ResultEvent;
}

export interface LedgerRecord {
  readonly v: 1;
  readonly key: JobKey;
  /** 1 for the job's first task. */
  readonly slot: number;
  /** Grows by one with each change; of the holder that wrote it. */
  readonly rev: number;
  readonly epoch: number;
  /** The hook process's own id, and the SHA-256 of what it asked for. */
  readonly request: string;
  readonly body: string;
  readonly runner: string;
  /** The order's id, which is also the task's id on the wire. */
  readonly order: string;
  readonly nonce: string;
  /** null: no cell was chosen yet, so no order has left. */
  readonly cell: string | null;
  /** Base URL of the Drone. */
  readonly drone: string;
  readonly plan: Plan;
  /** The old build that is promoted or rolled back to; absent: none was chosen, so nothing was asked of Drone. */
  readonly choice?: OldBuild | undefined;
  /** Number of the newest build before the task's own, once the cell has told it. */
  readonly base?: number | undefined;
  /** Drone's build number, once the cell has told it. */
  readonly number: number | null;
  readonly phase: TaskPhase;
  readonly verdict: Verdict | null;
  readonly code: RefusalCode | FailureCode | 'ok' | null;
  /** Cells that replaced a lost one. */
  readonly recoveries: number;
  /**
   * What is added to the present cell's numbers, so that the runner's go on without a gap when a cell was replaced. null:
   * that is not known before the runner asks again; absent: nothing is added.
   */
  readonly shift?: Numbers | null | undefined;
  /** Only in the phase `ended`. */
  readonly told?: Told | undefined;
  readonly policyHash: string;
  /** When the policy said yes, milliseconds since the epoch. */
  readonly decided: number;
  /** When each phase was entered, milliseconds since the epoch. */
  readonly times: { readonly [phase in TaskPhase]?: number | undefined };
}

const decimal = v.pipe(v.string(), v.regex(/^[0-9]{1,20}$/, 'a decimal number as text'));
const key = v.strictObject({
  repositoryId: decimal,
  runId: decimal,
  runAttempt: decimal,
  job: v.pipe(v.string(), v.regex(/^(?:c[0-9]{1,20}|r[0-9a-f]{32})$/, 'a job')),
});
const paramRule = v.strictObject({ values: v.optional(v.array(text(4096))), pattern: v.optional(text(4096)) });
const builds: Schema<ChoiceRule> = v.strictObject({
  refs: v.array(text(512)),
  events: v.array(text(64)),
  status: text(64),
  commit: v.picklist(['same', 'any']),
  source: commitString,
  pipeline: v.optional(v.strictObject({ ref: refString, commit: v.optional(commitString) })),
  params: v.record(text(64), paramRule),
});
const plan: Schema<Plan> = v.strictObject({
  entry: text(512),
  kind: v.picklist(['build', 'promote', 'rollback']),
  drone: text(256),
  repository: repositoryString,
  ref: v.optional(refString),
  commit: v.optional(commitString),
  build: v.optional(positive),
  target: v.optional(nameString),
  builds: v.optional(builds),
  params: v.record(text(64), text(4096)),
  expect: v.optional(v.strictObject({ steps: v.array(text(300)) })),
  log: v.picklist(logLevels),
  redact: v.optional(v.strictObject({ file: text(4096) })),
  disabled: v.optional(v.literal('accepted')),
  whenLost: v.picklist(['finish', 'cancel']),
});
const numbers = v.strictObject({ state: count, log: count });
function asEvent<K extends 'state' | 'result'>(k: K): Schema<Extract<CellEvent, { readonly k: K }>> {
  return v.pipe(
    v.unknown(),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      try {
        const event = parseCellEvent(dataset.value);
        if (event.k === k) return event as Extract<CellEvent, { readonly k: K }>;
      } catch {
        // Said below.
      }
      addIssue({ message: `an event of the kind ${k}` });
      return NEVER;
    }),
  );
}
const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, '64 lower hex digits'));

const schema: Schema<LedgerRecord> = v.pipe(
  v.strictObject({
    v: v.literal(1),
    key,
    slot: positive,
    rev: positive,
    epoch: count,
    request: hex32,
    body: sha256,
    runner: text(251),
    order: hex32,
    nonce: hex32,
    cell: v.nullable(text(256)),
    drone: text(1024),
    plan,
    choice: v.optional(chosenBuild()),
    base: v.optional(count),
    number: v.nullable(positive),
    phase: v.picklist(taskPhases),
    verdict: v.nullable(v.picklist(verdicts)),
    code: v.nullable(v.picklist([...refusalCodes, ...failureCodes, 'ok'])),
    recoveries: count,
    shift: v.optional(v.nullable(numbers)),
    told: v.optional(v.strictObject({ state: v.optional(asEvent('state')), result: asEvent('result') })),
    policyHash: text(64),
    decided: count,
    times: v.strictObject({
      waiting: v.optional(count),
      starting: v.optional(count),
      ordered: v.optional(count),
      building: v.optional(count),
      cancelling: v.optional(count),
      ended: v.optional(count),
    }),
  }),
  v.check(
    (record) => (record.phase === 'ended') === (record.verdict !== null),
    'a verdict exactly in the phase "ended"',
  ),
  v.check((record) => (record.verdict === 'success') === (record.code === 'ok'), 'code "ok" exactly with "success"'),
);

/** @throws {Refusal} `input-*` */
export const parseLedgerRecord = (value: unknown): LedgerRecord => parseWith(schema, value, 'the ledger record');
