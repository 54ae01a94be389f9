// A fleet with the real client of GitHub's API and real sockets, on an engine in memory: what it does when things go well,
// and when they do not.

import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Fleet, type FleetOptions, createFleet } from '../../src/fleet/fleet.ts';
import { type Memory, createMemory } from '../../src/fleet/memory.ts';
import { prefixOf } from '../../src/fleet/names.ts';
import { registrationLabel } from '../../src/fleet/specification.ts';
import type { FleetTiming } from '../../src/fleet/timing.ts';
import { silentLog } from '../../src/gate/log.ts';
import type { Gate } from '../../src/gate/gate.ts';
import { type GitHubBench, startGitHubBench } from './support/github.ts';
import { type MemoryEngine, memoryEngine } from './support/memory-engine.ts';

const installation = '0123456789abcdef0123456789abcdef';
const prefix = prefixOf(installation);
/** Waits as short as a test needs them. */
const quick: Partial<FleetTiming> = {
  look: 20,
  pause: 5,
  list: 50,
  listed: 0,
  afterJob: 30,
  missing: 30,
  quick: 60_000,
  backoff: { first: 20, most: 40 },
  stop: 20_000,
};

let github: GitHubBench;
let engine: MemoryEngine;
let memory: Memory;
let fleets: Fleet[];
let active: boolean;
const left: string[] = [];

beforeEach(async () => {
  github = await startGitHubBench();
  engine = memoryEngine();
  memory = createMemory(prefix, { now: () => Date.now() });
  fleets = [];
  active = true;
  left.length = 0;
});
afterEach(async () => {
  await Promise.all(fleets.map((fleet) => fleet.close()));
  await github.end();
});

const gate = { log: silentLog(), gone: ({ id }) => void left.push(id) } as Partial<Gate> as Gate;
const folder = (): string => github.at('runners');

function start(settings: Partial<FleetOptions['settings']> = {}, timing: Partial<FleetTiming> = {}): Fleet {
  const fleet = createFleet({
    gate,
    github: github.client(),
    engine,
    memory,
    settings: {
      group: 'airlock',
      labels: ['airlock'],
      idle: 2,
      max: 4,
      image: `sha256:${'a'.repeat(64)}`,
      network: 'runners',
      deadline: 60_000,
      limits: { memory: 1, pids: 1, cpus: 1, work: 1 },
      folder: folder(),
      ...settings,
    },
    installation,
    prefix,
    active: () => active,
    log: silentLog(),
    timing: { ...quick, ...timing },
  });
  fleets.push(fleet);
  return fleet;
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((done) => setTimeout(done, 5));
}
const running = (): string[] => [...engine.containers.values()].flatMap((one) => (one.running ? [one.name] : []));
const registered = (): string[] => [...github.fake.registrations.values()].map(({ name }) => name);
const socketOf = (name: string): string => join(folder(), name, 'gate.sock');
const registrationOf = (name: string) => [...github.fake.registrations.values()].find((one) => one.name === name)!;
const asked = (method: string): number => github.fake.asked.filter((call) => call.method === method).length;

