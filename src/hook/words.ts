// What the gate says beside its plain answers: errors and events. They are made anew from the fields that the hook
// uses; what is not of its type counts as absent. So an older hook lives with the codes of a newer gate, and nothing
// of an event reaches a file or the log but through these types. Texts in them stay foreign.

import type { FailureCode, RefusalCode } from '../protocol/codes.ts';
import { AirlockError, Failure, Refusal } from '../protocol/errors.ts';

/** A stage or a step. Times in Unix seconds, 0: not yet. */
export interface Part {
  readonly number: number;
  readonly name: string;
  readonly status: string;
  readonly started: number;
  readonly stopped: number;
  /** Empty: none. */
  readonly error: string;
}
export interface Stage extends Part {
  readonly steps: readonly Part[];
}
export interface StateEvent {
  readonly k: 'state';
  readonly n: number;
  readonly phase: string;
  /** 0: there is no build yet. */
  readonly build: number;
  readonly url: string;
  readonly note: string;
  readonly stages: readonly Stage[];
}
/** Each output is one word; empty: there is none. `number` and times are decimal, `status` is the verdict. */
export interface ResultEvent {
  readonly k: 'result';
  readonly n: number;
  readonly verdict: string;
  readonly code: string;
  readonly message: string;
  readonly outputs: Readonly<Record<'number' | 'url' | 'status' | 'commit' | 'started' | 'finished', string>>;
}
/** `ahead`: tasks before this one while it waits for a place; below 0: it does not. */
export type Event =
  | { readonly k: 'log'; readonly n: number; readonly step: string; readonly lines: readonly string[] }
  | { readonly k: 'turn' }
  | { readonly k: 'notice'; readonly message: string }
  | { readonly k: 'ping'; readonly ahead: number }
  | StateEvent
  | ResultEvent;

type Fields = Readonly<Record<string, unknown>>;
const fields = (value: unknown): Fields => Object(value) as Fields;
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const count = (value: unknown): number => (Number.isSafeInteger(value) ? Math.max(0, Number(value)) : 0);
/** Printable, without blanks or line breaks: it goes into a file of lines. */
const word = (value: unknown): string => (/^[\x21-\x7e]*$/.test(text(value)) ? text(value) : '');
const code = (value: unknown): string => (/^[a-z][a-z0-9-]{0,63}$/.test(text(value)) ? text(value) : '');

/** The error that an answer other than 2xx stands for. What has not the gate's form is a failure. */
export function errorOf(status: number, body: unknown): AirlockError {
  const answer = fields(body);
  const [no, broken] = [fields(answer.refused), fields(answer.failed)];
  const refused = code(no.code) as RefusalCode | '';
  if (refused) return new Refusal({ code: refused, message: text(no.message), rule: text(no.rule), fix: text(no.fix) });
  if (answer.code === 'standby') return new Failure('gate-standby', 'the gate is a standby', { status });
  const failed = (code(broken.code) || 'gate-failed') as FailureCode;
  return new Failure(failed, text(broken.message) || `the gate answered ${status}`, { status });
}

function part(value: unknown): Part {
  const { number, started, stopped, ...texts } = fields(value);
  const [name, status, error] = [text(texts.name), text(texts.status), text(texts.error)];
  return { number: count(number), started: count(started), stopped: count(stopped), name, status, error };
}
const stage = (value: unknown): Stage => ({ ...part(value), steps: list(fields(value).steps).map(part) });

const decimal = (value: unknown): string => (/^[0-9]{0,16}$/.test(text(value)) ? text(value) : '');
function outputsOf(value: unknown, status: string): ResultEvent['outputs'] {
  const { number, url, commit, started, finished } = fields(value);
  const times = { started: decimal(started), finished: decimal(finished) };
  return { number: decimal(number), url: word(url), status, commit: word(commit), ...times };
}

/** @throws {Failure} `gate-failed` for what is no event */
export function eventOf(line: string): Event {
  let event: Fields = {};
  try {
    event = fields(JSON.parse(line));
  } catch {
    // It has no kind then.
  }
  const { k } = event;
  const n = count(event.n);
  if (k === 'turn') return { k };
  if (k === 'notice') return { k, message: text(event.message) };
  if (k === 'ping') return { k, ahead: event.ahead === undefined ? -1 : count(event.ahead) };
  if (k === 'log' && n > 0) return { k, n, step: text(event.step), lines: list(event.lines).map(text) };
  if (k === 'state' && n > 0) {
    const { number, url } = fields(event.build);
    const [note, phase] = [text(event.note), text(event.phase)];
    return { k, n, phase, note, build: count(number), url: word(url), stages: list(event.stages).map(stage) };
  }
  if (k === 'result' && n > 0) {
    const [verdict, message] = [code(event.verdict), text(event.message)];
    const outputs = outputsOf(event.outputs, verdict);
    return { k, n, verdict, message, code: code(event.code) || 'gate-failed', outputs };
  }
  throw new Failure('gate-failed', 'the gate sent an event that this hook does not understand');
}
