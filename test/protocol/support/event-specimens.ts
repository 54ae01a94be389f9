import { cellPhases, parseCellEvent, parseEvent, verdicts } from '../../../src/protocol/index.ts';
import { type Rule, count, decimal, list, object, oneOf, optional, positive, printable, text, whole } from './rules.ts';
import { type Specimen, commit } from './specimen.ts';

const outputs = { number: '7', url: '', status: 'success', commit, started: '1', finished: '2' };
const result = { k: 'result', n: 4, verdict: 'success', code: 'ok', message: 'done', outputs };
const step = { number: 1, name: 'deploy', status: 'success', exitCode: 0, started: 1, stopped: 2, error: 'none' };
const stage = { number: 1, name: 'default', status: 'success', started: 1, stopped: 2, error: 'none', steps: [step] };
const build = { number: 7, url: 'https://drone.example/7', status: 'running', commit, ref: 'refs/heads/main' };
const state = { k: 'state', n: 3, phase: 'running', build, stages: [stage], note: 'waits for a runner', base: 6 };
const old = {
  number: 7,
  event: 'push',
  status: 'success',
  ref: 'refs/heads/main',
  commit,
  params: { ENVIRONMENT: 'x' },
};
const asks = { k: 'builds', n: 2, base: 9, seen: 9, whole: true, builds: [old] };
const log = { k: 'log', n: 17, step: 'default/deploy', lines: ['one', '\x1b[31m::error::two\r'] };

const known = 'a code that is known here';
const stateRules: Readonly<Record<string, Rule>> = {
  '': object,
  n: positive,
  phase: oneOf(cellPhases),
  build: optional(object),
  'build.number': positive,
  'build.url': printable(2048),
  'build.status': text(64),
  'build.commit': printable(64),
  'build.ref': text(512),
  stages: { ...list, good: [[], Array(200).fill(stage)] },
  'stages.#': object,
  'stages.#.number': count,
  'stages.#.name': text(1024),
  'stages.#.status': text(64),
  'stages.#.started': count,
  'stages.#.stopped': count,
  'stages.#.error': optional(text(8192)),
  'stages.#.steps': { ...list, good: [[], Array(1000).fill(step)] },
  'stages.#.steps.#': object,
  'stages.#.steps.#.number': count,
  'stages.#.steps.#.name': text(1024),
  'stages.#.steps.#.status': text(64),
  'stages.#.steps.#.exitCode': whole(Number.MIN_SAFE_INTEGER),
  'stages.#.steps.#.started': count,
  'stages.#.steps.#.stopped': count,
  'stages.#.steps.#.error': optional(text(8192)),
  note: optional(text(8192)),
  base: optional(count),
};
const asksRules: Readonly<Record<string, Rule>> = {
  '': object,
  n: positive,
  base: count,
  seen: count,
  whole: { is: 'true | false', good: [true, false], bad: [1, 'true'] },
  builds: { ...list, good: [[]] },
  'builds.#': object,
  'builds.#.number': positive,
  'builds.#.event': text(64),
  'builds.#.status': text(64),
  'builds.#.ref': text(512),
  'builds.#.commit': text(64),
  'builds.#.params': { ...object, map: true, good: [{}] },
  'builds.#.params.ENVIRONMENT': text(4096),
};
const resultRules: Readonly<Record<string, Rule>> = {
  '': object,
  n: positive,
  verdict: oneOf(verdicts, true),
  code: { is: known, bad: ['', 'OK', 'not-a-code', 'ok\n', '__proto__'] },
  message: text(8192),
  outputs: object,
  'outputs.number': decimal,
  'outputs.url': printable(2048),
  'outputs.status': oneOf(verdicts, true),
  'outputs.commit': printable(64),
  'outputs.started': decimal,
  'outputs.finished': decimal,
};
const logRules: Readonly<Record<string, Rule>> = {
  '': object,
  n: positive,
  step: text(2048),
  lines: { ...list, good: [[''], Array(50).fill('x')] },
  'lines.#': text(65_536),
};
const ofCell = oneOf(['log', 'state', 'result', 'builds'], true);
const ofGate = oneOf(['log', 'state', 'result', 'turn', 'ping', 'notice'], true);

const event = 'the event';

export const eventSpecimens: readonly Specimen[] = [
  { name: 'log event', parse: parseEvent, what: event, document: log, rules: { ...logRules, k: ofGate } },
  { name: 'state event', parse: parseEvent, what: event, document: state, rules: { ...stateRules, k: ofGate } },
  { name: 'result event', parse: parseEvent, what: event, document: result, rules: { ...resultRules, k: ofGate } },
  { name: 'turn event', parse: parseEvent, what: event, document: { k: 'turn' }, rules: { '': object, k: ofGate } },
  {
    name: 'ping event',
    parse: parseEvent,
    what: event,
    document: { k: 'ping', ahead: 2 },
    rules: { '': object, k: ofGate, ahead: optional(count) },
  },
  {
    name: 'notice event',
    parse: parseEvent,
    what: event,
    document: { k: 'notice', message: 'the gate was restarted' },
    rules: { '': object, k: ofGate, message: text(8192) },
  },
  { name: "cell's log event", parse: parseCellEvent, what: event, document: log, rules: { ...logRules, k: ofCell } },
  {
    name: "cell's state event",
    parse: parseCellEvent,
    what: event,
    document: state,
    rules: { ...stateRules, k: ofCell },
  },
  {
    name: "cell's result event",
    parse: parseCellEvent,
    what: event,
    document: result,
    rules: { ...resultRules, k: ofCell },
  },
  { name: "cell's question", parse: parseCellEvent, what: event, document: asks, rules: { ...asksRules, k: ofCell } },
];
