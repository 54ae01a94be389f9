import { describe, expect, it } from 'vitest';
import { type GateCall, type Stream, refusal, resultOf } from '../fakes/gate.ts';
import { annotationOf, opened } from './support/job.ts';
import { world } from './support/world.ts';

const here = world();
const log = (n: number, ...lines: string[]) => ({ k: 'log', n, step: 'default/a', lines });
const state = (n: number, note = `note ${n}`) => ({ k: 'state', n, phase: 'running', stages: [], note });

/** One script for each connection; the last one serves all that follow. */
function connections(...scripts: ((stream: Stream, call: GateCall) => Promise<void> | void)[]) {
  here.gate.script.events = (stream, call) => scripts[Math.min(call.before, scripts.length - 1)]?.(stream, call);
}
const queries = () => here.gate.calls.filter(({ name }) => name === 'GET events').map(({ query }) => query.toString());
/** With the operator's waits, in seconds. */
const run = (waits = {}, limits = {}) => here.job.call({ ...here.job.step(), state: opened(waits) }, { limits });

describe('a stream of events that ends', () => {
  it('is asked for again from what was seen, on a new connection, until the result comes', async () => {
    connections(
      (stream) => stream.send(state(1), log(1, 'a', 'b')),
      (stream) => stream.send({ k: 'ping' }),
      (stream) => stream.send(log(3, 'c'), state(2), resultOf(3)),
    );
    const called = await run();
    expect(called.code).toBe(0);
    expect(queries()).toEqual(['state=0&log=0', 'state=1&log=2', 'state=1&log=2']);
    const used = here.gate.calls.filter(({ name }) => name === 'GET events').map(({ connection }) => connection);
    expect(new Set(used).size).toBe(3);
    expect(called.lines.filter((line) => /^[abc]$/.test(line))).toEqual(['a', 'b', 'c']);
  });

  it('may repeat what was seen: nothing is shown twice', async () => {
    connections(
      (stream) => stream.send(state(1), log(1, 'a', 'b', 'c')),
      (stream) => stream.send(state(1), log(1, 'a'), log(2, 'b', 'c', 'd'), state(2), log(1, 'a', 'b'), resultOf(3)),
    );
    const { lines } = await run();
    expect(lines.filter((line) => /^[a-d]$/.test(line))).toEqual(['a', 'b', 'c', 'd']);
    expect(lines.filter((line) => line.startsWith('airlock: note'))).toEqual(['airlock: note 1', 'airlock: note 2']);
  });

  it('in the middle of a line loses that line only until the next connection', async () => {
    connections(
      (stream) => stream.raw(`${JSON.stringify(log(1, 'a'))}\n{"k":"log","n":2,"st`),
      (stream) => stream.send(log(2, 'b'), resultOf(1)),
    );
    const { code, lines } = await run();
    expect(code).toBe(0);
    expect(lines.filter((line) => /^[ab]$/.test(line))).toEqual(['a', 'b']);
  });

  it('may come in any pieces, even within a character', async () => {
    const bytes = Buffer.from(`${JSON.stringify(log(1, 'é☃👩'))}\n${JSON.stringify(resultOf(1))}\n`);
    connections(async (stream) => {
      for (const byte of bytes) {
        stream.raw(Buffer.from([byte]) as unknown as string);
        if (byte > 127) await new Promise((resolve) => setTimeout(resolve, 1));
      }
    });
    const { code, lines } = await run();
    expect([code, lines]).toEqual([0, expect.arrayContaining(['é☃👩'])]);
  });
});

