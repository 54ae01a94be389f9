import {
  type Order,
  cancelReasons,
  logLevels,
  orderKinds,
  parseCellLine,
  parseOrder,
  recoverWishes,
} from '../../../src/protocol/index.ts';
import { type Rule, count, hex32, list, object, oneOf, optional, positive, printable, text, whole } from './rules.ts';
import { type Specimen, commit, id, week } from './specimen.ts';

export const order: Order = {
  v: 1,
  id,
  kind: 'build',
  drone: {
    server: 'https://drone.internal',
    address: '10.0.0.7',
    ca: '-----BEGIN CERTIFICATE-----\n',
    proxy: 'http://proxy.internal:3128',
    token: 'drone-token',
    logins: ['airlock'],
    publicUrl: 'hidden',
  },
  repository: 'octo/widgets',
  ref: 'refs/heads/main',
  commit,
  build: 7,
  target: 'production',
  nonce: id,
  params: { ENVIRONMENT: 'staging', VERSION: 'v1.2.3' },
  expect: { steps: ['default/deploy'] },
  log: 'full',
  redact: ['hunter2'],
  disabled: 'accepted',
  limits: {
    call: 1,
    trigger: 75_000,
    lookup: 75_000,
    queue: 1_800_000,
    blocked: 1,
    run: 7_200_000,
    cancel: 60_000,
    poll: 1000,
    reconnect: 300_000,
    lost: 60_000,
    logBytes: 0,
  },
};

const milliseconds = whole(1, week * 1000);
const baseUrl: Rule = {
  is: 'an http or https URL without a path',
  good: ['http://10.0.0.7:8080/', 'https://[::1]:443'],
  bad: [
    '',
    'drone',
    'ftp://drone',
    'https://u:p@drone',
    'https://drone/x',
    'https://drone?x',
    'https://drone\n',
  ].concat('https://drone:99999', 'https://[', 'https://drone//'),
};
const orderRules: Readonly<Record<string, Rule>> = {
  '': object,
  v: positive,
  id: hex32,
  kind: { ...oneOf(orderKinds), good: ['build', 'probe'] },
  drone: object,
  'drone.server': baseUrl,
  'drone.address': optional({
    is: 'an IP address',
    good: ['::1', 'fe80::1'],
    bad: ['', '10.0.0.256', 'drone', '1.2.3'],
  }),
  'drone.ca': optional(text(524_288)),
  'drone.proxy': optional(baseUrl),
  'drone.token': printable(1024, 1),
  'drone.logins': optional({ ...list, good: [[]] }),
  'drone.logins.#': text(256),
  'drone.publicUrl': optional(printable(1024)),
  repository: {
    is: 'owner/name',
    good: ['a/b', 'mona_corp/.github'],
    bad: [
      '',
      'widgets',
      'octo/',
      '/widgets',
      'octo/..',
      'octo/.',
      'a/b/c',
      'octo/wid gets',
      '-o/w',
      'octo/w\n',
      'осто/w',
    ],
  },
  ref: {
    gone: 'input-wrong-type: the order: the document itself is not as expected (a ref where the kind is "build")',
    is: 'a plain refs/heads/ or refs/tags/ name',
    good: ['refs/tags/v1.2.3', 'refs/heads/release/2026-08_x'],
    bad: [
      '',
      'main',
      'refs/pull/1/head',
      'refs/heads/$(id)',
      'refs/heads/a b',
      'refs/heads/a..b',
      'refs/heads/-f',
    ].concat('refs/heads/a//b', 'refs/heads/main\n', `refs/heads/${'a'.repeat(202)}`),
  },
  commit: optional({
    is: '40 or 64 lower hex digits',
    good: ['a'.repeat(64)],
    bad: ['', 'a'.repeat(39), 'a'.repeat(41), 'A'.repeat(40), 'HEAD', `${'a'.repeat(40)}\n`],
  }),
  build: optional(positive),
  target: optional({ is: 'a plain name', good: ['eu/prod_1'], bad: ['', '$(id)', 'a b', '../x', '-x', 'a\n'] }),
  nonce: hex32,
  params: { ...object, map: true, good: [{}] },
  'params.ENVIRONMENT': text(4096),
  'params.VERSION': text(4096),
  expect: optional(object),
  'expect.steps': list,
  'expect.steps.#': text(300),
  log: oneOf(logLevels),
  redact: { ...list, good: [[]] },
  'redact.#': text(4096),
  disabled: optional(oneOf(['accepted'])),
  limits: object,
  ...Object.fromEntries(Object.keys(order.limits).map((name) => [`limits.${name}`, milliseconds])),
  'limits.logBytes': count,
};

