import { describe, expect, it } from 'vitest';
import { parseEmpty, parseSessionAnswer, parseSessionRequest } from '../../src/protocol/index.ts';
import { answerOf } from './support/refusal.ts';

const answer = { session: '0123456789abcdef0123456789abcdef', identity: 'github', reconnect: 300, silent: 30 };

describe('the opening of a session', () => {
  it('takes an image as text of any form: it is compared, never used', () => {
    for (const image of ['airlock', 'evil/known:1', ' \r\n', '../x', ''])
      expect(parseSessionRequest({ v: 1, image })).toEqual({ v: 1, image });
  });

  it('has no room for what a container is made of', () => {
    for (const field of ['Image', 'cmd', 'env', 'HostConfig', 'binds', 'network'])
      expect(answerOf(() => parseSessionRequest({ v: 1, image: 'airlock', [field]: [] }))).toBe(
        `input-unknown-field: the session request holds the unknown field "${field}"`,
      );
  });

  it('tells the hook waits of at most a week: a longer timer would fire at once', () => {
    for (const reconnect of [0, 0.5, 604_800])
      expect(parseSessionAnswer({ ...answer, reconnect })).toMatchObject({ reconnect });
    for (const reconnect of [-1, 604_801, 2 ** 31 / 1000, Infinity, Number.NaN, '5'])
      expect(answerOf(() => parseSessionAnswer({ ...answer, reconnect }))).toBe(
        'input-wrong-type: the gate\'s answer: "reconnect" is not as expected (a number of seconds from 0 to 604800)',
      );
  });
});

describe('a body that says nothing', () => {
  it('is an empty object, not an empty list', () => {
    expect(parseEmpty({})).toEqual({});
    expect(answerOf(() => parseEmpty([]))).toBe(
      'input-wrong-type: the request: the document itself is not as expected (an object)',
    );
    expect(answerOf(() => parseEmpty({ force: true }))).toBe(
      'input-unknown-field: the request holds the unknown field "force"',
    );
  });
});
