import { describe, expect, it } from 'vitest';
import { type TaskRequest, paramName, parseProofRequest, parseTaskRequest } from '../../src/protocol/index.ts';
import { answerOf } from './support/refusal.ts';

const request: TaskRequest = {
  v: 1,
  request: '0123456789abcdef0123456789abcdef',
  task: 'drone build',
  params: {},
};
const withParams = (params: unknown) => () => parseTaskRequest({ ...request, params });
const params = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`P${at}`, '']));

describe('a task request', () => {
  it('is accepted with what it must hold alone', () => {
    expect(parseTaskRequest(request)).toEqual(request);
  });

  it('holds at most 64 parameters', () => {
    expect(withParams(params(64))()).toMatchObject({ params: params(64) });
    expect(answerOf(withParams(params(65)))).toBe(
      'input-wrong-type: the task request: "params" is not as expected (at most 64 entries)',
    );
  });

  it('leaves the form of a parameter name to the decision, up to 64 characters', () => {
    for (const name of ['', 'environment', 'A-B', 'constructor', 'prototype', 'x'.repeat(64)])
      expect(withParams({ [name]: 'v' })()).toMatchObject({ params: { [name]: 'v' } });
    for (const name of ['x'.repeat(65), '__proto__'])
      expect(answerOf(withParams(JSON.parse(`{"${name}":"v"}`)))).toBe(
        `input-wrong-type: the task request: "params.${name}" is not as expected (a name of at most 64 characters)`,
      );
  });

  it('hands out parameters that inherit nothing', () => {
    const { params: parsed } = parseTaskRequest(request);
    expect(parsed['constructor']).toBeUndefined();
    expect(Object.getPrototypeOf(parsed)).toBeNull();
  });

  it.each(['drone  build', 'drone build ', 'Drone build', 'drone build; id', 'drone', 'drone cron'])(
    'for the task %j is refused, since there is none of this name',
    (task) => {
      expect(answerOf(() => parseTaskRequest({ ...request, task }))).toBe(
        'input-wrong-type: the task request: "task" is not as expected ("drone build" | "drone promote" | "drone rollback")',
      );
    },
  );
});

describe('a proof', () => {
  it('may be empty here: which one is needed is the identity mode, which the gate knows', () => {
    expect(parseProofRequest({})).toEqual({});
  });

  it('has claims of plain text alone', () => {
    expect(parseProofRequest({ claims: { run_id: '1' } })).toEqual({ claims: { run_id: '1' } });
    for (const run_id of [1, ['1'], { toString: '1' }, null])
      expect(answerOf(() => parseProofRequest({ claims: { run_id } }))).toBe(
        'input-wrong-type: the proof: "claims.run_id" is not as expected (a text of 0 to 1024 characters)',
      );
  });
});

describe('the name of a parameter', () => {
  it.each(['A', 'ENVIRONMENT', 'A1_', 'A'.repeat(64)])('may be %s', (name) => {
    expect(paramName.test(name)).toBe(true);
  });

  it.each(['', 'a', '_A', '1A', 'A B', 'A\n', 'A-B', 'É', 'A'.repeat(65)])('may not be %j', (name) => {
    expect(paramName.test(name)).toBe(false);
  });
});
