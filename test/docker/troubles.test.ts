import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dockerCells, type DockerCells } from '../../src/gate/cells/docker/index.ts';
import type { DockerTiming } from '../../src/gate/cells/docker/timing.ts';
import { createLog } from '../../src/gate/log.ts';
import { Failure } from '../../src/protocol/index.ts';
import {
  type Conduct,
  type FakeEngine,
  fakeEngine,
  type Operation,
  recorded,
  recordedImage,
  recordedNetwork,
} from './fake-engine.ts';
import { lineOf, linesOf } from './support.ts';

// Each trouble with an engine has a sentence for the author and one for the operator, and none has a wait without end.

const id = `${'0'.repeat(31)}1`;
const soon: DockerTiming = {
  call: 300,
  create: 300,
  attach: 300,
  start: 300,
  remove: 400,
  retry: 50,
  recheck: 60_000,
  settle: 100,
  back: 200,
};

let fake: FakeEngine;
let cells: DockerCells;
let logged: string[];

function connect(socket: string, timing: Partial<DockerTiming> = {}): DockerCells {
  const log = createLog('info', { write: (line: string) => void logged.push(line) });
  const options = { image: recordedImage, network: recordedNetwork, script: 'process.stdin.resume()' };
  return dockerCells({ socket, ...options, installation: 'test', log, timing: { ...soon, ...timing } });
}

beforeEach(async () => {
  logged = [];
  fake = await fakeEngine();
  cells = connect(fake.socket);
});
afterEach(async () => {
  cells.close();
  await fake.stop();
});

async function failed(work: Promise<unknown>): Promise<Failure> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Failure)) throw new Error('it did not fail as it should', { cause: error });
  return error;
}

const operators = (failure: Failure): string => (failure.cause as Error).message;

const tell = 'tell the operator of the gate';
const stalled = `the gate's Docker engine did not answer in time; run the job again, and if that does not help, ${tell}`;
const brokenOff =
  "the gate's Docker engine went away in the middle of a call, as it does when it is restarted; run the job again";
const malformed = `the gate's Docker engine gave an answer that is not understood; ${tell}`;
const noImage = `the image of the cells is not on the gate's Docker engine; ${tell}`;
const noNetwork = `the network of the cells is not on the gate's Docker engine; ${tell}`;
const diskFull = `the disk of the gate's Docker engine is full; ${tell}`;
const noNode = `the image of the cells has no program "node"; ${tell}`;
const notTaken = `the gate's Docker engine does not accept how the gate describes a cell; ${tell}`;
const nameTaken = 'a container with the name of this cell is there already; run the job again';
const couldNot = `the gate's Docker engine could not start the cell; run the job again, and if that does not help, ${tell}`;

describe('a fake engine that behaves as the recorded one', () => {
  it('starts a cell with these calls and no other, and speaks with it in frames', async () => {
    const cell = await cells.start(id);
    const name = `airlock-cell-${id}`;
    expect(fake.calls).toEqual([
      'GET /version',
      'GET /v1.41/info',
      `GET /v1.41/images/${recordedImage}/json`,
      'GET /v1.41/networks/cells',
      `POST /v1.41/containers/create?name=${name}`,
      `GET /v1.41/containers/${name}/json`,
      `POST /v1.41/containers/${name}/attach?stream=1&stdin=1&stdout=1&stderr=1`,
      `POST /v1.41/containers/${name}/start`,
    ]);
    fake.stream().write(Buffer.from([1, 0, 0, 0, 0, 0, 0, 3, 0x68, 0x69, 0x0a]));
    expect(await lineOf(linesOf(cell))).toBe('hi');
    const heard = new Promise((done) => fake.stream().once('data', (bytes: Buffer) => done(bytes.toString())));
    cell.send({ order: 1 });
    expect(await heard).toBe('{"order":1}\n');
    expect(cells.ready()).toBeNull();
  });
});

