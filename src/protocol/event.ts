// What a cell reports and what the gate relays: state events and log events, numbered apart (PROTOCOL.md, Events).

import type { FailureCode, RefusalCode } from './codes.ts';
import type { BuildsEvent } from './old-build.ts';

export const verdicts = [
  'success',
  'failure',
  'error',
  'cancelled',
  'cancel-lost',
  'timed-out',
  'declined',
  'blocked',
  'skipped',
  'nothing-ran',
  'expected-missing',
  'never-started',
  'runner-lost',
  'not-ours',
  'unknown',
] as const;
export type Verdict = (typeof verdicts)[number];

/** Where a cell is. `pending`: Drone has the build, no runner yet. */
export const cellPhases = ['preflight', 'trigger', 'pending', 'blocked', 'running', 'cancelling', 'done'] as const;
export type CellPhase = (typeof cellPhases)[number];

export interface StepState {
  readonly number: number;
  readonly name: string;
  /** Drone's own word. */
  readonly status: string;
  readonly exitCode: number;
  /** Unix seconds by the Drone runner's clock; 0: not yet. */
  readonly started: number;
  readonly stopped: number;
  readonly error?: string | undefined;
}
export interface StageState {
  readonly number: number;
  readonly name: string;
  readonly status: string;
  readonly started: number;
  readonly stopped: number;
  readonly error?: string | undefined;
  readonly steps: readonly StepState[];
}
export interface BuildState {
  readonly number: number;
  /** Empty: hidden by the policy. */
  readonly url: string;
  readonly status: string;
  readonly commit: string;
  readonly ref: string;
}

/** `n`: number of the first line, from 1; `lines`: up to 50, without their newlines, raw and attacker-controlled. */
export interface LogEvent {
  readonly k: 'log';
  readonly n: number;
  /** `stage/step`. */
  readonly step: string;
  readonly lines: readonly string[];
}
/** A whole snapshot: the last one suffices. `n` counts state and result events, from 1. */
export interface StateEvent {
  readonly k: 'state';
  readonly n: number;
  readonly phase: CellPhase;
  readonly build?: BuildState | undefined;
  readonly stages: readonly StageState[];
  /** One of our own sentences for the author, for example why a build has to wait. */
  readonly note?: string | undefined;
  /** Number of the newest build before ours was asked for; it does not reach the hook. */
  readonly base?: number | undefined;
}
/** Only on the way to the hook: a place is free, prove again within 30 s. */
export interface TurnEvent {
  readonly k: 'turn';
}
/** Only on the way to the hook. `ahead`: tasks that come before this one, while it waits for a place. */
export interface PingEvent {
  readonly k: 'ping';
  readonly ahead?: number | undefined;
}
/** Only on the way to the hook: one of the gate's own sentences about this task, for the author. */
export interface NoticeEvent {
  readonly k: 'notice';
  readonly message: string;
}
/** Each is one word: the runner reads outputs from a file of lines. */
export interface Outputs {
  /** Decimal; empty: there is no build. */
  readonly number: string;
  readonly url: string;
  readonly status: Verdict;
  readonly commit: string;
  /** Unix seconds as text; empty: never. */
  readonly started: string;
  readonly finished: string;
}
export interface ResultEvent {
  readonly k: 'result';
  readonly n: number;
  readonly verdict: Verdict;
  /** `ok` only with the verdict `success`. */
  readonly code: RefusalCode | FailureCode | 'ok';
  readonly message: string;
  readonly outputs: Outputs;
}

/** What a cell may write. */
export type CellEvent = LogEvent | StateEvent | ResultEvent | BuildsEvent;
/** What of it a hook may receive. */
export type RelayedEvent = Exclude<CellEvent, BuildsEvent>;
/** What a hook may receive. */
export type Event = RelayedEvent | TurnEvent | PingEvent | NoticeEvent;

/** A line of a build's log is cut at this many bytes by the cell; an event line is never longer than `maxEventBytes`. */
export const maxLineBytes = 65_536;
export const maxEventBytes = 4_194_304;
/** Lines that one log event may hold. */
export const maxBatch = 50;
