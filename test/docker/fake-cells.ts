import { afterEach, beforeEach } from 'vitest';
import { type DockerCells, dockerCells } from '../../src/gate/cells/docker/index.ts';
import type { DockerTiming } from '../../src/gate/cells/docker/timing.ts';
import { createLog } from '../../src/gate/log.ts';
import { Failure } from '../../src/protocol/index.ts';
import { type FakeEngine, fakeEngine, recordedImage, recordedNetwork } from './fake-engine.ts';

// Cells on a fake engine, new for each test, with limits that a test can wait for.

/** The cell of the recording. */
export const id = `${'0'.repeat(31)}1`;
export const tell = 'tell the operator of the gate';

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

export interface OnFake {
  readonly fake: FakeEngine;
  readonly cells: DockerCells;
  /** Lines of the gate's log. */
  readonly logged: readonly string[];
  /** More cells, on this engine or on another socket. */
  connect(timing?: Partial<DockerTiming>, socket?: string): DockerCells;
}

/** To be called once in a file; what it answers is the running test's own. */
export function onFakeEngine(): OnFake {
  let fake: FakeEngine;
  let all: DockerCells[];
  let logged: string[];

  function connect(timing: Partial<DockerTiming> = {}, socket = fake.socket): DockerCells {
    const log = createLog('info', { write: (line: string) => void logged.push(line) });
    const options = { image: recordedImage, network: recordedNetwork, script: 'process.stdin.resume()' };
    const cells = dockerCells({ socket, ...options, installation: 'test', log, timing: { ...soon, ...timing } });
    all.push(cells);
    return cells;
  }

  beforeEach(async () => {
    logged = [];
    all = [];
    fake = await fakeEngine();
    connect();
  });
  afterEach(async () => {
    for (const cells of all) cells.close();
    await fake.stop();
  });
  return {
    get fake() {
      return fake;
    },
    get cells() {
      return all[0]!;
    },
    get logged() {
      return logged;
    },
    connect,
  };
}

export async function failed(work: Promise<unknown>): Promise<Failure> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Failure)) throw new Error('it did not fail as it should', { cause: error });
  return error;
}

/** The sentence that the operator reads in the log. */
export const operators = (failure: Failure): string => (failure.cause as Error).message;