describe('the start of a cell fails with a sentence for the author and one for the operator', () => {
  it.each<[string, Operation, Conduct, string, string, string]>([
    ['the engine is silent', 'create', 'silent', 'no-cell-engine', stalled, 'does not answer in time'],
    ['it is silent at the attach', 'attach', 'silent', 'no-cell-engine', stalled, 'does not answer in time'],
    ['it is silent at the start', 'start', 'silent', 'no-cell-engine', stalled, 'does not answer in time'],
    [
      'an answer stops half-way',
      'create',
      { text: '{"Id":', length: 99 },
      'no-cell-engine',
      stalled,
      'does not answer',
    ],
    ['the engine goes away', 'create', 'cut', 'no-cell-engine', brokenOff, 'broke a call off'],
    ['it goes away at the attach', 'attach', 'cut', 'no-cell-engine', brokenOff, 'broke a call off'],
    ['it goes away at the start', 'start', 'cut', 'no-cell-engine', brokenOff, 'broke a call off'],
    [
      'an answer is no HTTP',
      'create',
      { raw: 'SSH-2.0\r\n\r\n' },
      'no-cell-engine',
      malformed,
      'does not speak as a Docker',
    ],
    ['an answer is no JSON', 'create', { text: '<html>' }, 'no-cell-engine', malformed, 'does not speak as a Docker'],
    ['an answer lacks a field', 'create', { status: 201, body: {} }, 'no-cell-engine', malformed, 'does not speak as'],
    ['an answer is a list', 'create', { status: 201, body: [] }, 'no-cell-engine', malformed, 'does not speak as'],
    [
      'an id is none',
      'create',
      { status: 201, body: { Id: '../x' } },
      'no-cell-engine',
      malformed,
      'does not speak as',
    ],
    ['the attach is no stream', 'attach', { status: 200, body: {} }, 'no-cell-engine', malformed, 'does not speak as'],
    ['the image is gone', 'create', 'create-image-absent', 'cell-start-failed', noImage, 'pull or load it'],
    ['the network is gone', 'start', 'start-network-absent', 'cell-start-failed', noNetwork, 'docker network create'],
    ['the disk is full', 'create', 'create-disk-full', 'cell-start-failed', diskFull, 'make room'],
    ['the disk is full at the start', 'start', 'start-disk-full', 'cell-start-failed', diskFull, 'make room'],
    ['there is no node', 'start', 'start-program-absent', 'cell-start-failed', noNode, 'on its PATH'],
    ['a limit is not taken', 'create', 'create-memory-too-small', 'cell-start-failed', notTaken, 'does not accept'],
    ['the name is taken', 'create', 'create-name-taken', 'cell-start-failed', nameTaken, 'is there already'],
    [
      'the engine fails',
      'create',
      { status: 500, body: { message: 'x' } },
      'cell-start-failed',
      couldNot,
      'see its words',
    ],
    [
      'the start fails',
      'start',
      { status: 500, body: { message: 'x' } },
      'cell-start-failed',
      couldNot,
      'see its words',
    ],
    ['it answers elsewhere', 'create', { status: 307, body: null }, 'cell-start-failed', couldNot, 'see its words'],
    [
      'the attach is refused',
      'attach',
      { status: 409, body: { message: 'x' } },
      'cell-start-failed',
      couldNot,
      'see its',
    ],
  ])('when %s', async (_, operation, conduct, code, author, operator) => {
    await cells.check();
    fake.on(operation, conduct);
    const failure = await failed(cells.start(id));
    expect([failure.code, failure.message, failure.status]).toEqual([code, author, 503]);
    expect(operators(failure)).toContain(operator);
  });

  it('and never shows the author what the engine said', async () => {
    await cells.check();
    fake.on('create', { status: 500, body: { message: 'secret /srv/path ::error::x' } });
    const failure = await failed(cells.start(id));
    expect(failure.message).not.toContain('secret');
    expect(String((failure.cause as Error).cause)).toContain('500 "secret /srv/path :\\u003aerror:\\u003ax"');
  });

  it('and takes away what may have come of it', async () => {
    await cells.check();
    fake.on('start', 'silent');
    await failed(cells.start(id));
    await expect.poll(() => fake.calls.some((call) => call.startsWith('DELETE '))).toBe(true);
  });

  it('but leaves a container alone that only has its name', async () => {
    await cells.check();
    fake.on('create', 'create-name-taken');
    await failed(cells.start(id));
    await cells.check();
    expect(fake.calls.filter((call) => call.startsWith('DELETE '))).toEqual([]);
  });

  it('when the engine made another container than it was asked for', async () => {
    await cells.check();
    const { body } = recorded['container-running']!;
    const container = body as { HostConfig: object; Mounts: unknown[]; Config: object };
    for (const [made, field] of [
      [{ ...container, HostConfig: { ...container.HostConfig, ReadonlyRootfs: false } }, 'ReadonlyRootfs'],
      [{ ...container, HostConfig: { ...container.HostConfig, Memory: 0 } }, 'Memory'],
      [{ ...container, HostConfig: { ...container.HostConfig, CapAdd: ['SYS_ADMIN'] } }, 'CapAdd'],
      [{ ...container, HostConfig: { ...container.HostConfig, SecurityOpt: null } }, 'SecurityOpt'],
      [{ ...container, Mounts: [{ Type: 'volume' }] }, 'Mounts'],
      [{ ...container, Config: { ...container.Config, User: '' } }, 'User'],
    ] as const) {
      fake.on('inspect', { status: 200, body: made });
      const failure = await failed(cells.start(id));
      expect(failure.code).toBe('cell-start-failed');
      expect(failure.message).toBe(`the gate cannot start sealed cells on its Docker engine; ${tell}`);
      expect(operators(failure)).toBe(`the Docker engine made a cell that differs in ${field}`);
    }
    expect(fake.calls.some((call) => call.endsWith('/start'))).toBe(false);
  });

  it('when nobody listens, or the gate may not ask', async () => {
    const nowhere = connect('/nonexistent/docker.sock');
    const failure = await failed(nowhere.start(id));
    expect([failure.code, failure.message]).toEqual([
      'no-cell-engine',
      `the gate's Docker engine cannot be reached; ${tell}`,
    ]);
    expect(operators(failure)).toBe('the Docker engine cannot be reached: start it, or name its socket');
    expect(nowhere.ready()).toContain(
      'the Docker engine cannot be reached: start it, or name its socket (GET /version',
    );
    nowhere.close();
  });
});

