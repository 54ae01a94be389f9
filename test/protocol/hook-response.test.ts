import { describe, expect, it } from 'vitest';
import { parseHookState, prepareJobResponse } from '../../src/protocol/index.ts';

const session = '0123456789abcdef0123456789abcdef';

describe("the hook's state", () => {
  it('comes back as prepare_job wrote it into its response', () => {
    const response = JSON.parse(JSON.stringify(prepareJobResponse(session))) as { state: unknown };
    expect(response).toEqual({
      isAlpine: false,
      state: { v: 1, session },
      context: { container: { id: 'airlock', network: 'none' }, services: [] },
    });
    expect(parseHookState(response.state)).toEqual({ v: 1, session });
  });

  it.each([
    ['null, as after a refused prepare_job', null],
    ['nothing', undefined],
    ['a session alone', { session }],
    ['another version', { v: 2, session }],
    ['the version as text', { v: '1', session }],
    ['a version alone', { v: 1 }],
    ['more than a name', { v: 1, session, image: 'evil' }],
    ['a short session', { v: 1, session: session.slice(1) }],
    ['a session in upper case', { v: 1, session: session.toUpperCase() }],
    ['a path', { v: 1, session: '../../v1/sessions/0123456789abcd' }],
    ['a line break behind it', { v: 1, session: `${session}\n` }],
    ['a session that is a list', { v: 1, session: [session] }],
    ['a list', [1, session]],
    ['text', session],
    ['an own __proto__', JSON.parse(`{"v":1,"session":"${session}","__proto__":{}}`)],
    ["the state of another program's hook", { container: 'abc', network: 'def', services: {} }],
  ])('names no session when it is %s', (_, state) => {
    expect(parseHookState(state)).toBeNull();
    expect(parseHookState({ v: 1, session })).toEqual({ v: 1, session });
  });
});
