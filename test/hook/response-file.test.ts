import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { annotationOf } from './support/job.ts';
import { world } from './support/world.ts';

const here = world();

/** A response file of a kind, in place of the one that the runner makes; and the path that the input names. */
function attack(kind: string): string {
  const { job } = here;
  const path = job.prepare().responseFile;
  const folder = join(job.temp, '_runner_hook_responses');
  mkdirSync(folder, { recursive: true });
  const victim = job.put(join(job.home, 'victim'), '');
  switch (kind) {
    case 'outside':
      return victim;
    case 'below':
      return job.put(join(folder, 'a/b.json'), '');
    case 'above':
      return `${folder}/../b.json`;
    case 'spelt otherwise':
      job.put(path, '');
      return path.replace('_runner_hook_responses/', '_runner_hook_responses//');
    case 'another runner’s':
      return job.put(join(job.home, 'other/_temp/_runner_hook_responses/x.json'), '');
    case 'a prefix of the folder':
      return job.put(`${folder}2/x.json`, '');
    case 'the folder':
      return folder;
    case 'relative':
      return '_runner_hook_responses/x.json';
    case 'absent':
      rmSync(path, { force: true });
      return path;
    case 'full':
      return job.put(path, '{}');
    case 'a link':
      symlinkSync(victim, path);
      return path;
    case 'a dangling link':
      symlinkSync(`${victim}2`, path);
      return path;
    case 'a second name':
      linkSync(victim, path);
      return path;
    case 'a folder':
      mkdirSync(path);
      return path;
    case 'a pipe':
      execFileSync('/usr/bin/mkfifo', [path]);
      return path;
    default:
      job.put(path, '');
      renameSync(folder, `${folder}-real`);
      symlinkSync(`${folder}-real`, folder);
      return path;
  }
}

const kinds = [
  ['outside', 'it lies elsewhere'],
  ['below', 'it lies elsewhere'],
  ['above', 'it lies elsewhere'],
  ['spelt otherwise', 'it lies elsewhere'],
  ['another runner’s', 'it lies elsewhere'],
  ['a prefix of the folder', 'it lies elsewhere'],
  ['the folder', 'it lies elsewhere'],
  ['relative', 'it lies elsewhere'],
  ['in a folder that is a link', 'it lies elsewhere'],
  ['absent', 'ENOENT'],
  ['full', 'it is not empty, or a link'],
  ['a second name', 'it is not empty, or a link'],
  ['a link', 'ELOOP'],
  ['a dangling link', 'ELOOP'],
  ['a folder', 'EISDIR'],
  ['a pipe', 'ENXIO'],
];

describe('a response file that the runner did not make so', () => {
  it.each(kinds)('%s: refused by every command, nothing is written and nothing asked', async (kind, why) => {
    const { job } = here;
    const responseFile = attack(kind ?? '');
    const inputs = [
      job.prepare(),
      job.step(),
      { ...job.step(), command: 'run_container_step', args: job.prepare().args['container'] },
      job.cleanup(),
    ];
    for (const input of inputs) {
      const called = await job.call({ ...input, responseFile }, { keepResponse: true });
      const [code, text] = annotationOf(called);
      expect(code).toBe('response-file-not-accepted');
      expect(text).toContain(`is not used: ${why}. Rule: an empty file in RUNNER_TEMP/_runner_hook_responses.`);
    }
    expect(readFileSync(join(job.home, 'victim'), 'utf8')).toBe('');
    expect(existsSync(join(job.home, 'victim2'))).toBe(false);
    expect(here.gate.calls).toEqual([]);
  });

  it('is noticed too when it changes while the gate is asked', async () => {
    const { gate, job } = here;
    const input = job.prepare();
    const victim = job.put(join(job.home, 'victim'), '');
    gate.script.answer = ({ name }) => {
      if (name !== 'POST rehearsal') return undefined;
      rmSync(input.responseFile);
      symlinkSync(victim, input.responseFile);
      return undefined;
    };
    expect(annotationOf(await job.call(input))[0]).toBe('response-file-not-accepted');
    expect(readFileSync(victim, 'utf8')).toBe('');
    expect(gate.names().at(-1)).toBe('DELETE session');
  });

  it('is written, when it is what it must be, with what the runner needs and nothing else', async () => {
    const { response } = await here.job.call(here.job.prepare());
    expect(JSON.parse(response ?? '')).toEqual({
      isAlpine: false,
      state: { v: 1, session: '5e55'.repeat(8), identity: 'github', reconnect: 300, silent: 30 },
      context: { container: { id: 'airlock', network: 'none' }, services: [] },
    });
  });

  it('stays empty after the other commands', async () => {
    writeFileSync(here.job.env['GITHUB_OUTPUT'] ?? '', '');
    expect((await here.job.call(here.job.step())).response).toBe('');
    expect((await here.job.call(here.job.cleanup())).response).toBe('');
  });
});
