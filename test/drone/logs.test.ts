import { describe, expect, test } from 'vitest';
import type { DroneScenario, StreamMode } from '../../src/try/drone/index.ts';
import { nonce, runBuild } from '../support/drone-run.ts';
import { buildOf, scripted, stageOf, stepOf } from './scripted.ts';
import { count, oneStage, sim } from './sim.ts';

const lines = (count: number, from = 1): string[] =>
  Array.from({ length: count }, (_, index) => `line ${index + from}\n`);
const told = (count: number): string[] => lines(count).map((line) => line.trimEnd());

async function logOf(stream: StreamMode, written: readonly string[], ms = 150) {
  const scenario: DroneScenario = { ...oneStage({ name: 'work', lines: written, ms }), stream };
  const drone = await sim(scenario);
  const ran = await runBuild({ server: drone.url });
  return { drone, ran, printed: ran.lines.get('default/work') ?? [] };
}

describe('every line comes once and in order, whatever the stream does', () => {
  test.each<StreamMode>(['complete', 'as-measured', 'lossy', 'eof-at-once', 'never-ends', 'silent'])(
    '%s',
    async (stream) => {
      const { ran, printed } = await logOf(stream, lines(400));
      expect(printed).toEqual(told(400));
      expect(ran.notes).toEqual([]);
      expect(ran.ending.verdict).toBe('success');
    },
  );

  test('8,000 lines at once, of which the stream keeps 5,000 (recording 40)', async () => {
    const { printed } = await logOf('as-measured', [lines(8000).join('')], 300);
    expect(printed).toEqual(told(8000));
  });

  test('a line of 1 MiB is one line', async () => {
    const { printed } = await logOf('complete', ['before\n', `${'x'.repeat(1_048_576)}\n`, 'after\n']);
    expect(printed.map((line) => line.length)).toEqual([6, 1_048_576, 5]);
  });

  test('a line without a newline at the end is a line', async () => {
    const { printed } = await logOf('complete', ['one\n', 'tw', 'o']);
    expect(printed).toEqual(['one', 'two']);
  });

  test('a step without output has none, and nothing is missing (recording 42)', async () => {
    const drone = await sim(oneStage({ name: 'work' }));
    const ran = await runBuild({ server: drone.url });
    expect([...ran.lines.values()].flat()).toEqual([]);
    expect(ran.notes).toEqual([]);
  });
});