describe('a fleet', () => {
  test('has as many runners waiting as wanted: each registered, with a socket of its own, and its number on it', async () => {
    start();
    await until(() => running().length === 2);
    expect(registered().sort()).toEqual(running().sort());
    for (const name of running()) {
      expect(statSync(socketOf(name)).isSocket()).toBe(true);
      expect(statSync(join(folder(), name)).mode & 0o777).toBe(0o755);
      const labels = engine.containers.get(name)!.body.Labels as Record<string, string>;
      expect(labels[registrationLabel]).toBe(String(registrationOf(name).id));
    }
    expect(statSync(folder()).mode & 0o777).toBe(0o700);
  });

  test('replaces a runner after its job, and leaves nothing of it', async () => {
    start();
    await until(() => running().length === 2);
    const [name = ''] = running();
    memory.seen({ id: name, ephemeral: true }, 'busy');
    await until(() => running().length === 3);
    github.fake.registrations.delete(registrationOf(name).id);
    engine.end(name);
    await until(() => !engine.containers.has(name) && running().length === 2);
    await until(() => !existsSync(join(folder(), name)));
    expect(left).toContain(name);
    expect(running()).not.toContain(name);
  });

  test('ends a runner that stays after its job', async () => {
    start();
    await until(() => running().length === 2);
    const [name = ''] = running();
    memory.seen({ id: name, ephemeral: true }, 'busy');
    memory.seen({ id: name, ephemeral: true }, 'done');
    await until(() => !engine.containers.has(name));
  });

  test('never has more than the most, however many jobs there are', async () => {
    start({ idle: 2, max: 3 });
    await until(() => running().length === 2);
    for (const name of running()) memory.seen({ id: name, ephemeral: true }, 'busy');
    await until(() => running().length === 3);
    for (const name of running()) memory.seen({ id: name, ephemeral: true }, 'busy');
    const asks = github.fake.asked.length;
    await until(() => github.fake.asked.length > asks + 3);
    expect(engine.containers.size).toBe(3);
  });

  test('takes a job that GitHub tells of for a job', async () => {
    start();
    await until(() => running().length === 2);
    const [name = ''] = running();
    registrationOf(name).busy = true;
    await until(() => running().length === 3);
  });

  test('ends a runner that GitHub lists no more, and makes another', async () => {
    start();
    await until(() => running().length === 2);
    const [name = ''] = running();
    github.fake.registrations.delete(registrationOf(name).id);
    await until(() => !engine.containers.has(name) && running().length === 2);
  });

  test('takes the session of a static runner for nothing of its own', async () => {
    start();
    await until(() => running().length === 2);
    memory.seen({ id: 'by-hand', ephemeral: false }, 'busy');
    memory.seen({ id: `${prefix}../../x`, ephemeral: false }, 'busy');
    expect(memory.of('by-hand').busySince).toBeNull();
  });
});

describe('the next gate', () => {
  test('goes on with the runners, opens their doors again, and takes away what nobody has', async () => {
    start();
    await until(() => running().length === 2);
    const before = running().sort();
    const number = memory.registrationOf(before[0]!);
    await fleets.pop()!.close();
    expect(existsSync(socketOf(before[0]!))).toBe(false);
    const stale = `${prefix}${'0'.repeat(16)}`;
    mkdirSync(join(folder(), stale));
    const add = (id: number, name: string): void =>
      void github.fake.registrations.set(id, { id, name, labels: [], group: 3, status: 'offline', busy: false });
    add(900, stale);
    add(901, 'somebody-elses');
    add(902, 'airlock-0123456789ac-0000000000000000');
    memory = createMemory(prefix, { now: () => Date.now() });
    start();
    await until(() => existsSync(socketOf(before[0]!)) && !github.fake.registrations.has(900));
    await until(() => !existsSync(join(folder(), stale)));
    expect(running().sort()).toEqual(before);
    expect(memory.registrationOf(before[0]!)).toBe(number);
    expect([...github.fake.registrations.keys()]).toEqual(expect.arrayContaining([901, 902]));
  });

  test('does nothing while another one is active', async () => {
    start({ idle: 1 });
    await until(() => running().length === 1);
    const [name = ''] = running();
    await fleets.pop()!.close();
    github.fake.asked.length = 0;
    active = false;
    mkdirSync(join(folder(), `${prefix}${'1'.repeat(16)}`), { recursive: true });
    start();
    await new Promise((done) => setTimeout(done, 100));
    expect([asked('POST'), asked('DELETE')]).toEqual([0, 0]);
    // The other one's hooks would find the wrong gate behind it.
    expect(existsSync(socketOf(name))).toBe(false);
    expect(existsSync(join(folder(), `${prefix}${'1'.repeat(16)}`))).toBe(true);
    active = true;
    await until(() => running().length === 2);
  });
});

