import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Watch, type WatchTiming, createKubernetesClient, watch } from '../../src/gate/index.ts';
import { silentLog } from '../../src/gate/log.ts';
import { type FakeApi, startFakeApi } from '../fakes/api-server.ts';
import { accessWith } from './gate-access.ts';

// A collection as the gate sees it while the API server forgets, breaks off and goes away.

const pods = '/api/v1/namespaces/n/pods';
const labels = { app: 'x' };

describe('a watch', () => {
  let api: FakeApi;
  let seen: Watch<string>;
  beforeEach(async () => {
    api = await startFakeApi();
  });
  afterEach(async () => {
    seen.stop();
    await api.stop();
  });

  function start(timing: Partial<WatchTiming> = {}): void {
    const client = createKubernetesClient(accessWith(api.server, 'token', api.ca));
    const read = (object: unknown): string => {
      const { data } = object as { data: unknown };
      if (typeof data !== 'string') throw new Error('no data');
      return data;
    };
    const all = { call: 2_000, watch: 60_000, grace: 10_000, short: 0, ...timing };
    seen = watch(client, { path: pods, labelSelector: 'app=x', read, log: silentLog(), timing: all });
  }
  const put = (name: string, data: unknown, of: object = labels): void =>
    api.put(`${pods}/${name}`, { metadata: { labels: of }, data });
  const shows = (name: string, data: string | undefined) =>
    expect.poll(() => seen.get(name), { timeout: 20_000, interval: 5 }).toBe(data);
  const count = (what: string): number => api.calls.filter((call) => call.includes(what)).length;
  const watching = (times: number) =>
    expect.poll(() => count('watch=true'), { timeout: 20_000, interval: 5 }).toBeGreaterThanOrEqual(times);

  it('shows what is there, and each change as it comes', async () => {
    put('a', '1');
    put('other', '1', {});
    start();
    await shows('a', '1');
    put('a', '2');
    await shows('a', '2');
    put('b', 'ä €');
    await shows('b', 'ä €');
    api.remove(`${pods}/a`);
    await shows('a', undefined);
    expect(seen.get('other')).toBeUndefined();
    expect(seen.fresh()).toBe(true);
    expect(count('watch=true')).toBe(1);
  });

  it('wakes who waits for a name at its next change, and at the latest in time', async () => {
    put('a', '1');
    start();
    await shows('a', '1');
    const woken = seen.changed('a', 60_000);
    put('a', '2');
    await woken;
    expect(seen.get('a')).toBe('2');
    await seen.changed('nobody', 10);
  });

  it('that ends goes on from the last version seen, without a list', async () => {
    put('a', '1');
    start();
    await shows('a', '1');
    put('a', '2');
    await shows('a', '2');
    const { resourceVersion } = api.get(`${pods}/a`).metadata;
    api.endWatches('end');
    await watching(2);
    expect(api.calls.findLast((call) => call.includes('watch=true'))).toContain(`resourceVersion=${resourceVersion}&`);
    put('a', '3');
    await shows('a', '3');
    expect(count('limit=')).toBe(1);
  });

  it.each(['in its events', 'as its answer'])('from a version that is forgotten (410 %s) lists anew', async (how) => {
    put('a', '1');
    put('b', '1');
    start();
    await shows('b', '1');
    await watching(1);
    if (how === 'as its answer') api.play('watch=true', { status: 410 });
    api.endWatches('end');
    api.forget();
    api.remove(`${pods}/b`);
    await shows('b', undefined);
    expect(seen.get('a')).toBe('1');
    expect(count('limit=')).toBe(2);
    put('c', '1');
    await shows('c', '1');
  });

  it('whose server goes away is not fresh, and catches up afterwards', async () => {
    put('a', '1');
    start();
    await shows('a', '1');
    await watching(1);
    await api.stop();
    await expect.poll(() => seen.fresh(), { timeout: 20_000 }).toBe(false);
    // What was known is still told: who asks knows that it is old.
    expect(seen.get('a')).toBe('1');
    put('a', '2');
    await api.start();
    await shows('a', '2');
    await expect.poll(() => seen.fresh(), { timeout: 20_000 }).toBe(true);
  });

  it('on a connection that says nothing any more, not even its end, begins anew', async () => {
    put('a', '1');
    start({ watch: 100, grace: 200 });
    await shows('a', '1');
    api.play('watch=true', 'hang');
    api.endWatches('cut');
    put('a', '2');
    await shows('a', '2');
  });

  it('of a server that ends each watch at once does not ask all the time', async () => {
    start({ short: 60_000 });
    const ending = setInterval(() => api.endWatches('end'), 1);
    await new Promise((done) => setTimeout(done, 1_500));
    clearInterval(ending);
    expect(count('watch=true')).toBeLessThan(10);
    put('a', '1');
    await shows('a', '1');
  });

  it('leaves out what it does not understand, and goes on', async () => {
    put('a', '1');
    start();
    await shows('a', '1');
    put('a', 7);
    await shows('a', undefined);
    put('a', '2');
    await shows('a', '2');
  });

  it('that is stopped asks no more', async () => {
    start();
    await watching(1);
    seen.stop();
    await expect.poll(() => seen.fresh(), { timeout: 100 }).toBe(true);
    const before = api.calls.length;
    put('a', '1');
    await new Promise((done) => setTimeout(done, 300));
    expect(api.calls.length).toBe(before);
    expect(seen.get('a')).toBeUndefined();
  });
});