describe('live', () => {
  test('lines come while the step runs', async () => {
    const drone = await sim(oneStage({ name: 'work', lines: ['first\n'], ms: Number.POSITIVE_INFINITY }));
    const cancel = new AbortController();
    let stored: number | undefined;
    const ran = await runBuild({
      server: drone.url,
      cancel: cancel.signal,
      onLine: () => {
        stored ??= count(drone, 'GET', /\/logs\//);
        cancel.abort('author');
      },
    });
    expect(stored).toBe(0);
    expect(ran.lines.get('default/work')).toEqual(['first']);
  });

  /** Ten lines, then, when somebody listens, all the others at once, then a line now and then. */
  function* flood(listening: () => boolean, total: number): Generator<string> {
    yield lines(10).join('');
    while (!listening()) yield '';
    yield lines(total - 10, 11).join('');
    for (;;) yield 'a sign of life\n';
  }
  const flooded = (listening: () => boolean, total: number): DroneScenario => ({
    ...oneStage({ name: 'work', lines: () => flood(listening, total), ms: Number.POSITIVE_INFINITY }),
    stream: 'as-measured',
  });

  test('a gap in the middle of a running step is filled by a new stream, which repeats 5,000 entries', async () => {
    const cancel = new AbortController();
    let live = false;
    let stored: number | undefined;
    const drone = await sim(flooded(() => live, 8000));
    const ran = await runBuild({
      server: drone.url,
      cancel: cancel.signal,
      onLine: (line) => {
        live = true;
        if (line !== 'line 8000') return;
        stored ??= count(drone, 'GET', /\/logs\//);
        cancel.abort('author');
      },
    });
    expect(stored).toBe(0);
    expect(ran.lines.get('default/work')?.slice(0, 8000)).toEqual(told(8000));
  });

  test('lines that no stream brings any more come at the end, in their order, and until then it is said', async () => {
    const cancel = new AbortController();
    const drone = await sim(flooded(() => true, 14_000));
    const said: string[] = [];
    const ran = await runBuild({
      server: drone.url,
      cancel: cancel.signal,
      onNote: (note) => {
        said.push(note);
        if (note.includes('lost lines')) cancel.abort('author');
      },
    });
    expect(said).toContain("Drone's live stream lost lines of a step that still runs; they come when it has ended");
    expect(ran.lines.get('default/work')?.slice(0, 14_000)).toEqual(told(14_000));
    expect(ran.notes).toEqual([]);
  });

  test('a stream that ends at once is opened again, ever more slowly (recording 59)', async () => {
    const drone = await sim({
      ...oneStage({ name: 'work', lines: lines(5), ms: Number.POSITIVE_INFINITY }),
      stream: 'eof-at-once',
    });
    const cancel = new AbortController();
    const opened = (): number[] =>
      drone.requests.filter(({ path }) => path.startsWith('/api/stream/')).map(({ at }) => at);
    const ran = await runBuild({
      server: drone.url,
      cancel: cancel.signal,
      onPhase: (phase) => {
        if (phase !== 'running') return;
        const timer = setInterval(() => {
          if (opened().length < 5) return;
          clearInterval(timer);
          cancel.abort('author');
        }, 5);
      },
    });
    const [first = 0, second = 0, , fourth = 0, fifth = 0] = opened();
    expect(fifth - fourth).toBeGreaterThan(second - first);
    expect(ran.lines.get('default/work')).toEqual(told(5));
  });

  test('a restart of the server in the middle loses nothing (recording 59)', async () => {
    const drone = await sim(oneStage({ name: 'work', lines: lines(200), ms: 500 }));
    const ran = await runBuild({
      server: drone.url,
      onPhase: (phase) => {
        if (phase === 'running') setTimeout(() => void drone.restart(), 100);
      },
    });
    expect(ran.ending.verdict).toBe('success');
    expect(ran.lines.get('default/work')).toEqual(told(200));
  });

  test('steps that run at the same time have a log each', async () => {
    const stage = (name: string): DroneScenario['stages'][number] => ({
      name,
      steps: [{ name: 'work', lines: lines(100).map((line) => `${name} ${line}`), ms: 150 }],
    });
    const drone = await sim({ stages: [stage('a'), stage('b'), stage('c')], pendingMs: 10 });
    const ran = await runBuild({ server: drone.url });
    for (const name of ['a', 'b', 'c'])
      expect(ran.lines.get(`${name}/work`)).toEqual(told(100).map((line) => `${name} ${line}`));
  });
});

describe('what is fetched is what is needed', () => {
  const scenario: DroneScenario = oneStage(
    { name: 'good', lines: ['fine\n'], ms: 60 },
    { name: 'bad', lines: ['broken\n'], status: 'failure', exitCode: 2, ms: 60 },
    { name: 'after', lines: ['never\n'] },
  );

  test('none: not a byte of a log is asked for', async () => {
    const drone = await sim(scenario);
    const ran = await runBuild({ server: drone.url, logs: 'none' });
    expect(ran.ending.verdict).toBe('failure');
    expect(count(drone, 'GET', /\/logs\/|^\/api\/stream\//)).toBe(0);
  });

  test('failed: the stored log of failed steps alone', async () => {
    const drone = await sim(scenario);
    const ran = await runBuild({ server: drone.url, logs: 'failed' });
    expect([...ran.lines]).toEqual([['default/bad', ['broken']]]);
    expect(count(drone, 'GET', /^\/api\/stream\//)).toBe(0);
  });

  test('a skipped step is not asked for', async () => {
    const drone = await sim(scenario);
    const ran = await runBuild({ server: drone.url });
    expect([...ran.lines.keys()]).toEqual(['default/good', 'default/bad']);
  });
});

describe('a log that cannot be had', () => {
  test('is said and changes no verdict', async () => {
    const drone = await sim(oneStage({ name: 'work', lines: ['x\n'], ms: 60 }), {
      disturb: ({ path }) =>
        path.includes('/logs/')
          ? { status: 404, body: '{"message":"sql: no rows in result set"}', contentType: 'application/json' }
          : undefined,
    });
    const ran = await runBuild({ server: drone.url });
    expect(ran.ending.verdict).toBe('success');
    expect(ran.notes).toEqual(['Drone has no stored log of this step, so its last lines may be missing']);
  });

  test('because it breaks off is read again', async () => {
    let asked = 0;
    const drone = await sim(
      { ...oneStage({ name: 'work', lines: lines(50), ms: 60 }), stream: 'silent' },
      {
        disturb: ({ path }) =>
          path.includes('/logs/') && asked++ < 2
            ? { status: 200, body: '[{"pos":0,"out":"line 1\\n"},', contentType: 'application/json' }
            : undefined,
      },
    );
    const ran = await runBuild({ server: drone.url });
    expect(ran.lines.get('default/work')).toEqual(told(50));
  });
});

test('200,000 lines with the measured loss: what Drone kept comes once and in order, and the rest is said', {
  timeout: 60_000,
}, async () => {
  const total = 200_000;
  const drone = await sim({
    ...oneStage({
      name: 'work',
      lines: function* () {
        for (let n = 1; n <= total; n++)
          yield `line ${String(n).padStart(6, '0')} ........................................\n`;
      },
      ms: 1500,
    }),
    stream: 'as-measured',
  });
  const ran = await runBuild({ server: drone.url, limits: { run: 50_000 } });
  const numbers = (ran.lines.get('default/work') ?? []).map((line) => Number(line.slice(5, 11)));
  expect(ran.ending.verdict).toBe('success');
  expect(numbers.at(-1)).toBe(total);
  expect(numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0))).toBe(true);
  // Drone keeps 5 MB of these 10.6 MB; no hole but the one that it tells.
  const holes = numbers.filter((number, index) => index > 0 && number !== (numbers[index - 1] ?? 0) + 1);
  expect(holes.length).toBeLessThanOrEqual(1);
  expect(ran.notes.every((note) => note.includes('Drone keeps only its last 5 MB'))).toBe(true);
  expect(numbers.length).toBeGreaterThan(90_000);
});

describe("after the build's end", () => {
  /** Six steps that succeeded, and stored logs that drip: never idle, never at their end. */
  const dripping = () => {
    const steps = Array.from({ length: 6 }, (_, index) => stepOf(index + 1, 'success'));
    const params = { AIRLOCK_NONCE: nonce };
    return scripted({
      build: () => buildOf('success', { params, stages: [stageOf('success', steps)] }),
      post: () => buildOf('pending', { params }),
      log: (response) => {
        response.write('[{"pos":0,"out":"beginning\\n"}');
        const timer = setInterval(() => response.write(' '), 20);
        response.on('close', () => clearInterval(timer));
      },
    });
  };
  const missing = 'the rest of this log could not be fetched';

  test('all logs together have one limit, and what is missing is said', async () => {
    const drone = await dripping();
    const began = Date.now();
    const ran = await runBuild({ server: drone.url, limits: { lost: 500, call: 5000 } });
    expect(ran.ending).toMatchObject({ verdict: 'success', code: 'ok' });
    // One after the other they had six limits of 5 s.
    expect(Date.now() - began).toBeLessThan(10_000);
    expect(ran.notes).toEqual(Array.from({ length: 6 }, () => missing));
    expect(ran.lines.get('default/step-1')).toEqual(['beginning']);
  });

  test('a cancel ends the wait for them, and the verdict stays', { timeout: 15_000 }, async () => {
    const drone = await dripping();
    const controller = new AbortController();
    const ran = await runBuild({
      server: drone.url,
      cancel: controller.signal,
      onLine: () => void setTimeout(() => controller.abort('author'), 50),
    });
    expect(ran.ending).toMatchObject({ verdict: 'success', code: 'ok' });
    expect(ran.notes.length).toBe(6);
  });
});