const old = {
  number: 7,
  event: 'push',
  status: 'success',
  ref: 'refs/heads/main',
  commit,
  params: { ENVIRONMENT: 'staging' },
};
const { gone: _ref, ...refRule } = orderRules['ref'] ?? { is: '' };
const plainCommit = orderRules['commit'] ?? { is: '' };
const { optional: _optional, ...commitRule } = plainCommit;
const { optional: _target, ...targetRule } = orderRules['target'] ?? { is: '' };
const oldRules = (at: string): Readonly<Record<string, Rule>> => ({
  [at]: object,
  [`${at}.number`]: positive,
  [`${at}.event`]: text(64),
  [`${at}.status`]: text(64),
  [`${at}.ref`]: refRule,
  [`${at}.commit`]: commitRule,
  [`${at}.params`]: { ...object, map: true, good: [{}] },
  [`${at}.params.ENVIRONMENT`]: text(4096),
});
const promoteOrder: Order = {
  ...order,
  kind: 'promote',
  choose: { events: ['push'], status: 'success', commit, params: { AIRLOCK_COMMIT: commit } },
};
const promoteRules: Readonly<Record<string, Rule>> = {
  ...orderRules,
  kind: { ...oneOf(orderKinds, true), good: ['promote', 'rollback'] },
  ref: optional(refRule),
  target: {
    ...targetRule,
    gone: 'input-wrong-type: the order: the document itself is not as expected (a target where another build is promoted or rolled back to)',
  },
  choose: {
    ...object,
    gone: 'input-wrong-type: the order: the document itself is not as expected ("choose" exactly where the kind is "promote" or "rollback")',
  },
  'choose.events': list,
  'choose.events.#': text(64),
  'choose.status': text(64),
  'choose.commit': optional(commitRule),
  'choose.params': { ...optional(object), map: true, good: [{}] },
  'choose.params.AIRLOCK_COMMIT': text(4096),
};

const recoverOrder: Order = {
  ...order,
  kind: 'recover',
  then: 'follow',
  again: { event: 'promote', of: old },
  base: 6,
};
const recoverRules: Readonly<Record<string, Rule>> = {
  ...orderRules,
  kind: oneOf(orderKinds, true),
  ref: optional(refRule),
  target: promoteRules['target'] ?? targetRule,
  again: optional(object),
  'again.event': oneOf(['promote', 'rollback']),
  ...oldRules('again.of'),
  base: optional(count),
  then: {
    ...oneOf(recoverWishes),
    gone: 'input-wrong-type: the order: the document itself is not as expected ("then" exactly where the kind is "recover")',
  },
};

const line = 'the line to the cell';
const gone = `input-wrong-type: ${line}: the document itself is not as expected (exactly one of cancel, resume, end and go)`;

export const orderSpecimens: readonly Specimen[] = [
  { name: 'order', parse: parseOrder, what: 'the order', document: order, rules: orderRules },
  { name: 'promote order', parse: parseOrder, what: 'the order', document: promoteOrder, rules: promoteRules },
  { name: 'recover order', parse: parseOrder, what: 'the order', document: recoverOrder, rules: recoverRules },
  {
    name: 'cancel line',
    parse: parseCellLine,
    what: line,
    document: { cancel: 'author' },
    rules: { '': object, cancel: { ...oneOf(cancelReasons), gone } },
  },
  {
    name: 'resume line',
    parse: parseCellLine,
    what: line,
    document: { resume: { state: 3, log: 17 } },
    rules: { '': object, resume: { ...object, gone }, 'resume.state': count, 'resume.log': count },
  },
  {
    name: 'go line',
    parse: parseCellLine,
    what: line,
    document: { go: old },
    rules: { '': object, ...oldRules('go'), go: { ...object, gone } },
  },
  {
    name: 'end line',
    parse: parseCellLine,
    what: line,
    document: { end: true },
    rules: { '': object, end: { is: 'true', bad: [false], gone } },
  },
];
