import { describe, expect, it } from 'vitest';
import { Failure, Refusal, errorBody, errorOf, failureCodes, refusalCodes } from '../../src/protocol/index.ts';

const wire = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const details = { rule: 'limits.tasksPerJob', message: 'one task a job', fix: 'use a second job' };

describe('an answer other than 2xx', () => {
  it.each(refusalCodes)('carries the refusal %s with its rule, sentence and remedy', (code) => {
    const error = errorOf(403, wire(errorBody(new Refusal({ code, ...details }))));
    expect(error).toBeInstanceOf(Refusal);
    expect(error).toMatchObject({ code, ...details, status: 403 });
  });

  it.each(failureCodes)('carries the failure %s', (code) => {
    const error = errorOf(503, wire(errorBody(new Failure(code, 'it broke', { cause: new Error('secret') }))));
    expect(error).toBeInstanceOf(Failure);
    expect(error).toMatchObject({ code, status: 503 });
    expect(error.cause).toBeUndefined();
  });

  it('of a standby says nothing but that', () => {
    expect(errorBody(new Failure('gate-standby', 'not the holder'))).toEqual({ code: 'standby' });
    expect(errorOf(503, { code: 'standby' })).toMatchObject({
      code: 'gate-standby',
      message: 'this gate is a standby; another one is active',
    });
  });

  const refused = { code: 'tasks-per-job', ...details };
  it.each([
    ['nothing', undefined],
    ['null', null],
    ['text', '<html>502 Bad Gateway</html>'],
    ['a list', []],
    ['an empty object', {}],
    ['a refusal with an unknown code', { refused: { ...refused, code: 'no-such-code' } }],
    ['a refusal with a code that every object has', { refused: { ...refused, code: 'constructor' } }],
    ["a refusal with a failure's code", { refused: { ...refused, code: 'cell-lost' } }],
    ['a refusal without its remedy', { refused: { code: 'tasks-per-job', rule: 'r', message: 'm' } }],
    ['a refusal with a status of its own', { refused: { ...refused, status: 200 } }],
    ['a refusal beside a failure', { refused, failed: { code: 'cell-lost', message: 'm' } }],
    ['a refusal of 8193 characters', { refused: { ...refused, message: 'x'.repeat(8193) } }],
    ["a failure with a refusal's code", { failed: { code: 'tasks-per-job', message: 'm' } }],
    ['a failure without a sentence', { failed: { code: 'cell-lost' } }],
    ['another word than standby', { code: 'active' }],
    ['a standby with more to say', { code: 'standby', holder: '10.0.0.7' }],
  ])('that holds %s is a failure of the gate, and shows nothing of it', (_, body) => {
    expect(errorOf(502, body)).toMatchObject({
      name: 'Failure',
      code: 'gate-failed',
      message: 'the gate answered 502 in a form that is not its own',
      status: 502,
    });
    expect(errorOf(403, { refused })).toMatchObject({ name: 'Refusal', code: 'tasks-per-job' });
    expect(errorOf(500, { failed: { code: 'cell-lost', message: 'm' } })).toMatchObject({ code: 'cell-lost' });
  });
});