describe('a fleet that stops', () => {
  test('removes the runners that wait with their registrations, and leaves those with a job', async () => {
    const fleet = start();
    await until(() => running().length === 2);
    const [busy = '', idle = ''] = running();
    memory.seen({ id: busy, ephemeral: true }, 'busy');
    registrationOf(busy).busy = true;
    await until(() => running().length === 3);
    await fleet.retire();
    expect(running()).toEqual([busy]);
    expect(registered()).toEqual([busy]);
    expect(running()).not.toContain(idle);
    await fleet.close();
    expect(running()).toEqual([busy]);
    expect(existsSync(join(folder(), busy))).toBe(true);
  });

  test('leaves a runner that has got a job just now: GitHub says so', async () => {
    const fleet = start({}, { list: 60_000 });
    await until(() => running().length === 2);
    const [busy = ''] = running();
    registrationOf(busy).busy = true;
    await fleet.retire();
    expect(running()).toEqual([busy]);
  });

  test('does not wait for a GitHub that does not answer', async () => {
    const fleet = start({}, { stop: 200 });
    await until(() => running().length === 2);
    github.fake.disturb = () => ({ status: 200, slow: 60_000 });
    await fleet.retire();
    expect(running()).toHaveLength(2);
  });
});

describe('trouble', () => {
  test('with GitHub: nothing is made, little is asked, the operator hears of it, and all goes on afterwards', async () => {
    github.fake.disturb = ({ path }) => (path.endsWith('/generate-jitconfig') ? { status: 500 } : undefined);
    const fleet = start({}, { backoff: { first: 100, most: 100 } });
    await until(() => fleet.problems().length > 0);
    expect(fleet.problems()[0]).toMatch(
      /^no runner can be made: POST \/orgs\/octo\/actions\/runners\/generate-jitconfig: 500/,
    );
    expect(engine.made).toEqual([]);
    github.fake.disturb = () => undefined;
    await until(() => running().length === 2);
    expect(fleet.problems()).toEqual([]);
  });

  test('with a rate limit: GitHub is left alone for as long as it says', async () => {
    github.fake.disturb = () => ({ status: 429, headers: { 'retry-after': '3600' } });
    const fleet = start();
    await until(() => fleet.problems().length > 0);
    const asks = github.fake.asked.length;
    await new Promise((done) => setTimeout(done, 200));
    expect(github.fake.asked).toHaveLength(asks);
  });

  test.for(['create', 'start'] as const)(
    'with the engine at "%s": no registration, no container and no folder is left',
    async (call) => {
      let failed = 0;
      engine.trouble = (step, name) => (step === call && failed++ < 3 ? new Error(`no ${name}`) : undefined);
      // GitHub's list, in which a later look would find them, is not asked for again.
      start({}, { list: 3_600_000 });
      await until(() => running().length === 2);
      await until(() => registered().length === 2);
      expect(engine.containers.size).toBe(2);
      expect(asked('DELETE')).toBeGreaterThanOrEqual(3);
    },
  );

  test('with an engine that makes something else: it is not started', async () => {
    let first = true;
    engine.change = (asked) => {
      const change = first ? { ReadonlyRootfs: false } : {};
      first = false;
      return { ...asked, ...change };
    };
    let started = 0;
    engine.onStart = () => started++;
    const fleet = start({ idle: 1 });
    await until(() => fleet.problems().length > 0);
    expect(fleet.problems()[0]).toBe(
      'no runner can be made: the Docker engine made a runner that differs in ReadonlyRootfs',
    );
    expect(started).toBe(0);
    await until(() => running().length === 1);
    expect(engine.made).toHaveLength(2);
  });

  test('with runners that end at once, though no job came: they are made more and more slowly', async () => {
    engine.onStart = ({ name }) => engine.end(name, 1);
    const fleet = start({ idle: 1 }, { backoff: { first: 3_600_000, most: 3_600_000 } });
    await until(() => fleet.problems().length > 0);
    expect(fleet.problems()[0]).toBe('runners end at once without a job (exit code 1): look at image and network');
    // Two are nothing: GitHub removes runners by itself. And the next one is begun while the last is taken away.
    expect(engine.made.length).toBeLessThanOrEqual(4);
  });

  test('is none with runners that end at once after a job that nobody told of: the next one is there at once', async () => {
    engine.onStart = ({ name }) => {
      if (engine.made.length > 8) return;
      github.fake.registrations.delete(registrationOf(name).id);
      engine.end(name);
    };
    const fleet = start({ idle: 1 }, { backoff: { first: 3_600_000, most: 3_600_000 } });
    await until(() => engine.made.length > 8 && running().length === 1);
    expect(fleet.problems()).toEqual([]);
  });
});
