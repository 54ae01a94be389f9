// Reads the events of event.ts. A million log events go through here in a job, so `k` is looked at first: a union would
// try every member for each of them. Measured: 7 to 17 million log lines a CPU second in batches of 50, which is about
// the time that JSON.parse takes for them.

import * as v from 'valibot';
import { failureCodes, refusalCodes } from './codes.ts';
import {
  type BuildState,
  type CellEvent,
  type Event,
  type LogEvent,
  type NoticeEvent,
  type Outputs,
  type PingEvent,
  type RelayedEvent,
  type ResultEvent,
  type StageState,
  type StateEvent,
  type StepState,
  type TurnEvent,
  cellPhases,
  maxBatch,
  maxLineBytes,
  verdicts,
} from './event.ts';
import { buildsEvent } from './old-build.ts';
import { type Schema, parser } from './parse.ts';
import { count, oneOf, positive, printable, text, textBy, whole } from './plain.ts';
import { strict } from './schema.ts';
import { type ProbeEvent, probeEvent } from './probe.ts';
import { only } from './shape.ts';

const name = text(1024);
const note = text(8192);
const step: Schema<StepState> = strict({
  number: count,
  name,
  status: text(64),
  exitCode: whole(Number.MIN_SAFE_INTEGER),
  started: count,
  stopped: count,
  error: v.optional(note),
});
const stage: Schema<StageState> = strict({
  number: count,
  name,
  status: text(64),
  started: count,
  stopped: count,
  error: v.optional(note),
  steps: v.pipe(
    v.array(step),
    v.check((steps) => steps.length <= 1000, 'at most 1000 steps'),
  ),
});
const build: Schema<BuildState> = strict({
  number: positive,
  url: printable(2048),
  status: text(64),
  commit: printable(64),
  ref: text(512),
});
const log: Schema<LogEvent> = strict({
  k: oneOf(['log']),
  n: positive,
  step: text(2048),
  lines: v.pipe(
    v.array(text(maxLineBytes)),
    v.check(({ length }) => length >= 1 && length <= maxBatch, `1 to ${maxBatch} lines`),
  ),
});
const state: Schema<StateEvent> = strict({
  k: oneOf(['state']),
  n: positive,
  phase: oneOf(cellPhases),
  build: v.optional(build),
  stages: v.pipe(
    v.array(stage),
    v.check((stages) => stages.length <= 200, 'at most 200 stages'),
  ),
  note: v.optional(note),
  base: v.optional(count),
});
// The runner reads outputs from a file of lines, and other jobs put them into their own: no blanks, no line breaks.
const decimal = textBy((value) => /^[0-9]{0,16}$/.test(value), 'decimal digits');
const outputs: Schema<Outputs> = strict({
  number: decimal,
  url: printable(2048),
  status: oneOf(verdicts),
  commit: printable(64),
  started: decimal,
  finished: decimal,
});
const result: Schema<ResultEvent> = v.pipe(
  strict({
    k: oneOf(['result']),
    n: positive,
    verdict: oneOf(verdicts),
    code: oneOf([...refusalCodes, ...failureCodes, 'ok'], 'a code that is known here'),
    message: note,
    outputs,
  }),
  v.check(
    (event) => (event.verdict === 'success') === (event.code === 'ok'),
    'code "ok" exactly with verdict "success"',
  ),
  v.check((event) => event.outputs.status === event.verdict, 'outputs.status equal to the verdict'),
);

const what = 'the event';
const parseLog = /* @__PURE__ */ parser(what, () => log);
const parseState = /* @__PURE__ */ parser(what, () => state);
const parseResult = /* @__PURE__ */ parser(what, () => result);
const parseTurn = /* @__PURE__ */ parser<TurnEvent>(what, () => strict({ k: oneOf(['turn']) }));
const parsePing = /* @__PURE__ */ parser<PingEvent>(what, () =>
  strict({ k: oneOf(['ping']), ahead: v.optional(count) }),
);
const parseNotice = /* @__PURE__ */ parser<NoticeEvent>(what, () => strict({ k: oneOf(['notice']), message: note }));
const parseBuilds = /* @__PURE__ */ parser(what, () => buildsEvent());
const parseProbe = /* @__PURE__ */ parser(what, () => probeEvent());
const parseProbeKind = /* @__PURE__ */ parser(what, () => strict({ k: oneOf(['probe', 'result']) }));
const parseCellKind = /* @__PURE__ */ parser(what, () => strict({ k: oneOf(['log', 'state', 'result', 'builds']) }));
const parseKind = /* @__PURE__ */ parser(what, () =>
  strict({ k: oneOf(['log', 'state', 'result', 'turn', 'ping', 'notice']) }),
);

function parseRelayed(kind: RelayedEvent['k'], value: unknown): RelayedEvent {
  switch (kind) {
    case 'log':
      return parseLog(value);
    case 'state':
      return parseState(value);
    case 'result':
      return parseResult(value);
  }
}

/** A line that a cell wrote. @throws {Refusal} `input-*`; unknown kinds, and those of the gate alone, are refused */
export function parseCellEvent(value: unknown): CellEvent {
  const { k } = parseCellKind(only('k', value));
  return k === 'builds' ? parseBuilds(value) : parseRelayed(k, value);
}

/** A line that a cell with a probe order wrote. @throws {Refusal} `input-*`; what other cells say is refused */
export function parseProbeEvent(value: unknown): ProbeEvent | ResultEvent {
  const { k } = parseProbeKind(only('k', value));
  return k === 'probe' ? parseProbe(value) : parseResult(value);
}

/** A line that the gate sent. @throws {Refusal} `input-*`; what is between cell and gate alone is refused */
export function parseEvent(value: unknown): Event {
  const { k } = parseKind(only('k', value));
  switch (k) {
    case 'turn':
      return parseTurn(value);
    case 'ping':
      return parsePing(value);
    case 'notice':
      return parseNotice(value);
    default:
      return parseRelayed(k, value);
  }
}
