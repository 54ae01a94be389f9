import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { needOf, sinks } from '../../src/cell/levels.ts';
import { Output, type Snapshot } from '../../src/cell/output.ts';
import { redactor } from '../../src/cell/redact.ts';
import { run } from '../../src/cell/run.ts';
import { snapshotOf } from '../../src/cell/snapshot.ts';
import { parseBuild } from '../../src/drone/answers.ts';
import { type CellEvent, parseCellEvent } from '../../src/protocol/index.ts';
import { count, oneStage, sim } from '../drone/sim.ts';
import { nonce } from '../support/drone-run.ts';
import { run as runProgram } from '../support/run.ts';
import { root } from '../support/tree.ts';
import { buildScript, orderFor, startCell } from './cells.ts';

// Rules whose absence no other test would notice (test/guards).

function collected() {
  let text = '';
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString('utf8');
      done();
    },
  });
  const events = (): CellEvent[] =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => parseCellEvent(JSON.parse(line)));
  const lines = (): string[] => events().flatMap((event) => (event.k === 'log' ? event.lines : []));
  return { output: new Output(stream), events, lines };
}

describe('a line', () => {
  const secret = 'hunter2-hunter2';
  const line = `${'x'.repeat(65_536 - 7)}${secret} end`;

  test('is redacted before it is cut: a secret at the cut is whole by then', () => {
    const { output, lines } = collected();
    const sink = sinks({ level: 'full', logBytes: 1e9, redact: redactor([secret]), output })('default/deploy');
    sink.line(line);
    sink.end();
    output.flush();
    expect(lines().join('')).toBe(`${'x'.repeat(65_536 - 7)}*** end`);
  });

  test('at the level status goes nowhere, even if a log should reach the sink', () => {
    const { output, events } = collected();
    for (const level of ['status', 'full'] as const) {
      const sink = sinks({ level, logBytes: 1e9, redact: (text) => text, output })('default/deploy');
      sink.line(level);
      sink.note(level);
      sink.end();
    }
    output.flush();
    expect(events()).toEqual([{ k: 'log', n: 1, step: 'default/deploy', lines: ['full', '[airlock] full'] }]);
  });
});

describe('a build', () => {
  test('carries the nonce of its order, and its log never shows the token', async () => {
    const drone = await sim(oneStage({ name: 'deploy', lines: ['the token is bot-token\n'], ms: 40 }));
    const { output, lines } = collected();
    const order = orderFor(drone.url);
    const verdict = await run({ order, output, cancel: new AbortController().signal, diagnose: () => undefined });
    expect(verdict).toBe('success');
    expect(lines()).toEqual(['the token is ***']);
    const [post] = drone.requests.filter(({ method, path }) => method === 'POST' && path.endsWith('/builds'));
    expect(post?.query['AIRLOCK_NONCE']).toBe(nonce);
  });
});

describe('the level status', () => {
  test('asks Drone for no log at all; full asks', async () => {
    expect([needOf('status'), needOf('tail'), needOf('full')]).toEqual(['none', 'failed', 'all']);
    for (const [log, asked] of [
      ['status', false],
      ['full', true],
    ] as const) {
      const drone = await sim(oneStage({ name: 'deploy', lines: ['a\n'], ms: 40 }));
      const { output } = collected();
      const order = { ...orderFor(drone.url), log };
      await run({ order, output, cancel: new AbortController().signal, diagnose: () => undefined });
      expect([log, count(drone, 'GET', /\/logs\/|\/stream\//) > 0]).toEqual([log, asked]);
    }
  });
});

describe('what is shown of a build', () => {
  test('has the names of stages and steps and their errors redacted', () => {
    const part = (name: string) => ({
      number: 1,
      name,
      status: 'failure',
      exit_code: 1,
      started: 1,
      stopped: 2,
      error: name,
    });
    const build = parseBuild({
      number: 1,
      status: 'failure',
      event: 'custom',
      trigger: '',
      sender: '',
      after: '',
      ref: '',
      started: 1,
      finished: 2,
      stages: [{ ...part('stage hunter2'), steps: [part('step hunter2')] }],
    });
    const view = { url: () => '', redact: redactor(['hunter2']), errors: true };
    const [stage] = snapshotOf(build, 'done', undefined, view).stages;
    expect(stage).toMatchObject({ name: 'stage ***', error: 'stage ***' });
    expect(stage?.steps).toMatchObject([{ name: 'step ***', error: 'step ***' }]);
  });
});

describe('a secret that is empty', () => {
  test('redacts nothing, and does not search for ever', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'airlock-redact-'));
    try {
      const module = join(folder, 'redact.mjs');
      const entryPoints = [join(root, 'src/cell/redact.ts')];
      await build({ entryPoints, outfile: module, format: 'esm', bundle: true, platform: 'node' });
      const program = `import(${JSON.stringify(module)}).then(({ redactor }) => console.log(redactor(['', 'x'])('axb')))`;
      const { signal, stdout } = await runProgram(process.execPath, ['-e', program], { limit: 10_000 });
      expect([signal, stdout]).toEqual([null, 'a***b\n']);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('a stdout', () => {
  test('that breaks ends nothing', () => {
    const stream = new Writable({ write: (_chunk, _encoding, done) => done() });
    const output = new Output(stream);
    expect(() => stream.emit('error', new Error('EPIPE'))).not.toThrow();
    output.line('a/b', 'x');
  });

  test('that is read again brings the newest state, though nothing more is said', async () => {
    let text = '';
    let release: (() => void) | undefined;
    const stream = new Writable({
      write(chunk: Buffer, _encoding, done) {
        text += chunk.toString('utf8');
        if (release === undefined) release = done;
        else done();
      },
    });
    const output = new Output(stream);
    const snapshot = (at: number): Snapshot => ({ phase: 'running', stages: [], note: `${at} ${'x'.repeat(8000)}` });
    // More than may wait: the last ones stand for each other.
    for (let at = 0; at < 1000; at++) output.state(snapshot(at));
    await new Promise((done) => setImmediate(done));
    expect(text).not.toContain('"note":"999 ');
    release?.();
    while (!text.includes('"note":"999 ')) await new Promise((done) => setTimeout(done, 5));
  });
});

describe('an order', () => {
  test('with a key that stands twice is not understood: two readers would read two orders', async () => {
    const cell = startCell(await buildScript());
    const text = JSON.stringify(orderFor('http://127.0.0.1:1'));
    cell.write(`${text.slice(0, -1)},"repository":"octo/other"}\n`);
    expect(await cell.result()).toMatchObject({ verdict: 'error', code: 'order-not-understood' });
  });
});