describe('the engine is not ready', () => {
  it.each<[string, Operation, Conduct, string]>([
    ['when its image is gone', 'image', 'image-absent', 'pull or load it'],
    ['when its network is gone', 'network', 'network-absent', 'docker network create'],
    ['when it is silent', 'version', 'silent', 'takes calls and does not answer in time'],
    ['when it goes away', 'version', 'cut', 'broke a call off'],
    ['when it is none', 'version', { text: '{}' }, 'does not speak as a Docker engine does'],
    [
      'when it is too old',
      'version',
      { status: 200, body: { Version: '18', ApiVersion: '1.38', MinAPIVersion: '1.12', Os: 'linux' } },
      'no version of the API in common',
    ],
    ['when it says what nobody expects', 'version', { status: 500, body: { message: 'x' } }, 'could not start a cell'],
    [
      'when it found another image',
      'image',
      { status: 200, body: { Id: `sha256:${'9'.repeat(64)}`, Config: {} } },
      'answered another image',
    ],
    [
      'when it found another network',
      'network',
      { status: 200, body: { Name: 'x', Id: 'cells1', Driver: 'bridge', Internal: true } },
      'only one whose id begins so',
    ],
    [
      'when a variable of the image has no name',
      'image',
      { status: 200, body: { Id: recordedImage, Config: { Env: ['=x'] } } },
      'sets a variable without a name',
    ],
  ])('%s', async (_, operation, conduct, sentence) => {
    fake.on(operation, conduct);
    await cells.check();
    const fresh = connect(fake.socket);
    expect(fresh.ready()).toBe('the Docker engine has not answered yet');
    const problem = await fresh.check();
    expect(problem).toContain(sentence);
    expect(fresh.ready()).toBe(problem);
    const failure = await failed(fresh.start(id));
    expect(failure.code).toMatch(/^(?:no-cell-engine|cell-start-failed)$/);
    fake.on(operation, null);
    expect(await fresh.check()).toBeNull();
    await fresh.start(id);
    fresh.close();
  });

  it.each([
    [{ SecurityOptions: ['name=apparmor'] }, 'runs containers without seccomp'],
    [{ SecurityOptions: null }, 'runs containers without seccomp'],
    [{ SecurityOptions: ['name=seccomp,profile=unconfined'] }, 'runs containers without seccomp'],
    [{ MemoryLimit: false, PidsLimit: false }, 'cannot limit memory and processes on this machine'],
    [{ CpuCfsQuota: false }, 'cannot limit processor time on this machine'],
  ])('when the seal cannot be kept there: %j', async (info, sentence) => {
    fake.on('info', { status: 200, body: { ...(recorded['info']!.body as object), ...info } });
    const fresh = connect(fake.socket);
    expect(await fresh.check()).toContain(sentence);
    expect((await failed(fresh.start(id))).message).toBe(
      `the gate cannot start sealed cells on its Docker engine; ${tell}`,
    );
    expect(fake.created).toEqual([]);
    fresh.close();
  });

  it('is told once, by itself, and told again when it is over', async () => {
    cells.close();
    const watched = connect(fake.socket, { recheck: 20 });
    await expect.poll(() => watched.ready()).toBeNull();
    fake.on('image', 'image-absent');
    await expect.poll(() => watched.ready()).toContain('pull or load it');
    await expect.poll(() => fake.calls.filter((call) => call.includes('/images/')).length).toBeGreaterThan(8);
    fake.on('image', null);
    await expect.poll(() => watched.ready()).toBeNull();
    watched.close();
    expect(logged.filter((line) => line.includes('no cell can be started')).length).toBe(1);
    expect(logged.filter((line) => line.includes('cells can be started"')).length).toBe(3);
  });
});

