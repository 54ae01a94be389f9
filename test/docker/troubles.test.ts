import { describe, expect, it } from 'vitest';
import { failed, id, onFakeEngine, operators, tell } from './fake-cells.ts';
import { type Conduct, type Operation, recorded, recordedImage } from './fake-engine.ts';
import { lineOf, linesOf } from './support.ts';

// Each trouble with an engine has a sentence for the author and one for the operator, and none has a wait without end.

const on = onFakeEngine();

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
    const cell = await on.cells.start(id);
    const name = `airlock-cell-${id}`;
    expect(on.fake.calls).toEqual([
      'GET /version',
      'GET /v1.41/info',
      `GET /v1.41/images/${recordedImage}/json`,
      'GET /v1.41/networks/cells',
      `POST /v1.41/containers/create?name=${name}`,
      `GET /v1.41/containers/${name}/json`,
      `POST /v1.41/containers/${name}/attach?stream=1&stdin=1&stdout=1&stderr=1`,
      `POST /v1.41/containers/${name}/start`,
    ]);
    on.fake.stream().write(Buffer.from([1, 0, 0, 0, 0, 0, 0, 3, 0x68, 0x69, 0x0a]));
    expect(await lineOf(linesOf(cell))).toBe('hi');
    const heard = new Promise((done) => on.fake.stream().once('data', (bytes: Buffer) => done(bytes.toString())));
    cell.send({ order: 1 });
    expect(await heard).toBe('{"order":1}\n');
    expect(on.cells.ready()).toBeNull();
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
    await on.cells.check();
    on.fake.on(operation, conduct);
    const failure = await failed(on.cells.start(id));
    expect([failure.code, failure.message, failure.status]).toEqual([code, author, 503]);
    expect(operators(failure)).toContain(operator);
  });

  it('and never shows the author what the engine said', async () => {
    await on.cells.check();
    on.fake.on('create', { status: 500, body: { message: 'secret /srv/path ::error::x' } });
    const failure = await failed(on.cells.start(id));
    expect(failure.message).not.toContain('secret');
    expect(String((failure.cause as Error).cause)).toContain('500 "secret /srv/path :\\u003aerror:\\u003ax"');
  });

  it('and takes away what may have come of it', async () => {
    await on.cells.check();
    on.fake.on('start', 'silent');
    await failed(on.cells.start(id));
    await expect.poll(() => on.fake.calls.some((call) => call.startsWith('DELETE '))).toBe(true);
  });

  it('but leaves a container alone that only has its name', async () => {
    await on.cells.check();
    on.fake.on('create', 'create-name-taken');
    await failed(on.cells.start(id));
    await on.cells.check();
    expect(on.fake.calls.filter((call) => call.startsWith('DELETE '))).toEqual([]);
  });

  it('when the engine made another container than it was asked for', async () => {
    await on.cells.check();
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
      on.fake.on('inspect', { status: 200, body: made });
      const failure = await failed(on.cells.start(id));
      expect(failure.code).toBe('cell-start-failed');
      expect(failure.message).toBe(`the gate cannot start sealed cells on its Docker engine; ${tell}`);
      expect(operators(failure)).toBe(`the Docker engine made a cell that differs in ${field}`);
    }
    expect(on.fake.calls.some((call) => call.endsWith('/start'))).toBe(false);
  });

  it('when nobody listens, or the gate may not ask', async () => {
    const nowhere = on.connect({}, '/nonexistent/docker.sock');
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
