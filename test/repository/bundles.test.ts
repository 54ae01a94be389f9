import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundle } from '../../scripts/bundle.mjs';
import { plainEnv, run } from '../support/run.ts';
import { root } from '../support/tree.ts';

// The artifacts as they leave the build, each run where it will run: the hook and the cell without any package near
// them, the cli beside the packages that it needs.

/** Makes some artifacts in a folder of their own; fails with the build's own words. */
async function make(outdir: string, ...only: string[]): Promise<void> {
  const outcomes = await bundle({ outdir, only });
  expect(outcomes.flatMap(({ errors }) => errors ?? [])).toEqual([]);
  expect(outcomes.map(({ artifact }) => artifact.name)).toEqual(only);
}

let alone = '';
beforeAll(() => {
  alone = mkdtempSync(join(tmpdir(), 'airlock-bundles-'));
});
afterAll(() => {
  rmSync(alone, { recursive: true, force: true });
});

describe('the hook', () => {
  let file = '';
  beforeAll(async () => {
    await make(join(alone, 'dist'), 'hook');
    // The worst place: below a package.json that makes every .js file an ES module.
    const place = join(alone, 'module');
    mkdirSync(place);
    writeFileSync(join(place, 'package.json'), '{"type":"module"}\n');
    cpSync(join(alone, 'dist', 'hook'), join(place, 'hook'), { recursive: true });
    file = join(place, 'hook', 'index.js');
  });

  it('is at most 64,000 bytes', () => {
    expect(statSync(file).size).toBeLessThanOrEqual(64_000);
  });

  it('runs as CommonJS even below a package.json of type module, and refuses what is no input', async () => {
    const { code, stdout, stderr } = await run(process.execPath, [file], { input: '{', cwd: alone });
    expect(stderr).not.toMatch(/SyntaxError|ReferenceError|ERR_[A-Z]/);
    expect(stdout).toMatch(/^::error [^\n]*\[airlock [a-z-]+\]/m);
    expect(code).toBe(1);
  });
});

describe('the cell', () => {
  let script = '';
  beforeAll(async () => {
    await make(join(alone, 'dist'), 'cell');
    script = readFileSync(join(alone, 'dist', 'cell.js'), 'utf8');
  });

  it('fits one argument, which neither the kernel nor the kubelet changes', () => {
    expect(Buffer.byteLength(script)).toBeLessThanOrEqual(120_000);
    expect(script).not.toMatch(/\$[$(]/);
  });

  it('runs under node -e, says nothing before it has an order, and takes no nonsense for one', async () => {
    // A shell takes the last line breaks away: node -e "$(cat cell.js)".
    const child = spawn(process.execPath, ['-e', script.trimEnd()], { cwd: alone, env: plainEnv() });
    try {
      let stdout = '';
      let stderr = '';
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        stdout += chunk;
      });
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
        stderr += chunk;
      });
      const ended = new Promise<number | null>((done) => child.on('close', done));
      await wait(1000);
      expect({ stdout, exitCode: child.exitCode }).toEqual({ stdout: '', exitCode: null });

      child.stdin.on('error', () => undefined);
      child.stdin.end('nonsense\n{"end":true}\n');
      await ended;
      expect(stderr).not.toMatch(/SyntaxError|ReferenceError|ERR_[A-Z]/);
      const events = stdout.split('\n').filter((line) => line !== '');
      for (const event of events) expect(JSON.parse(event)).not.toMatchObject({ k: 'result', verdict: 'success' });
    } finally {
      child.kill('SIGKILL');
    }
  });
});

describe('the command airlock', () => {
  // Beside the packages, as an installation has it.
  const beside = join(root, 'node_modules', '.cache', `airlock-bundles-${process.pid}`);
  const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { bin: Record<string, string> };
  afterAll(() => {
    rmSync(beside, { recursive: true, force: true });
  });

  it('is what package.json names, executable, and tells how it is used', async () => {
    await make(join(beside, 'dist'), 'cli');
    expect(Object.keys(bin)).toEqual(['airlock']);
    const file = join(beside, bin['airlock']!);
    expect(statSync(file).mode & 0o111).toBe(0o111);
    const { code, stdout } = await run(file, ['--help'], { cwd: alone });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: airlock /m);
  });

  it('carries the packages of GitHub’s grammar, which Node alone cannot load', () => {
    const text = readFileSync(join(beside, bin['airlock']!), 'utf8');
    expect(text).not.toMatch(/\b(?:from|import|require)\s*\(?\s*["']@actions\//);
  });
});