describe('missing events', () => {
  it('of the log are told as a number of lines, and change no verdict', async () => {
    connections((stream) => stream.send(log(1, 'a'), log(12, 'b'), log(14, 'c'), resultOf(1)));
    const { code, lines } = await run();
    expect(code).toBe(0);
    expect(lines.filter((line) => line.startsWith('…'))).toEqual(['… 10 lines not shown', '… 1 lines not shown']);
  });

  it('of the state are asked for again before the result counts', async () => {
    connections(
      (stream) => stream.send(state(1), state(3), resultOf(4)),
      (stream) => stream.send(state(2), state(3), resultOf(4)),
    );
    expect((await run()).code).toBe(0);
    expect(queries()).toEqual(['state=0&log=0', 'state=1&log=0']);
  });

  it('of the state that come late are not shown after newer ones', async () => {
    const pending = { k: 'state', n: 2, phase: 'pending', stages: [] };
    connections(
      (stream) => stream.send(state(1), state(3), resultOf(4)),
      (stream) => stream.send(pending, state(3), resultOf(4)),
    );
    const { code, output } = await run();
    expect(code).toBe(0);
    expect(output).not.toContain('waiting');
  });

  it('of the state make a green result red when the gate does not have them', async () => {
    connections((stream) => stream.send(state(1), state(3), resultOf(4)));
    expect(annotationOf(await run())).toEqual([
      'no-result',
      "some of the gate's events are missing; the task goes on without this step.",
    ]);
    expect(here.job.read('GITHUB_OUTPUT')).toBe('');
  });
});

describe('a gate that is gone', () => {
  it.each(['reset', 'hang'] as const)('for a while (%s) costs nothing', async (how) => {
    here.gate.script.answer = ({ name, before }) => (before < 3 && name !== 'GET events' ? how : undefined);
    connections(
      (stream) => stream.send(log(1, 'a')),
      (stream) => stream.send(resultOf(1)),
    );
    expect((await run({}, { call: 30 })).code).toBe(0);
    expect(here.gate.names().filter((name) => name === 'POST tasks')).toHaveLength(4);
    const requests = here.gate.calls.filter(({ name }) => name === 'POST tasks').map(({ body }) => body['request']);
    expect(new Set(requests).size).toBe(1);
  });

  it('while it restarts is found again', async () => {
    connections(
      async (stream) => {
        stream.send(log(1, 'a'));
        await new Promise((resolve) => setTimeout(resolve, 100));
        void here.gate.stop().then(() => setTimeout(() => void here.gate.start(), 50));
        await stream.gone;
      },
      (stream) => stream.send(log(2, 'b'), resultOf(1)),
    );
    const { code, lines } = await run();
    expect(code).toBe(0);
    expect(lines.filter((line) => /^[ab]$/.test(line))).toEqual(['a', 'b']);
  });

  it('for longer than `reconnect` is a failure that says so', async () => {
    connections(async (stream) => {
      stream.send(log(1, 'a'));
      void here.gate.stop();
      await stream.gone;
    });
    const called = await run({ reconnect: 0.06 });
    expect(annotationOf(called)).toEqual([
      'gate-unreachable',
      expect.stringContaining('no gate told of the task for 0 s; the task goes on without this step'),
    ]);
  });

  it('before the task was sent is a failure that names the reason', async () => {
    await here.gate.stop();
    const called = await run({ reconnect: 0.06 });
    expect(annotationOf(called)).toEqual([
      'gate-unreachable',
      'no gate answered for 0 s: the gate cannot be reached (ENOENT).',
    ]);
    expect(called.lines).toContain('airlock: the gate cannot be reached (ENOENT); trying again for up to 0 s');
  });

  it('without a word, silent, is left and asked again', async () => {
    connections(
      (stream) => stream.gone,
      async (stream) => {
        stream.send({ k: 'ping' });
        await stream.gone;
      },
      (stream) => stream.send(resultOf(1)),
    );
    expect((await run({ silent: 0.04 })).code).toBe(0);
    expect(queries()).toHaveLength(3);
  });

  it('slowly but surely is followed to its end', async () => {
    connections(async (stream) => {
      for (let n = 1; n <= 10; n++) {
        stream.send(log(n, `line ${n}`));
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      stream.send(resultOf(1));
    });
    expect((await run({ silent: 2 })).lines.filter((line) => line.startsWith('line'))).toHaveLength(10);
    expect(queries()).toHaveLength(1);
  });
});

describe("the operator's waits, from the answer to the session,", () => {
  const gone = async (stream: Stream) => {
    setTimeout(() => void here.gate.stop().then(() => setTimeout(() => void here.gate.start(), 200)), 50);
    await stream.gone;
  };

  it('count where they are shorter than the hook would wait by itself', async () => {
    connections(gone);
    const input = { ...here.job.step(), state: opened({ reconnect: 0.05 }) };
    const called = await here.job.call(input, { limits: { reconnect: 60_000 } });
    expect(annotationOf(called)[0]).toBe('gate-unreachable');
    connections((stream) => stream.gone);
    const silent = { ...here.job.step(), state: opened({ reconnect: 0.2, silent: 0.05 }) };
    const left = await here.job.call(silent, { limits: { reconnect: 60_000, silent: 60_000 } });
    expect(annotationOf(left)[0]).toBe('gate-unreachable');
  });

  it('count where they are longer', async () => {
    connections(gone, async (stream) => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      stream.send(resultOf(1));
    });
    const called = await here.job.call(here.job.step(), { limits: { reconnect: 20, silent: 20 } });
    expect(called.code).toBe(0);
    expect(queries()).toHaveLength(2);
  });

  it('are not over when the gate ends a stream in which it spoke, as it does after 25 s', async () => {
    connections(
      async (stream) => {
        stream.send({ k: 'ping' });
        await new Promise((resolve) => setTimeout(resolve, 300));
      },
      (stream) => stream.send(resultOf(1)),
    );
    expect((await run({ reconnect: 0.2 })).code).toBe(0);
  });

  it('are over when it ends one stream after the other without a word', async () => {
    connections(() => undefined);
    expect(annotationOf(await run({ reconnect: 0.1 }))[0]).toBe('gate-unreachable');
  });
});

