// Turns as the ledger's holder: one gate serves at a time, and who lost its turn touches nothing.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type Audit,
  type Gate,
  type SharedLedger,
  createSharedGate,
  memoryLedger,
  silentLog,
} from '../../src/gate/index.ts';
import { type Policy, loadPolicy } from '../../src/policy/index.ts';
import { Failure } from '../../src/protocol/index.ts';
import { type FakeCells, fakeCells } from '../fakes/cells.ts';
import { eventually, hex } from './support/bench.ts';
import { waiting as waitingRecord } from './support/records.ts';

const policyIn = (folder: string): Policy =>
  loadPolicy(
    `version: 1
image: { run: 'sha256:${'a'.repeat(64)}', accept: [airlock] }
identity: { audience: 'https://airlock.test.example' }
drones: { internal: { server: https://drone.internal, token: { file: ${folder}/token } } }
repositories: []
`,
    'policy.yaml',
  );
const runner = { id: 'runner-1', ephemeral: true };
const open = { method: 'POST', path: '/v1/sessions', query: '', body: Buffer.from('{"v":1,"image":"airlock"}') };

/** A ledger whose turns a test gives and takes. */
function turns() {
  const ledger = memoryLedger();
  let epoch: number | null = null;
  let last = 0;
  let take = (_reason: string): void => undefined;
  let closed = (): void => undefined;
  const waiting: (() => void)[] = [];
  const closing = new Promise<never>((_done, fail) => {
    closed = () => fail(new Failure('gate-stopping', 'the ledger was closed'));
  });
  closing.catch(() => undefined);
  let problem: string | null = null;
  const shared: SharedLedger = {
    ...ledger,
    epoch: () => epoch,
    async acquire() {
      await Promise.race([new Promise<void>((done) => waiting.push(done)), closing]);
      epoch = ++last;
      const ended = new Promise<string>((done) => {
        take = done;
      });
      return { epoch, ended };
    },
    stepDown() {
      epoch = null;
      take('this gate has stepped down');
      return Promise.resolve();
    },
    broken: () => problem,
    close() {
      closed();
      return shared.stepDown();
    },
  };
  return {
    ledger: shared,
    asked: () => waiting.length,
    give: () => waiting.shift()?.(),
    lose() {
      epoch = null;
      take('another gate has taken the ledger over');
    },
    breakDown: (reason: string | null) => void (problem = reason),
  };
}

let folder: string;
let holder: ReturnType<typeof turns>;
let cells: FakeCells;
let gate: Gate;
let written: string[];
/** Waited for before an audit line of such an event is written. */
let held: { readonly event: string; readonly until: Promise<void> } | null;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'airlock-turns-'));
  holder = turns();
  cells = fakeCells({ survives: true });
  written = [];
  held = null;
  const audit: Audit = {
    async write({ event }) {
      written.push(event);
      if (held?.event === event) await held.until;
    },
    broken: () => null,
    close: () => Promise.resolve(void written.push('closed')),
  };
  const policy = policyIn(folder);
  gate = createSharedGate({ policy, ledger: holder.ledger, audit, cells, log: silentLog(), timing: { sweep: 10 } });
});
afterEach(async () => {
  await gate.stop();
  rmSync(folder, { recursive: true, force: true });
});

const status = async (): Promise<number> => {
  const reply = await gate.handle(runner, open);
  return reply.kind === 'json' ? reply.status : 0;
};
const serves = async (): Promise<void> => {
  while ((await status()) !== 200) await new Promise((done) => setTimeout(done, 5));
};

describe('a gate that is not the holder', () => {
  test('answers as a standby, and is ready all the same', async () => {
    expect(await gate.handle(runner, open)).toMatchObject({ status: 503, body: { code: 'standby' } });
    expect(gate.notReady()).toEqual([]);
    expect(written).toEqual([]);
  });

  test('serves as soon as it is, and says what is wrong with its ledger', async () => {
    await eventually(() => holder.asked() === 1);
    holder.give();
    await serves();
    holder.breakDown('its disk is full');
    expect(gate.notReady()).toEqual(['its disk is full']);
  });

  test('is not one that could not read the ledger: it gives its turn up and tries again', async () => {
    const { ledger } = holder;
    let broken = true;
    const list = ledger.list.bind(ledger);
    Object.assign(ledger, { list: () => (broken ? Promise.reject(new Error('EIO')) : list({})) });
    await eventually(() => holder.asked() === 1);
    holder.give();
    await eventually(() => ledger.epoch() === null && holder.asked() === 1);
    expect(await status()).toBe(503);
    broken = false;
    holder.give();
    await serves();
  });
});

describe('a turn that is lost', () => {
  test('ends all that the gate was at, and the next one begins from the ledger alone', async () => {
    await eventually(() => holder.asked() === 1);
    holder.give();
    await serves();
    const session = await gate.handle(runner, open);
    holder.lose();
    expect(await status()).toBe(503);
    await eventually(() => holder.asked() === 1);
    // A cell of the gate that has the ledger meanwhile.
    await cells.start(hex());
    await new Promise((done) => setTimeout(done, 50));
    expect(cells.alive()).toBe(1);
    holder.give();
    await serves();
    expect(session).toMatchObject({ status: 200 });
    await eventually(() => cells.alive() === 0);
    expect(written).not.toContain('stop');
  });
});

describe('a turn of the same process that was lost before', () => {
  test('writes nothing into the next one: the task has one cell, and it is followed', async () => {
    writeFileSync(join(folder, 'token'), 'the-drone-token');
    await holder.ledger.create({ ...waitingRecord, phase: 'building', cell: 'lost', number: 7 });
    let release = (): void => undefined;
    held = { event: 'order', until: new Promise((done) => (release = done)) };
    await eventually(() => holder.asked() === 1);
    holder.give();
    await eventually(() => written.includes('order'));
    holder.lose();
    await eventually(() => holder.asked() === 1);
    holder.give();
    await eventually(() => written.filter((event) => event === 'order').length === 2);
    held = null;
    // The first turn goes on where it was held up, before the second one.
    release();
    await eventually(() => cells.orders().length > 0);
    await eventually(() => written.includes('end'));
    expect(cells.cells.map(({ received }) => received.filter((line) => 'nonce' in line).length)).toEqual([0, 1]);
    await eventually(() => cells.alive() === 0);
    const [stored] = await holder.ledger.list({});
    expect(stored).toMatchObject({ record: { phase: 'ended', verdict: 'success', recoveries: 1 } });
  });
});

describe('a stop', () => {
  test.for([true, false])('is in good order, whether the gate is the holder or not (%s)', async (held) => {
    if (held) {
      await eventually(() => holder.asked() === 1);
      holder.give();
      await serves();
    }
    await gate.stop();
    expect(written.slice(-2)).toEqual(['stop', 'closed']);
    expect(holder.ledger.epoch()).toBe(null);
    expect(await status()).toBe(503);
  });
});
