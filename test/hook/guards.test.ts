import { execFileSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { run as runHook } from '../../src/hook/run.ts';
import { summaryText } from '../../src/hook/summary.ts';
import { createTails } from '../../src/hook/tails.ts';
import { type ResultEvent, eventOf } from '../../src/hook/words.ts';
import { refusal, resultOf } from '../fakes/gate.ts';
import { tokenNumber } from '../fakes/id-token.ts';
import { root } from '../support/tree.ts';
import { run } from '../support/run.ts';
import { annotationOf, shortLimits } from './support/job.ts';
import { world } from './support/world.ts';

// Rules whose absence no other test would notice (test/guards).

const here = world();

describe('a file of the runner', () => {
  it('that was replaced by a pipe is not waited for: a call would hang before it could say so', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'airlock-pipe-'));
    try {
      const module = join(folder, 'plain-file.mjs');
      const entryPoints = [join(root, 'src/hook/plain-file.ts')];
      await build({ entryPoints, outfile: module, format: 'esm', bundle: true, platform: 'node' });
      const pipe = join(folder, 'pipe');
      execFileSync('/usr/bin/mkfifo', [pipe]);
      writeFileSync(join(folder, 'file'), 'x');
      const program = `import(${JSON.stringify(module)}).then(({ withPlain, O_RDONLY }) => {
        for (const name of ['file', 'pipe'])
          try { console.log(withPlain(${JSON.stringify(folder)} + '/' + name, O_RDONLY, () => 'used')); }
          catch (error) { console.log(error.message); }
      })`;
      const { signal, stdout } = await run(process.execPath, ['-e', program], { limit: 10_000 });
      expect([signal, stdout]).toEqual([null, 'used\nit is no regular file\n']);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('keeps what stands in it already: outputs and summary are added', async () => {
    here.job.put(here.job.env['GITHUB_OUTPUT'] ?? '', 'earlier=1\n');
    here.job.put(here.job.env['GITHUB_STEP_SUMMARY'] ?? '', 'earlier\n');
    expect((await here.job.call(here.job.step())).code).toBe(0);
    expect(here.job.read('GITHUB_OUTPUT')).toMatch(/^earlier=1\nnumber<<[0-9a-f]{32}\n42\n/);
    expect(here.job.read('GITHUB_STEP_SUMMARY')).toMatch(/^earlier\n### airlock: drone build: success\n/);
  });
});

describe('outputs', () => {
  it('stand between delimiters of 128 random bits, others in each step', async () => {
    const delimiters = new Set<string>();
    for (const _ of [1, 2]) {
      here.job.put(here.job.env['GITHUB_OUTPUT'] ?? '', '');
      await here.job.call(here.job.step());
      const found = [...here.job.read('GITHUB_OUTPUT').matchAll(/^number<<([0-9a-f]{32})$/gm)];
      delimiters.add(found[0]?.[1] ?? 'none');
    }
    expect(delimiters.size).toBe(2);
    expect(delimiters).not.toContain('none');
  });
});

describe('the summary', () => {
  const long = 'x'.repeat(400);
  const part = { number: 1, status: 'failure', started: 1, stopped: 2, error: '' };
  const stages = Array.from({ length: 100 }, (_, at) => ({
    ...part,
    name: `${at} ${long}`,
    steps: at === 0 ? [{ ...part, name: 'step' }] : [],
  }));

  it('of a whole step is no larger than a document may be', async () => {
    const named = stages.map(({ steps, ...stage }) => ({
      ...stage,
      steps: steps.map((one) => ({ ...one, exitCode: 1 })),
    }));
    here.gate.script.events = (stream) =>
      stream.send({ k: 'state', n: 1, phase: 'running', stages: named }, resultOf(2, 'failure'));
    await here.job.call(here.job.step(), { limits: { document: 4096 } });
    const size = Buffer.byteLength(here.job.read('GITHUB_STEP_SUMMARY'));
    expect(size).toBeGreaterThan(1000);
    expect(size).toBeLessThanOrEqual(4096);
  });

  it.each([2048, 4096, 8192])('is cut to %i bytes, the tail of the failed step and the table alike', (most) => {
    const tails = createTails();
    tails.add(
      `0 ${long}/step`,
      Array.from({ length: 20 }, () => 'line '.repeat(90)),
    );
    const result = eventOf(JSON.stringify(resultOf(1, 'failure'))) as ResultEvent;
    const text = summaryText({ task: 'drone build', result, stages, tails }, most);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(most);
    expect(text).toContain('Last lines of');
    expect(text).toContain('more rows');
  });
});

describe('a proof', () => {
  it('that is refused for another reason than a stale challenge is not made again', async () => {
    here.gate.script.answer = ({ name }) => (name === 'POST tasks' ? refusal('token-refused') : undefined);
    expect(annotationOf(await here.job.call(here.job.step()))[0]).toBe('token-refused');
    expect(here.gate.names()).toEqual(['POST challenge', 'POST tasks']);
  });

  it.each([201, 203, 400])('is taken from an answer of 200 only, not of %i', async (status) => {
    here.issuer.answer = () => ({ status, body: JSON.stringify({ value: tokenNumber(1) }) });
    const [code, text] = annotationOf(await here.job.call(here.job.step()));
    expect([code, text]).toEqual(['id-token-failed', expect.stringContaining(`the answer is ${status}`)]);
    expect(here.gate.names()).not.toContain('POST tasks');
  });
});

describe('an error that nobody foresaw', () => {
  it('is told in quotes, on one line', async () => {
    let output = '';
    const input = here.job.step();
    here.job.put(input.responseFile, '');
    const code = await runHook({
      env: here.job.env,
      stdin: Readable.from([Buffer.from(JSON.stringify(input))]),
      write(text) {
        output += text;
        return Promise.resolve();
      },
      signals: new EventEmitter(),
      now() {
        throw new Error('a "b"\n::error::c');
      },
      limits: shortLimits,
    });
    expect([code, output]).toEqual([
      1,
      '::error title=airlock%3A hook-error::[airlock hook-error] the hook failed: "Error: a \\"b\\"\\n:\\u003aerror:\\u003ac".\n',
    ]);
  });
});
