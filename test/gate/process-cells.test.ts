// Real child processes as cells, with small scripts in the managed script's place.

import { spawn } from 'node:child_process';
import { afterEach, describe, expect, test } from 'vitest';
import { type Cell, type CellEngine, processCells, silentLog } from '../../src/gate/index.ts';
import { type Bench, startBench } from './support/bench.ts';

const started: Cell[] = [];
let bench: Bench | undefined;
afterEach(async () => {
  await bench?.stop();
  bench = undefined;
  await Promise.all(started.splice(0).map((cell) => cell.remove()));
});
const engine = (script: string): CellEngine => processCells({ script, log: silentLog() });
async function run(script: string): Promise<Cell> {
  const cell = await engine(script).start('a'.repeat(32));
  started.push(cell);
  return cell;
}
async function linesOf(cell: Cell): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of cell.lines) lines.push(line);
  return lines;
}

describe('a process cell', () => {
  test('says what it is, what it does not show, and that it cannot be adopted', async () => {
    const cells = engine('');
    expect([cells.name, cells.survives, cells.ready(), cells.promises.length]).toEqual(['process', false, null, 4]);
    await expect(cells.adopt('x')).rejects.toMatchObject({ code: 'cell-lost' });
    expect(await cells.list()).toEqual([]);
  });

  test('has an empty environment but for constants, and works in the root folder', async () => {
    process.env['AIRLOCK_TEST_SECRET'] = 'must not be seen';
    const cell = await run('console.log(JSON.stringify([process.env, process.cwd(), process.argv.length]))');
    delete process.env['AIRLOCK_TEST_SECRET'];
    expect(JSON.parse((await linesOf(cell))[0]!)).toEqual([
      { HOME: '/nonexistent', LANG: 'C.UTF-8', TZ: 'UTC' },
      '/',
      1,
    ]);
    expect(await cell.ended).toEqual({ exitCode: 0, reason: 'it ended with exit code 0' });
  });

  test('gets lines on stdin and is read line by line', async () => {
    const cell = await run(
      "let n = 0; require('readline').createInterface({ input: process.stdin }).on('line', (line) => { console.log(++n + line); if (n === 2) process.exit(3); })",
    );
    cell.send({ a: 1 });
    cell.send({ b: '\n' });
    expect(await linesOf(cell)).toEqual(['1{"a":1}', '2{"b":"\\n"}']);
    expect(await cell.ended).toEqual({ exitCode: 3, reason: 'it ended with exit code 3' });
    cell.send({ late: true });
  });

  test('that does not listen is ended by its removal, more than once without harm', async () => {
    const cell = await run("process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('up')");
    await cell.lines[Symbol.asyncIterator]().next();
    await Promise.all([cell.remove(), cell.remove()]);
    expect(await cell.ended).toEqual({ exitCode: null, reason: 'it was ended by SIGKILL' });
  });

  test('that writes a line without end is cut off', { timeout: 60_000 }, async () => {
    const cell = await run(
      "const chunk = 'x'.repeat(65536); const go = () => { while (process.stdout.write(chunk)); process.stdout.once('drain', go); }; go();",
    );
    await expect(linesOf(cell)).rejects.toMatchObject({ code: 'cell-misbehaved' });
  });

  test('does not outlive the gate that ends in the ordinary way', async () => {
    const source = `
      import { processCells, silentLog } from ${JSON.stringify(new URL('../../src/gate/index.ts', import.meta.url).href)};
      const cells = processCells({ script: "console.log(process.pid); setInterval(() => {}, 1000)", log: silentLog() });
      const cell = await cells.start('a'.repeat(32));
      for await (const line of cell.lines) { process.stdout.write(line); break; }
      process.exit(0);
    `;
    const { build } = await import('esbuild');
    const { outputFiles } = await build({
      stdin: { contents: source, resolveDir: new URL('.', import.meta.url).pathname, loader: 'ts' },
      bundle: true,
      platform: 'node',
      format: 'esm',
      write: false,
      packages: 'external',
      plugins: [
        {
          name: 'urls',
          setup(one) {
            one.onResolve({ filter: /^file:/ }, ({ path }) => ({ path: new URL(path).pathname }));
          },
        },
      ],
    });
    const gate = spawn(process.execPath, ['--input-type=module', '-e', outputFiles[0]!.text], {
      cwd: new URL('../..', import.meta.url),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let pid = '';
    for await (const chunk of gate.stdout) pid += String(chunk);
    const alive = (): boolean => {
      try {
        return process.kill(Number(pid), 0);
      } catch {
        return false;
      }
    };
    expect(Number(pid)).toBeGreaterThan(1);
    while (alive()) await new Promise((done) => setTimeout(done, 10));
  });
});

/** Waits for its order, builds, and ends when told to. */
const script = `
  const say = (event) => console.log(JSON.stringify(event));
  require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const order = JSON.parse(line);
    if (order.end) process.exit(0);
    if (order.cancel) return say({ k: 'result', n: 3, verdict: 'cancelled', code: 'cancelled', message: order.cancel, outputs: { number: '7', url: '', status: 'cancelled', commit: '', started: '', finished: '' } });
    say({ k: 'state', n: 1, phase: 'preflight', stages: [] });
    say({ k: 'state', n: 2, phase: 'running', build: { number: 7, url: '', status: 'running', commit: order.commit, ref: order.ref }, stages: [] });
    say({ k: 'log', n: 1, step: 'default/deploy', lines: Object.keys(process.env) });
    if (order.params.NOTE === 'hold') return;
    say({ k: 'result', n: 3, verdict: 'success', code: 'ok', message: 'done', outputs: { number: '7', url: '', status: 'success', commit: order.commit, started: '', finished: '' } });
  });
`;

describe('a job with process cells', () => {
  test('goes from session to success', async () => {
    bench = await startBench({ cells: engine(script) });
    const session = await (await bench.runner()).session();
    await session.rehearse();
    const { reader } = await session.task();
    expect(await reader.until(({ k }) => k === 'result')).toMatchObject({ verdict: 'success' });
    expect(reader.events).toContainEqual({ k: 'log', n: 1, step: 'default/deploy', lines: ['HOME', 'LANG', 'TZ'] });
  });

  test('is cancelled by its author', async () => {
    bench = await startBench({ cells: engine(script) });
    const session = await (await bench.runner()).session();
    const { id, reader } = await session.task({ params: { NOTE: 'hold' } });
    await reader.until((event) => event.k === 'state' && event.n === 2);
    await session.runner.call('POST', `/v1/tasks/${id}/cancel`, {});
    expect(await reader.until(({ k }) => k === 'result')).toMatchObject({ verdict: 'cancelled', message: 'author' });
  });

  test.for([
    ['exits before its order', 'process.exit(4)', /cell ended without a result|cell-start/],
    ['throws', "process.stdin.once('data', () => { throw new Error('x'); })", /it ended with exit code 1/],
    [
      'closes its output',
      "process.stdin.once('data', () => { require('fs').closeSync(1); setInterval(() => {}, 1000); })",
      /without a result/,
    ],
  ] as const)('whose script %s is not green', async ([, bad, message]) => {
    bench = await startBench({ cells: engine(bad), timing: { apart: 200 } });
    const session = await (await bench.runner()).session();
    const { reader } = await session.task();
    expect(await reader.until(({ k }) => k === 'result')).toMatchObject({
      verdict: 'unknown',
      code: 'cell-lost',
      message: expect.stringMatching(message),
    });
  });
});
