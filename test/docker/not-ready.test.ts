import { describe, expect, it } from 'vitest';
import { failed, id, onFakeEngine, tell } from './fake-cells.ts';
import { type Conduct, type Operation, recorded, recordedImage } from './fake-engine.ts';

// The operator reads why no cell could be started before the next job finds out.

const on = onFakeEngine();

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
    on.fake.on(operation, conduct);
    await on.cells.check();
    const fresh = on.connect();
    expect(fresh.ready()).toBe('the Docker engine has not answered yet');
    const problem = await fresh.check();
    expect(problem).toContain(sentence);
    expect(fresh.ready()).toBe(problem);
    const failure = await failed(fresh.start(id));
    expect(failure.code).toMatch(/^(?:no-cell-engine|cell-start-failed)$/);
    on.fake.on(operation, null);
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
    on.fake.on('info', { status: 200, body: { ...(recorded['info']!.body as object), ...info } });
    const fresh = on.connect();
    expect(await fresh.check()).toContain(sentence);
    expect((await failed(fresh.start(id))).message).toBe(
      `the gate cannot start sealed cells on its Docker engine; ${tell}`,
    );
    expect(on.fake.created).toEqual([]);
    fresh.close();
  });

  it('is told once, by itself, and told again when it is over', async () => {
    on.cells.close();
    const watched = on.connect({ recheck: 20 });
    await expect.poll(() => watched.ready()).toBeNull();
    on.fake.on('image', 'image-absent');
    await expect.poll(() => watched.ready()).toContain('pull or load it');
    await expect.poll(() => on.fake.calls.filter((call) => call.includes('/images/')).length).toBeGreaterThan(8);
    on.fake.on('image', null);
    await expect.poll(() => watched.ready()).toBeNull();
    watched.close();
    expect(on.logged.filter((line) => line.includes('no cell can be started')).length).toBe(1);
    expect(on.logged.filter((line) => line.includes('cells can be started"')).length).toBe(3);
  });
});