describe('a gate that is not the holder', () => {
  it.each([
    [503, { code: 'standby' }],
    [503, { failed: { code: 'gate-stopping', message: 'this gate stops' } }],
    [502, 'bad gateway'],
    [504, {}],
  ])('answers %i %j: another connection is tried', async (status, body) => {
    here.gate.script.answer = ({ before }) => (before < 3 ? { status, body } : undefined);
    expect((await run()).code).toBe(0);
    const used = here.gate.calls.filter(({ name }) => name === 'POST challenge').map(({ connection }) => connection);
    expect(new Set(used).size).toBe(4);
  });

  it('for longer than `reconnect` is a failure', async () => {
    here.gate.script.answer = () => ({ status: 503, body: { code: 'standby' } });
    const [code, text] = annotationOf(await run({ reconnect: 0.05 }));
    expect([code, text]).toEqual(['gate-unreachable', 'no gate answered for 0 s: the gate is a standby.']);
  });

  it.each([500, 404, 301, 200])('is not what another answer (%i) means: that is final', async (status) => {
    here.gate.script.answer = ({ name }) => (name === 'POST tasks' ? { status, body: { hello: 1 } } : undefined);
    expect(annotationOf(await run())[0]).toBe('gate-failed');
    expect(here.gate.names()).toEqual(['POST challenge', 'POST tasks']);
  });
});

describe('a malformed answer', () => {
  it.each<[string, string, unknown]>([
    ['POST challenge', 'no JSON', undefined],
    ['POST challenge', 'another type', { audience: 1, expires: 1 }],
    ['POST tasks', 'a task that would be another path', { task: '../../v1/sessions', slot: 1, phase: 'starting' }],
    ['POST tasks', 'an unknown field', { task: '7a5c'.repeat(8), slot: 1, phase: 'starting', more: 1 }],
    ['POST tasks', 'too much', { task: 'x'.repeat(70_000) }],
  ])('to %s (%s) is a failure, never a refusal', async (name, _, body) => {
    here.gate.script.answer = (call) =>
      call.name === name ? { text: body === undefined ? '<html>' : JSON.stringify(body) } : undefined;
    const [code, text] = annotationOf(await run());
    expect([code, text]).toEqual([
      'gate-failed',
      expect.stringContaining("the gate is not understood: the gate's answer"),
    ]);
  });
});

