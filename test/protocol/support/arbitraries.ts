// Orders and events as the schemas allow them, written down from their types.

import fc from 'fast-check';
import {
  type Event,
  type Order,
  type ResultEvent,
  cellPhases,
  failureCodes,
  logLevels,
  orderKinds,
  refusalCodes,
  verdicts,
} from '../../../src/protocol/index.ts';

const text = (maxLength: number) => fc.string({ unit: 'binary', maxLength });
const printable = (minLength: number, maxLength: number) =>
  fc.string({
    unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
    minLength,
    maxLength,
  });
const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));
const positive = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const decimal = fc.oneof(fc.constant(''), fc.nat().map(String));
const milliseconds = fc.integer({ min: 1, max: 604_800_000 });
const word = fc.constantFrom('main', 'v1.2.3', 'release/2026-08', 'a_b', 'Z');

const orderParts = {
  v: positive,
  id: hex(32),
  kind: fc.constantFrom(...orderKinds),
  drone: fc.record(
    {
      server: fc.constantFrom('https://drone.internal', 'http://[::1]:8080/'),
      address: fc.oneof(fc.ipV4(), fc.ipV6()),
      ca: text(200),
      proxy: fc.constant('http://proxy.internal:3128'),
      token: printable(1, 100),
      logins: fc.array(text(20), { maxLength: 3 }),
      publicUrl: printable(0, 100),
    },
    { requiredKeys: ['server', 'token'] },
  ),
  repository: fc.constantFrom('octo/widgets', 'a/.github'),
  ref: word.map((name) => `refs/heads/${name}`),
  commit: fc.oneof(hex(40), hex(64)),
  build: positive,
  target: word,
  nonce: hex(32),
  params: fc.dictionary(fc.stringMatching(/^[A-Z][A-Z0-9_]{0,63}$/), text(100), { maxKeys: 5 }),
  expect: fc.record({ steps: fc.array(text(50), { maxLength: 3 }) }),
  log: fc.constantFrom(...logLevels),
  redact: fc.array(text(50), { maxLength: 3 }),
  disabled: fc.constant('accepted' as const),
  then: fc.constantFrom('follow' as const, 'cancel' as const),
  limits: fc.record({
    call: milliseconds,
    trigger: milliseconds,
    lookup: milliseconds,
    queue: milliseconds,
    blocked: milliseconds,
    run: milliseconds,
    cancel: milliseconds,
    poll: milliseconds,
    reconnect: milliseconds,
    lost: milliseconds,
    logBytes: count,
  }),
};
const oldBuild = fc.record({
  number: positive,
  event: text(64),
  status: text(64),
  ref: orderParts.ref,
  commit: orderParts.commit,
  params: orderParts.params,
});
const choose = fc.record({ events: fc.array(text(20), { maxLength: 3 }), status: text(20) });
const recovered = fc.record(
  { again: fc.record({ event: fc.constantFrom('promote' as const, 'rollback' as const), of: oldBuild }), base: count },
  { requiredKeys: [] },
);

/** What hangs together in an order. */
const whole = ([{ kind, then, ref, target, ...rest }, wish, lost]: readonly [
  Partial<Order> & Omit<Order, 'kind'> & { readonly kind: Order['kind'] },
  NonNullable<Order['choose']>,
  Pick<Order, 'again' | 'base'>,
]): Order => {
  const promotes = kind === 'promote' || kind === 'rollback';
  const again = kind === 'recover' ? lost : {};
  const to = target ?? (promotes || again.again !== undefined ? 'production' : undefined);
  const of = ref ?? (kind === 'build' ? 'refs/heads/main' : undefined);
  return {
    ...rest,
    kind,
    ...again,
    ...(promotes ? { choose: wish } : {}),
    ...(kind === 'recover' ? { then: then ?? 'follow' } : {}),
    ...(to === undefined ? {} : { target: to }),
    ...(of === undefined ? {} : { ref: of }),
  };
};
const parts = fc.record(orderParts, {
  requiredKeys: ['v', 'id', 'kind', 'drone', 'repository', 'nonce', 'params', 'log', 'redact', 'limits'],
});
export const orders: fc.Arbitrary<Order> = fc.tuple(parts, choose, recovered).map(whole);

const outcome = { status: text(64), started: count, stopped: count, error: text(50), number: count, name: text(50) };
const withoutError = ['status', 'started', 'stopped', 'number', 'name'] as const;
const step = fc.record({ ...outcome, exitCode: fc.maxSafeInteger() }, { requiredKeys: [...withoutError, 'exitCode'] });
const stage = fc.record(
  { ...outcome, steps: fc.array(step, { maxLength: 3 }) },
  { requiredKeys: [...withoutError, 'steps'] },
);
const build = fc.record({
  number: positive,
  url: printable(0, 50),
  status: text(64),
  commit: printable(0, 64),
  ref: text(100),
});
const failures = fc.constantFrom(...refusalCodes, ...failureCodes);
const result: fc.Arbitrary<ResultEvent> = fc
  .record({
    verdict: fc.constantFrom(...verdicts),
    failure: failures,
    n: positive,
    message: text(100),
    outputs: fc.record({
      number: decimal,
      url: printable(0, 50),
      commit: printable(0, 64),
      started: decimal,
      finished: decimal,
    }),
  })
  .map(({ verdict, failure, outputs, ...rest }) => ({
    ...rest,
    k: 'result',
    verdict,
    code: verdict === 'success' ? 'ok' : failure,
    outputs: { ...outputs, status: verdict },
  }));

export const cellEvents: fc.Arbitrary<Event> = fc.oneof(
  fc.record({
    k: fc.constant('log' as const),
    n: positive,
    step: text(50),
    lines: fc.array(text(100), { minLength: 1, maxLength: 50 }),
  }),
  fc.record(
    {
      k: fc.constant('state' as const),
      n: positive,
      phase: fc.constantFrom(...cellPhases),
      build,
      stages: fc.array(stage, { maxLength: 3 }),
      note: text(100),
      base: count,
    },
    { requiredKeys: ['k', 'n', 'phase', 'stages'] },
  ),
  result,
);
export const gateEvents: fc.Arbitrary<Event> = fc.oneof(
  { arbitrary: cellEvents, weight: 5 },
  fc.constant({ k: 'turn' as const }),
  fc.record({ k: fc.constant('notice' as const), message: text(100) }),
  fc.record({ k: fc.constant('ping' as const), ahead: count }, { requiredKeys: ['k'] }),
);
