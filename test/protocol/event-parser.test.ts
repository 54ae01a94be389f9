import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ResultEvent,
  failureCodes,
  maxBatch,
  parseCellEvent,
  parseEvent,
  refusalCodes,
  verdicts,
} from '../../src/protocol/index.ts';
import { cellEvents, gateEvents } from './support/arbitraries.ts';
import { answerOf } from './support/refusal.ts';

const step = { number: 1, name: 'deploy', status: 'success', exitCode: 0, started: 0, stopped: 0 };
const stage = { number: 1, name: 'default', status: 'success', started: 0, stopped: 0, steps: [step] };
const log = (lines: number) => ({ k: 'log', n: 1, step: 'default/deploy', lines: Array(lines).fill('x') });
const state = (stages: unknown[]) => ({ k: 'state', n: 1, phase: 'running', stages });
const outputs = { number: '7', url: '', status: 'success', commit: '', started: '', finished: '' } as const;
const result: ResultEvent = { k: 'result', n: 1, verdict: 'success', code: 'ok', message: '', outputs };
const wrong = (path: string, expected: string) =>
  `input-wrong-type: the event: ${path} is not as expected (${expected})`;

const ofCell = '"log" | "state" | "result" | "builds"';
const old = { number: 1, event: 'push', status: 'success', ref: 'refs/heads/main', commit: 'a'.repeat(40), params: {} };
const asks = (builds: unknown[]) => ({ k: 'builds', n: 2, base: 7, seen: 7, whole: true, builds });

describe('an event', () => {
  it('survives the wire: what a cell may write, a cell event is; and every event of the gate is one', () => {
    fc.assert(
      fc.property(cellEvents, (event) => {
        expect(parseCellEvent(JSON.parse(JSON.stringify(event)))).toEqual(event);
        expect(parseEvent(JSON.parse(JSON.stringify(event)))).toEqual(event);
      }),
    );
    fc.assert(
      fc.property(gateEvents, (event) => {
        expect(parseEvent(JSON.parse(JSON.stringify(event)))).toEqual(event);
      }),
    );
  });

  it('of the kinds turn, ping and notice comes from the gate, never from a cell', () => {
    for (const event of [{ k: 'turn' }, { k: 'ping' }, { k: 'ping', ahead: 0 }, { k: 'notice', message: 'x' }]) {
      expect(parseEvent(event)).toEqual(event);
      expect(answerOf(() => parseCellEvent(event))).toBe(wrong('"k"', ofCell));
    }
  });

  it.each(['toString', 'constructor', '__proto__', 'Log', 'log '])('of the unknown kind %s is refused', (k) => {
    expect(answerOf(() => parseEvent({ k }))).toBe(
      wrong('"k"', '"log" | "state" | "result" | "turn" | "ping" | "notice"'),
    );
    expect(answerOf(() => parseCellEvent({ k }))).toBe(wrong('"k"', ofCell));
  });

  it('names its kind', () => {
    for (const event of [{}, { n: 1 }, { K: 'turn' }])
      expect(answerOf(() => parseEvent(event))).toBe('input-missing-field: the event lacks "k"');
  });
});

describe('a log event', () => {
  it('holds 1 to 50 lines', () => {
    for (const lines of [1, maxBatch]) expect(parseCellEvent(log(lines))).toEqual(log(lines));
    for (const lines of [0, maxBatch + 1])
      expect(answerOf(() => parseCellEvent(log(lines)))).toBe(wrong('"lines"', '1 to 50 lines'));
  });
});

describe('the question which build is meant', () => {
  it('comes from a cell, and never reaches a hook', () => {
    expect(parseCellEvent(asks([old]))).toEqual(asks([old]));
    expect(answerOf(() => parseEvent(asks([old])))).toBe(
      wrong('"k"', '"log" | "state" | "result" | "turn" | "ping" | "notice"'),
    );
  });

  it('holds up to 100 builds, each once', () => {
    const many = (count: number) => asks(Array.from({ length: count }, (_, at) => ({ ...old, number: at + 1 })));
    expect(parseCellEvent(many(100))).toEqual(many(100));
    expect(answerOf(() => parseCellEvent(many(101)))).toBe(wrong('"builds"', 'at most 100 builds'));
    expect(answerOf(() => parseCellEvent(asks([old, old])))).toBe(wrong('"builds"', 'each build once'));
  });

  it('holds parameters of any name, also of one that objects inherit', () => {
    const params = JSON.parse('{"constructor":"x","a b":"y"}') as unknown;
    expect(parseCellEvent(asks([{ ...old, params }]))).toMatchObject({ builds: [{ params: { 'a b': 'y' } }] });
    const proto = JSON.parse('{"__proto__":"x"}') as unknown;
    expect(answerOf(() => parseCellEvent(asks([{ ...old, params: proto }])))).toContain('the name of a parameter');
  });
});

describe('a state event', () => {
  it('holds up to 200 stages of up to 1000 steps', () => {
    const long = (steps: number) => state([{ ...stage, steps: Array(steps).fill(step) }]);
    expect(parseCellEvent(long(1000))).toEqual(long(1000));
    expect(answerOf(() => parseCellEvent(long(1001)))).toBe(wrong('"stages.0.steps"', 'at most 1000 steps'));
    const wide = (stages: number) => state(Array(stages).fill(stage));
    expect(parseCellEvent(wide(200))).toEqual(wide(200));
    expect(answerOf(() => parseCellEvent(wide(201)))).toBe(wrong('"stages"', 'at most 200 stages'));
  });
});

describe('a result event', () => {
  it('has the code "ok" exactly with the verdict "success"', () => {
    const message = wrong('the document itself', 'code "ok" exactly with verdict "success"');
    for (const verdict of verdicts.filter((other) => other !== 'success')) {
      const event = { ...result, verdict, outputs: { ...outputs, status: verdict } };
      expect(parseCellEvent({ ...event, code: 'build-failed' })).toMatchObject({ verdict });
      expect(answerOf(() => parseCellEvent({ ...event, code: 'ok' }))).toBe(message);
    }
    expect(parseCellEvent(result)).toEqual(result);
    expect(answerOf(() => parseCellEvent({ ...result, code: 'build-failed' }))).toBe(message);
  });

  it('says in its outputs what its verdict is', () => {
    for (const status of verdicts.filter((other) => other !== 'success'))
      expect(answerOf(() => parseCellEvent({ ...result, outputs: { ...outputs, status } }))).toBe(
        wrong('the document itself', 'outputs.status equal to the verdict'),
      );
  });

  it('may carry every code that there is', () => {
    const event = { ...result, verdict: 'unknown', outputs: { ...outputs, status: 'unknown' } };
    for (const code of [...refusalCodes, ...failureCodes])
      expect(parseCellEvent({ ...event, code })).toEqual({ ...event, code });
  });
});