describe('a running cell', () => {
  it('whose stream holds no frames is lost', async () => {
    const cell = await cells.start(id);
    fake.stream().write('plain text');
    expect(await failed(linesOf(cell).next())).toMatchObject({
      code: 'cell-lost',
      message: "the Docker engine's stream of the cell cannot be read",
    });
  });

  it.each<[string, Conduct, string]>([
    ['is still running', 'container-running', "the Docker engine's connection to it ended, but it is still running"],
    ['was killed', 'container-killed', 'it was killed from outside (exit code 137)'],
    ['is gone', 'container-absent', 'it was removed'],
    ['cannot be asked for', 'silent', 'the Docker engine went away, and nobody knows how it goes on'],
    ['is told about in no JSON', { text: 'x' }, 'the Docker engine went away, and nobody knows how it goes on'],
  ])('whose connection broke and that %s says so', async (_, conduct, reason) => {
    const cell = await cells.start(id);
    fake.on('inspect', conduct);
    fake.stream().destroy();
    expect(await linesOf(cell).next()).toMatchObject({ done: true });
    expect((await cell.ended).reason).toBe(reason);
  });

  it('is not gone before the engine says so', async () => {
    const cell = await cells.start(id);
    for (const [remove, inspect] of [
      [{ status: 500, body: { message: 'driver failed' } }, 'container-running'],
      ['remove', 'container-running'],
      ['silent', 'container-absent'],
      ['cut', 'container-absent'],
    ] as const) {
      fake.on('remove', remove);
      fake.on('inspect', inspect);
      expect(await failed(cell.remove())).toMatchObject({
        code: 'no-cell-engine',
        message: `the cell ${id} could not be removed from the Docker engine`,
      });
    }
    fake.on('remove', { status: 409, body: { message: 'removal is already in progress' } });
    fake.on('inspect', 'container-absent');
    await cell.remove();
    expect(await cell.ended).toEqual({ exitCode: null, reason: 'it was removed' });
  });

  it('that ends while it is adopted is one that has ended', async () => {
    fake.on('inspect', 'container-running', 'container-killed');
    const cell = await cells.adopt(id);
    expect(fake.calls.some((call) => call.includes('/attach'))).toBe(true);
    expect((await cell.ended).reason).toBe('it was killed from outside (exit code 137)');
  });

  it('is listed by its own label only', async () => {
    const labels = (cell: unknown) => ({ 'airlock.cell': cell });
    const Id = 'c'.repeat(64);
    fake.on('list', {
      status: 200,
      body: [
        { Id, State: 'running', Labels: labels(id) },
        { Id, State: 'paused', Labels: labels('2'.repeat(32)) },
        { Id, State: 'exited', Labels: labels('3'.repeat(32)) },
        { Id, State: 'running', Labels: labels('../x') },
        { Id, State: 'running', Labels: labels(7) },
        { Id, State: 'running', Labels: null },
      ],
    });
    expect(await cells.list()).toEqual([
      { id, running: true },
      { id: '2'.repeat(32), running: true },
      { id: '3'.repeat(32), running: false },
    ]);
    for (const conduct of ['silent', 'cut', { status: 200, body: [{ Id: 1 }] }, { status: 200, body: {} }] as const) {
      fake.on('list', conduct);
      expect((await failed(cells.list())).code).toBe('no-cell-engine');
    }
  });
});
