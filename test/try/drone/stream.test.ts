import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { DroneScenario, StreamMode } from '../../../src/try/drone/index.ts';
import { BUILDS, drone, entriesOf, TRIGGER, type Wheeled, wheeled } from './drones.ts';

type Output = string[] | (() => Iterable<string>);

const STREAM = '/api/stream/octo/hello/1/1/1';
const EOF = 'event: error\ndata: eof\n\n';

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_line, at) => `line ${at}\n`);
}

function printing(stream: StreamMode, lines: Output): DroneScenario {
  return { stages: [{ name: 'default', steps: [{ name: 'work', lines }] }], stream };
}

/** The step runs and has printed its first batch. */
async function started(stream: StreamMode, lines: Output): Promise<Wheeled> {
  const fixture = await wheeled(printing(stream, lines));
  await fixture.untilAlive();
  return fixture;
}

describe('the live stream of a step', () => {
  it('opens with a ping, repeats what was printed, goes on live, and ends with eof', async () => {
    const { open, turn, toTheEnd, build, ask } = await started('complete', numbered(20));
    const stream = await open(STREAM);
    await stream.until((text) => entriesOf(text).length === 2);
    await turn();
    await stream.until((text) => entriesOf(text).length === 4);
    expect(build(1).stages[0]?.steps[0]?.alive).toBe(true);
    await toTheEnd();
    await stream.until((_text, ended) => ended === true);
    expect(stream.text()).toMatch(/^: ping\n\ndata: \{"pos":0,"out":"line 0\\n","time":0\}\n\n\n/);
    expect(stream.text().endsWith(EOF)).toBe(true);
    const { json } = await ask('GET', `${BUILDS}/1/logs/1/1`);
    expect(entriesOf(stream.text())).toEqual(json);
    expect(json).toHaveLength(20);
  });

  it('spreads its lines over the time of the step', async () => {
    const { ask, when } = await drone({
      stages: [{ name: 'default', steps: [{ name: 'work', lines: numbered(10), ms: 600_000 }] }],
    });
    await ask('POST', TRIGGER);
    const build = await when(1, ({ stages }) => (stages[0]?.steps[0]?.entries ?? 0) > 0);
    expect(build.stages[0]?.steps[0]).toMatchObject({ status: 'running', entries: 1 });
  });

  it('begins at the first entry again at each connection', async () => {
    const { open } = await started('complete', numbered(3));
    for (let nth = 0; nth < 2; nth += 1) {
      const stream = await open(STREAM);
      await stream.until((text) => entriesOf(text)[0]?.pos === 0);
      stream.close();
    }
  });

  it('ends at once for a step that has not begun or has ended; an unknown one is 404', async () => {
    const { open, ended, ask } = await drone({
      stages: [{ name: 'default', steps: [{ name: 'a', ms: 100 }, { name: 'b' }] }],
    });
    await ask('POST', TRIGGER);
    expect((await open(STREAM)).status).toBe(404);
    await ended(1);
    const stream = await open(STREAM);
    await stream.until((_text, over) => over === true);
    expect(stream.text()).toBe(`: ping\n\n${EOF}`);
  });

  it('lossy: some lines are missing, always the last; the stored log is whole', async () => {
    const { open, toTheEnd, ask } = await started('lossy', numbered(100));
    const stream = await open(STREAM);
    await stream.until((text) => entriesOf(text).length === 10);
    await toTheEnd();
    await stream.until((_text, ended) => ended === true);
    const places = entriesOf(stream.text()).map(({ pos }) => pos);
    expect(places.length).toBeLessThan(60);
    expect(places).not.toContain(99);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect((await ask('GET', `${BUILDS}/1/logs/1/1`)).json).toHaveLength(100);
  });

  it('lossy: a last batch of one line is lost too', async () => {
    const { open, toTheEnd } = await started('lossy', numbered(3));
    const stream = await open(STREAM);
    await toTheEnd();
    await stream.until((_text, ended) => ended === true);
    expect(entriesOf(stream.text()).map(({ pos }) => pos)).toEqual([0, 1]);
  });

  it('eof-at-once: ends while the step runs', async () => {
    const { open, build } = await started('eof-at-once', numbered(3));
    const stream = await open(STREAM);
    await stream.until((_text, ended) => ended === true);
    expect(stream.text()).toBe(`: ping\n\n${EOF}`);
    expect(build(1).status).toBe('running');
  });

  it('never-ends: stays open when the build has ended', async () => {
    const { open, toTheEnd, build } = await started('never-ends', numbered(3));
    const stream = await open(STREAM);
    await toTheEnd();
    expect(build(1).status).toBe('success');
    await stream.until((text) => entriesOf(text).length === 3);
    expect(stream.ended()).toBe(false);
  });

  it('silent: shows no line and ends with the step', async () => {
    const { open, toTheEnd } = await started('silent', numbered(3));
    const stream = await open(STREAM);
    await toTheEnd();
    await stream.until((_text, ended) => ended === true);
    expect(stream.text()).toBe(`: ping\n\n${EOF}`);
  });

  it('as measured: of one burst no more than 5,000 lines, and nothing after 5 MB', async () => {
    const burst = await started('as-measured', ['start\n', numbered(8000).join('')]);
    const cut = await burst.open(STREAM);
    await burst.toTheEnd();
    await cut.until((_text, ended) => ended === true);
    expect(entriesOf(cut.text())).toHaveLength(5001);
    const flood = await started('as-measured', ['first\n', `${'x'.repeat(6_000_000)}\n`, 'last\n']);
    const mute = await flood.open(STREAM);
    await flood.toTheEnd();
    await mute.until((_text, ended) => ended === true);
    expect(entriesOf(mute.text()).map(({ out }) => out)).toEqual(['first\n']);
    expect((await flood.ask('GET', `${BUILDS}/1/logs/1/1`)).body).toContain('last');
  });

  it('shows all of 200,000 lines to who came in time; the log keeps the last 5 MB', async () => {
    const line = `${'.'.repeat(52)}\n`;
    function* lines(): Iterable<string> {
      for (let at = 0; at < 200_000; at += 1) yield line;
    }
    const { open, toTheEnd, ask } = await started('complete', lines);
    const stream = await open(STREAM);
    await stream.until((text) => text.includes('data: {'));
    await toTheEnd();
    await stream.until((_text, over) => over === true);
    const places = entriesOf(stream.text()).map(({ pos }) => pos);
    expect(places.length).toBe(200_000);
    expect(places.every((pos, at) => pos === at)).toBe(true);
    const stored = (await ask('GET', `${BUILDS}/1/logs/1/1`)).json as { pos: number }[];
    expect(stored.at(-1)?.pos).toBe(199_999);
    expect(stored.length).toBeLessThan(100_000);
  });

  it('a reader that does not read holds nothing up for longer than its limit', async () => {
    const {
      drone: server,
      ask,
      ended,
      when,
    } = await drone(
      printing('complete', () => Array.from({ length: 12_000 }, () => `${'x'.repeat(4000)}\n`)),
      { slowReaderMs: 20 },
    );
    await ask('POST', TRIGGER);
    await when(1, ({ stages }) => stages[0]?.steps.length === 1);
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.on('error', () => undefined).pause();
    socket.write(`GET ${STREAM} HTTP/1.1\r\nHost: x\r\nAuthorization: bot-token\r\n\r\n`);
    expect((await ended(1)).status).toBe('success');
    socket.destroy();
  });
});

