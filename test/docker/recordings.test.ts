import { expect, it } from 'vitest';
import { type Specification, specification } from '../../src/gate/cells/docker/specification.ts';
import { recorded } from './fake-engine.ts';
import { type Answer, describeEngine, engineCall, randomId } from './support.ts';

// The recordings that the fake engine plays, held against a real one: the status, and the words that decide which
// sentence the author reads.

await describeEngine('a real engine answers as recorded', (engine) => {
  const v = '/v1.41';
  const id = randomId();
  const container = `${v}/containers/airlock-cell-${id}`;

  const body = (other: Partial<Parameters<typeof specification>[0]> = {}): Specification =>
    specification({
      id,
      installation: 'recordings',
      image: engine.image,
      network: engine.network,
      script: '',
      environment: [],
      limits: { memory: 67_108_864, pids: 16, cpus: 1 },
      ...other,
    });
  const create = (wanted: object): Promise<Answer> =>
    engineCall(engine.socket, 'POST', `${v}/containers/create?name=airlock-cell-${id}`, wanted);
  const start = (): Promise<Answer> => engineCall(engine.socket, 'POST', `${container}/start`);
  const remove = (): Promise<Answer> => engineCall(engine.socket, 'DELETE', `${container}?force=1&v=1`);
  const absent = `sha256:${'0'.repeat(64)}`;

  async function started(wanted: object): Promise<Answer> {
    await create(wanted);
    const answer = await start();
    await remove();
    return answer;
  }

  it.each<[string, string, () => Promise<Answer>]>([
    ['image-absent', 'such image', () => engineCall(engine.socket, 'GET', `${v}/images/${absent}/json`)],
    ['network-absent', 'network absent not found', () => engineCall(engine.socket, 'GET', `${v}/networks/absent`)],
    ['create-image-absent', 'No such image', () => create(body({ image: absent }))],
    ['container-absent', 'No such container', () => engineCall(engine.socket, 'GET', `${container}/json`)],
    ['remove-absent', 'No such container', remove],
    ['start-network-absent', 'network absent not found', () => started(body({ network: 'absent' }))],
    ['start-program-absent', 'executable file not found', () => started({ ...body(), Entrypoint: ['nodezz'] })],
    ['version-too-new', 'too new', () => engineCall(engine.socket, 'GET', '/v1.99/info')],
  ])('%s: %s', async (situation, words, call) => {
    const { status, body: told } = await call();
    const there = recorded[situation]!;
    expect(status).toBe(there.status);
    for (const message of [told.message, (there.body as { message: string }).message]) expect(message).toContain(words);
  });

  it('create-name-taken, create-memory-too-small, start and remove', async () => {
    const tooSmall = await create(body({ limits: { memory: 1, pids: 16, cpus: 1 } }));
    expect(tooSmall.status).toBe(recorded['create-memory-too-small']!.status);
    expect((await create(body())).status).toBe(recorded['create']!.status);
    expect((await create(body())).status).toBe(recorded['create-name-taken']!.status);
    expect((await start()).status).toBe(recorded['start']!.status);
    expect((await remove()).status).toBe(recorded['remove']!.status);
  });
});
