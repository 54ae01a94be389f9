// A whole gate on real unix sockets, with a policy, an issuer and cells of the test's own, and jobs that speak to it as
// a hook does.

import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Audit,
  type AuditEntry,
  type Bounds,
  type CellEngine,
  type Clock,
  type Gate,
  type GateOptions,
  type Ledger,
  type Listener,
  type ServerLimits,
  type Timing,
  createGate,
  defaultTiming,
  fileAudit,
  listenOnSocket,
  memoryLedger,
  silentLog,
} from '../../../src/gate/index.ts';
import { type Policy, loadPolicy } from '../../../src/policy/index.ts';
import { type FakeCells, fakeCells } from '../../fakes/cells.ts';
import { type Answer, type EventReader, call, readEvents } from './http.ts';
import { type Payload, type TestIssuer, createIssuer } from './issuer.ts';

export interface BenchOptions {
  readonly cells?: CellEngine;
  readonly timing?: Partial<Timing>;
  readonly bounds?: Partial<Bounds>;
  readonly limits?: Partial<ServerLimits>;
  readonly ledger?: Ledger;
  readonly clock?: Clock;
  readonly audit?: (file: string) => Promise<Audit>;
  /** Lines of the policy's `limits`, and of the entry. */
  readonly policyLimits?: string;
  readonly entry?: string;
  readonly repositories?: string;
  /** The last word on the policy. */
  readonly change?: (policy: Policy) => Policy;
  readonly binder?: GateOptions['binder'];
  readonly runnerSeen?: GateOptions['runnerSeen'];
  readonly selfTest?: GateOptions['selfTest'];
}

export interface Bench {
  readonly gate: Gate;
  readonly cells: FakeCells;
  readonly issuer: TestIssuer;
  readonly folder: string;
  readonly policy: Policy;
  readonly audience: string;
  /** A runner with its socket. */
  runner(name?: string, ephemeral?: boolean): Promise<TestRunner>;
  /** The gate is gone as by kill -9, and another one goes on with its ledger, perhaps by another policy. */
  restart(change?: Partial<GateOptions>): Promise<void>;
  readonly audit: () => (AuditEntry & { readonly time: string })[];
  stop(): Promise<void>;
}

export interface TestRunner {
  readonly name: string;
  readonly path: string;
  call(method: string, path: string, body?: unknown): Promise<Answer>;
  /** A session that has not proved anything. */
  session(): Promise<TestSession>;
  close(): Promise<void>;
}

export interface TestSession {
  readonly id: string;
  readonly runner: TestRunner;
  challenge(): Promise<string>;
  /** A token for a fresh challenge. */
  token(claims?: Payload): Promise<string>;
  rehearse(claims?: Payload): Promise<Answer>;
  /** Asks for a task; what is in `body` wins. */
  ask(body?: Payload, claims?: Payload): Promise<Answer>;
  /** Asks, expects a task, and reads its events. */
  task(
    body?: Payload,
    claims?: Payload,
  ): Promise<{ readonly id: string; readonly reader: EventReader; readonly phase: string }>;
  close(): Promise<Answer>;
}

export const hex = (): string => randomBytes(16).toString('hex');

export const audience = 'https://airlock.test.example';

const policyText = (folder: string, { policyLimits = '', entry = '', repositories = '' }: BenchOptions): string => `
version: 1
image: { run: 'sha256:${'a'.repeat(64)}', accept: [airlock] }
identity: { audience: '${audience}', keys: { file: ${folder}/keys.json } }
drones:
  internal: { server: https://drone.internal, token: { file: ${folder}/drone-token } }
repositories:
  - repository: octo/app
    id: 123456
    drone: internal
    pipeline: same
    allow:
      - task: drone build
        events: [push]
        refs: [refs/heads/main]
        params: { ENVIRONMENT: { values: [staging] }, NOTE: { pattern: '[a-z ]*' } }
${entry === '' ? '' : `        ${entry}\n`}${repositories}
limits: { tasksPerJob: 1, tasksPerRun: 50, perRepository: { atOnce: 50, perHour: 1000 }${policyLimits === '' ? '' : `, ${policyLimits}`} }
`;

/** Waits as short as a test needs them, and none that load could break. */
const quick: Partial<Timing> = { sweep: 20, ping: 200, order: { ...defaultTiming.order, poll: 10 } };