describe('the event stream of a repository', () => {
  it('tells the states of a build in order, with the repository around it', async () => {
    const { open, ask, ended } = await drone({ stages: [{ name: 'default', steps: [{ name: 'a' }] }] });
    const stream = await open('/api/stream/octo/hello');
    await ask('POST', TRIGGER);
    await ended(1);
    await stream.until((text) => text.includes('"status":"success","event"'));
    const told = [...stream.text().matchAll(/^data: (.*)$/gm)].map(
      (found) => JSON.parse(found[1] ?? '') as { slug: string; build: { status: string } },
    );
    expect(told.map(({ build }) => build.status)).toEqual(['running', 'running', 'running', 'success']);
    expect(told[0]?.slug).toBe('octo/hello');
  });

  it('says nothing of a cancel, and pings', async () => {
    const {
      drone: server,
      open,
      ask,
    } = await drone({ stages: [{ name: 'default', steps: [] }], pendingMs: Number.POSITIVE_INFINITY }, { pingMs: 20 });
    const stream = await open('/api/stream/octo/hello');
    await ask('POST', TRIGGER);
    await ask('DELETE', `${BUILDS}/1`);
    await stream.until((text) => text.split(': ping\n\n').length > 3);
    expect(stream.text()).not.toContain('data:');
    expect(server.requests.at(-1)).toMatchObject({ method: 'DELETE', status: 200 });
  });
});
