import {
  logLevels,
  parseChallengeAnswer,
  parseEmpty,
  parseProofRequest,
  parseRehearsalAnswer,
  parseRehearsalRequest,
  parseSessionAnswer,
  parseSessionRequest,
  parseTaskAnswer,
  parseTaskRequest,
  taskNames,
  taskPhases,
} from '../../../src/protocol/index.ts';
import { type Rule, count, hex32, object, oneOf, optional, positive, printable, seconds, text } from './rules.ts';
import { type Specimen, id, week } from './specimen.ts';

const token = optional(text(16_384));
const claims: Readonly<Record<string, Rule>> = {
  claims: optional({ ...object, map: true }),
  'claims.run_id': text(1024),
};
const answered = "the gate's answer";

export const callSpecimens: readonly Specimen[] = [
  {
    name: 'session request',
    parse: parseSessionRequest,
    what: 'the session request',
    document: { v: 1, image: 'airlock' },
    rules: { '': object, v: positive, image: text(1024) },
  },
  {
    name: 'session answer',
    parse: parseSessionAnswer,
    what: answered,
    document: { session: id, identity: 'github', reconnect: 300, silent: 30 },
    rules: {
      '': object,
      session: hex32,
      identity: oneOf(['github', 'asserted']),
      reconnect: seconds(week),
      silent: seconds(week),
    },
  },
  {
    name: 'challenge answer',
    parse: parseChallengeAnswer,
    what: answered,
    document: { audience: 'https://airlock.example/abc', expires: 1_800_000_000 },
    rules: { '': object, audience: text(1024), expires: count },
  },
  {
    name: 'rehearsal',
    parse: parseRehearsalRequest,
    what: 'the rehearsal',
    document: { token: 'a.b.c', claims: { run_id: '1' } },
    rules: { '': object, token, ...claims },
  },
  {
    name: 'rehearsal answer',
    parse: parseRehearsalAnswer,
    what: answered,
    document: { log: 'tail' },
    rules: { '': object, log: oneOf(logLevels) },
  },
  { name: 'empty body', parse: parseEmpty, what: 'the request', document: {}, rules: { '': object } },
  {
    name: 'proof',
    parse: parseProofRequest,
    what: 'the proof',
    document: { token: 'a.b.c', claims: { run_id: '1' } },
    rules: { '': object, token, ...claims },
  },
  {
    name: 'task request',
    parse: parseTaskRequest,
    what: 'the task request',
    document: {
      v: 1,
      request: id,
      task: 'drone promote',
      params: { ENVIRONMENT: 'staging' },
      build: 7,
      target: 'production',
      token: 'a.b.c',
      droneToken: 'drone-token',
      claims: { run_id: '1' },
    },
    rules: {
      '': object,
      v: positive,
      request: hex32,
      task: oneOf(taskNames),
      params: { ...object, map: true, good: [{}] },
      'params.ENVIRONMENT': text(4096),
      build: optional(positive),
      target: optional(text(256)),
      token,
      droneToken: optional(printable(1024)),
      ...claims,
    },
  },
  {
    name: 'task answer',
    parse: parseTaskAnswer,
    what: answered,
    document: { task: id, slot: 1, phase: 'waiting' },
    rules: { '': object, task: hex32, slot: positive, phase: oneOf(taskPhases) },
  },
];