function sessionOf(id: string, runner: TestRunner, issuer: TestIssuer): TestSession {
  const session: TestSession = {
    id,
    runner,
    async challenge() {
      const { status, body } = await runner.call('POST', `/v1/sessions/${id}/challenge`, {});
      if (status !== 200) throw new Error(`challenge: ${status} ${JSON.stringify(body)}`);
      return body.audience;
    },
    token: async (claims) => issuer.sign(await session.challenge(), claims),
    rehearse: async (claims) =>
      runner.call('POST', `/v1/sessions/${id}/rehearsal`, { token: await session.token(claims) }),
    async ask(body = {}, claims = {}) {
      const token = 'token' in body || 'claims' in body ? {} : { token: await session.token(claims) };
      const request = { v: 1, request: hex(), task: 'drone build', params: {}, ...token, ...body };
      return runner.call('POST', `/v1/sessions/${id}/tasks`, request);
    },
    async task(body, claims) {
      const answer = await session.ask(body, claims);
      if (answer.status !== 200) throw new Error(`task: ${answer.status} ${JSON.stringify(answer.body)}`);
      const { task, phase } = answer.body;
      return { id: task, phase, reader: readEvents(runner.path, task) };
    },
    close: () => runner.call('DELETE', `/v1/sessions/${id}`),
  };
  return session;
}

/** Making a key is slow; one serves all gates of a test file. */
const oneIssuer = createIssuer();

export async function startBench(options: BenchOptions = {}): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'airlock-gate-'));
  const issuer = await oneIssuer;
  writeFileSync(join(folder, 'keys.json'), JSON.stringify({ keys: [issuer.jwk] }));
  writeFileSync(join(folder, 'drone-token'), 'the-drone-token\n', { mode: 0o600 });
  const loaded = loadPolicy(policyText(folder, options), 'policy.yaml');
  const policy = options.change?.(loaded) ?? loaded;
  const cells = options.cells ?? fakeCells();
  const auditFile = join(folder, 'audit.ndjson');
  const made: GateOptions = {
    policy,
    ledger: options.ledger ?? memoryLedger(),
    audit: await (options.audit ?? fileAudit)(auditFile),
    cells,
    log: silentLog(),
    timing: { ...quick, ...options.timing },
    bounds: options.bounds,
    clock: options.clock,
    binder: options.binder,
    runnerSeen: options.runnerSeen,
    selfTest: options.selfTest,
  };
  let current = createGate(made);
  const gate: Gate = {
    log: current.log,
    handle: (runner, one) => current.handle(runner, one),
    gone: (runner) => current.gone(runner),
    notReady: () => current.notReady(),
    warnings: () => current.warnings(),
    takeOver: () => current.takeOver(),
    abandon: () => current.abandon(),
    stop: () => current.stop(),
  };
  const listeners: Listener[] = [];

  async function runner(name = `runner-${listeners.length + 1}`, ephemeral = true): Promise<TestRunner> {
    const home = join(folder, name);
    mkdirSync(home, { mode: 0o700 });
    const path = join(home, 'gate.sock');
    const listener = await listenOnSocket(gate, { name, path, ephemeral }, { close: 200, ...options.limits });
    listeners.push(listener);
    const self: TestRunner = {
      name,
      path,
      call: (method, url, body) => call(path, method, url, body),
      async session() {
        const { status, body } = await call(path, 'POST', '/v1/sessions', { v: 1, image: 'airlock' });
        if (status !== 200) throw new Error(`session: ${status} ${JSON.stringify(body)}`);
        return sessionOf(body.session, self, issuer);
      },
      close: () => listener.close(),
    };
    return self;
  }

  return {
    gate,
    cells: cells as FakeCells,
    issuer,
    folder,
    policy,
    audience,
    runner,
    async restart(change = {}) {
      await current.abandon();
      current = createGate({ ...made, ...change });
      await current.takeOver();
    },
    audit: () =>
      readFileSync(auditFile, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as AuditEntry & { time: string }),
    async stop() {
      await gate.stop();
      await Promise.all(listeners.map((listener) => listener.close()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Looks again and again until it holds; the limit is vitest's own. */
export async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((done) => setTimeout(done, 5));
}
