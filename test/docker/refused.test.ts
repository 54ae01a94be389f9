import { afterEach, expect, it } from 'vitest';
import type { Failure } from '../../src/protocol/index.ts';
import { obedient } from './scripts.ts';
import { cellsOn, changedImage, describeEngine, endAll, randomId } from './support.ts';

// What a real engine does not start, or a gate does not let it.

await describeEngine('a Docker cell is not started, and says why,', (engine) => {
  afterEach(endAll);

  const absent = `sha256:${'0'.repeat(64)}`;

  async function refused(options: Parameters<typeof cellsOn>[1]): Promise<[Failure, string | null]> {
    const cells = cellsOn(engine, options);
    const failure = await cells.start(randomId()).then(
      () => expect.unreachable('it was started'),
      (error: unknown) => error as Failure,
    );
    await expect.poll(() => cells.list()).toEqual([]);
    return [failure, await cells.check()];
  }

  it('when its image is not there, and nothing is pulled', async () => {
    const [failure, ready] = await refused({ script: obedient, image: absent });
    expect(failure).toMatchObject({ code: 'no-cell-engine', status: 503 });
    expect(failure.message).toBe(
      "the image of the cells is not on the gate's Docker engine; tell the operator of the gate",
    );
    expect(ready).toContain(`it is never pulled for a job: pull or load it (${absent})`);
  });

  it('when its network is not there, or is none that isolates', async () => {
    const [failure, ready] = await refused({ script: obedient, network: 'airlock-absent' });
    expect(failure.message).toBe(
      "the network of the cells is not on the gate's Docker engine; tell the operator of the gate",
    );
    expect(ready).toContain('docker network create --internal NAME) (airlock-absent)');
    for (const network of ['host', 'bridge', 'default', 'container:x', '', '-x', 'a/b'])
      expect(() => cellsOn(engine, { script: obedient, network })).toThrow(TypeError);
  });

  it('when its image is only a name', () => {
    for (const image of ['node', 'node:20', `${'0'.repeat(64)}`, 'sha256:0', `node@sha256:${'0'.repeat(63)}`, '../x'])
      expect(() => cellsOn(engine, { script: obedient, image })).toThrow('image.run has to be name@sha256:');
  });

  it('when its image declares a volume, which would be writable', async () => {
    const image = await changedImage(engine.socket, engine.image, ['VOLUME /data']);
    const [failure, ready] = await refused({ script: obedient, image });
    expect(failure.message).toBe(
      'the gate cannot start sealed cells on its Docker engine; tell the operator of the gate',
    );
    expect(ready).toBe(
      `the image ${image} declares volumes, and a cell has no writable place: use an image without VOLUME`,
    );
  });

  it('when its image has no node', async () => {
    const image = await changedImage(engine.socket, engine.image, ['ENV PATH=/nowhere']);
    const [failure] = await refused({ script: obedient, image });
    expect(failure).toMatchObject({ code: 'cell-start-failed', status: 503 });
    expect(failure.message).toBe('the image of the cells has no program "node"; tell the operator of the gate');
  });

  it('when its limits are none that the engine accepts', async () => {
    const [failure] = await refused({ script: obedient, limits: { memory: 1_000 } });
    expect(failure.code).toBe('cell-start-failed');
    expect(failure.message).toContain('does not accept how the gate describes a cell');
    expect(String((failure.cause as Error).cause)).toContain('Minimum memory limit allowed is 6MB');
  });
});
