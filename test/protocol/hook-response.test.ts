import { describe, expect, it } from 'vitest';
import { parseHookState, prepareJobResponse } from '../../src/protocol/index.ts';

const session = '0123456789abcdef0123456789abcdef';
const answer = { session, identity: 'github', reconnect: 300, silent: 30 } as const;
const state = { v: 1, ...answer };
const without = (name: string) => Object.fromEntries(Object.entries(state).filter(([key]) => key !== name));

describe("the hook's state", () => {
  it('comes back as prepare_job wrote it into its response: the whole answer of the gate', () => {
    const response = JSON.parse(JSON.stringify(prepareJobResponse(answer))) as { state: unknown };
    expect(response).toEqual({
      isAlpine: false,
      state,
      context: { container: { id: 'airlock', network: 'none' }, services: [] },
    });
    expect(parseHookState(response.state)).toEqual(state);
  });

  it.each([
    ['identity', 'asserted'],
    ['reconnect', 0],
    ['reconnect', 0.25],
    ['silent', 604_800],
  ])('may hold %s %s', (name, value) => {
    expect(parseHookState({ ...state, [name]: value })).toMatchObject({ [name]: value });
  });

  it.each([
    ['null, as after a refused prepare_job', null],
    ['nothing', undefined],
    ['without a version', answer],
    ['of another version', { ...state, v: 2 }],
    ['with the version as text', { ...state, v: '1' }],
    ['a version alone', { v: 1 }],
    ['a session alone', { v: 1, session }],
    ['without the kind of proof', without('identity')],
    ['with another kind of proof', { ...state, identity: 'none' }],
    ['without a wait', without('reconnect')],
    ['without the other wait', without('silent')],
    ['with a wait of less than nothing', { ...state, reconnect: -1 }],
    ['with a wait that fires at once, being too long', { ...state, silent: 604_801 }],
    ['with a wait that is no number', { ...state, silent: '30' }],
    ['with a wait that never ends', { ...state, silent: Infinity }],
    ['with a wait of no number of seconds', { ...state, reconnect: Number.NaN }],
    ['more than an answer', { ...state, image: 'evil' }],
    ['with a short session', { ...state, session: session.slice(1) }],
    ['with a session in upper case', { ...state, session: session.toUpperCase() }],
    ['with a path for a session', { ...state, session: '../../v1/sessions/0123456789abcd' }],
    ['with a line break behind the session', { ...state, session: `${session}\n` }],
    ['with a list for a session', { ...state, session: [session] }],
    ['a list', [1, session]],
    ['text', session],
    ['with an own __proto__', JSON.parse(`{"__proto__":{},${JSON.stringify(state).slice(1)}`)],
    ["the state of another program's hook", { container: 'abc', network: 'def', services: {} }],
  ])('opens no session when it is %s', (_, value) => {
    expect(parseHookState(value)).toBeNull();
    expect(parseHookState(state)).toEqual(state);
  });
});