describe('a malformed event', () => {
  it.each([
    'x',
    '{',
    'null',
    '[]',
    '"log"',
    '{}',
    '{"k":"cancel"}',
    '{"k":"log","step":"a","lines":["x"]}',
    '{"k":"log","n":0,"step":"a","lines":["x"]}',
    '{"k":"log","n":1.5,"step":"a","lines":["x"]}',
    '{"k":"log","n":"1","step":"a","lines":["x"]}',
    '{"k":"state","n":-1}',
    '{"k":"result","n":1e99,"verdict":"success","code":"ok"}',
  ])('%s is a failure', async (line) => {
    connections((stream) => stream.raw(`${line}\n`));
    expect(annotationOf(await run())).toEqual([
      'gate-failed',
      'the gate sent an event that this hook does not understand; the task goes on without this step.',
    ]);
  });

  it('counts as absent in what is not of its type, and nothing is shown of it', async () => {
    connections((stream) => {
      stream.raw('{"k":"log","n":1,"step":7,"lines":[1,{"a":1},null,"b"]}\n');
      stream.raw('{"k":"log","n":5,"lines":"x"}\n{"k":"ping","ahead":"x"}\n{"k":"ping","ahead":{}}\n');
      stream.raw(
        '{"k":"state","n":1,"phase":{},"build":7,"note":[],"stages":[null,{"steps":[1,{"status":"success"}]}]}\n',
      );
      stream.send(resultOf(2, 'success', { message: 7 }));
    });
    const { code, lines } = await run();
    expect(code).toBe(0);
    expect(
      lines.filter((line) => line.includes('object') || line.includes('undefined') || line.includes('NaN')),
    ).toEqual([]);
  });

  it('of more than 4 MiB is a failure', async () => {
    connections(async (stream) => {
      for (let at = 0; at < 80; at++) stream.raw('x'.repeat(65_536));
      await stream.gone;
    });
    expect(annotationOf(await run())[0]).toBe('gate-failed');
  });
});

describe('much', () => {
  it('50,000 lines pass in their order', async () => {
    connections(async (stream) => {
      for (let n = 1; n <= 50_000; n += 50)
        stream.send(log(n, ...Array.from({ length: 50 }, (_, at) => `line ${n + at}`)));
      stream.send(resultOf(1));
    });
    const { code, lines } = await run();
    expect(code).toBe(0);
    const numbers = lines.filter((line) => line.startsWith('line ')).map((line) => Number(line.slice(5)));
    expect(numbers).toHaveLength(50_000);
    expect(numbers.every((number, at) => number === at + 1)).toBe(true);
  });

  it('is not read faster than it is printed, and the gate is not called silent for it', async () => {
    connections((stream) => {
      for (let n = 1; n <= 50; n++) stream.send(log(n, 'x'.repeat(60_000)));
      stream.send(resultOf(1));
    });
    let open = 0;
    const write = async () => {
      expect(++open).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      open--;
    };
    const called = await here.job.call(here.job.step(), { write });
    expect(called.code).toBe(0);
    expect(called.lines.filter((line) => line.length === 60_000)).toHaveLength(50);
  });

  it('a reader that is gone ends the step', async () => {
    connections(async (stream) => {
      stream.send(log(1, 'x'));
      await stream.gone;
    });
    const called = await here.job.call(here.job.step(), { write: () => Promise.reject(new Error('EPIPE')) });
    expect(called.code).toBe(1);
  });

  it('a task that the gate does not know any more is asked for once more, by the same request', async () => {
    here.gate.script.answer = ({ name, before }) =>
      name === 'GET events' && (before === 0 || before === 2) ? refusal('task-unknown') : undefined;
    connections(
      () => undefined,
      (stream) => stream.send(state(1), log(1, 'a')),
      () => undefined,
      (stream) => stream.send(state(2), resultOf(3)),
    );
    const called = await here.job.call(here.job.step('drone build', { DRONE_TOKEN: 'from-the-workflow' }));
    expect(called.code).toBe(0);
    const asked = here.gate.calls.filter(({ name }) => name === 'POST tasks').map(({ body }) => body);
    expect(new Set(asked.map((body) => body['request'])).size).toBe(1);
    expect(asked.map((body) => body['droneToken'])).toEqual(Array(3).fill('from-the-workflow'));
    expect(new Set(asked.map((body) => body['token'])).size).toBe(3);
    expect(queries()).toEqual(['state=0&log=0', 'state=0&log=0', 'state=1&log=1', 'state=1&log=1']);
  });

  it('a task that the gate does not know twice in a row is a refusal', async () => {
    here.gate.script.answer = ({ name }) => (name === 'GET events' ? refusal('task-unknown') : undefined);
    expect(annotationOf(await run())[0]).toBe('task-unknown');
    expect(here.gate.names().filter((name) => name === 'POST tasks')).toHaveLength(2);
  });
});
