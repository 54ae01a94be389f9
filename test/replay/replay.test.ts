// The recorded jobs end as they must, and the judgement itself can fail.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { run } from '../support/run.ts';
import { annotationsOf } from './annotations.ts';
import { judge } from './judge.ts';
import type { PlayedCall } from './play.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const claimed = 'refs/heads/main@aaaa';
const call = (changes: Partial<PlayedCall>): PlayedCall => ({
  command: 'run_script_step',
  exitCode: 0,
  stdout: '',
  stderr: '',
  builds: [claimed],
  claimed,
  cells: 0,
  ...changes,
});
const refusal = '::error title=airlock%3A no-session::[airlock no-session] there is none.\n';

test('every recorded job of the real runner ends as the table says', async () => {
  expect(existsSync(join(root, 'dist/dev/replay.js')), 'npm test builds it first').toBe(true);
  const { code, stdout } = await run(process.execPath, [join(root, 'dist/dev/replay.js')], { limit: 240_000 });
  expect(stdout).toContain('replay: 14 recordings, 4 allowed, 10 refused, 0 unexpected');
  expect(code).toBe(0);
}, 250_000);

test('an allowed step with one build of the claimed commit is as it must be', () => {
  expect(judge([call({})])).toEqual({ verdict: 'allowed', codes: [], builds: 1, cells: 0, problems: [] });
});

test('a build of another commit, a second build, and a build by a refused call are noticed', () => {
  expect(judge([call({ builds: ['refs/heads/main@bbbb'] })]).problems).toEqual([
    'call 1 (run_script_step): build of refs/heads/main@bbbb, claimed was refs/heads/main@aaaa',
  ]);
  expect(judge([call({ builds: [claimed, claimed] })]).problems).toEqual([
    'call 1 (run_script_step): 2 builds instead of 1',
    '2 builds for one job',
  ]);
  expect(judge([call({ exitCode: 1, stdout: refusal })]).problems).toEqual([
    'call 1 (run_script_step): 1 builds by a refused call',
  ]);
});

test('a refused call prints one annotation with a known code and starts nothing', () => {
  const refused = { exitCode: 1, builds: [] };
  expect(judge([call({ ...refused, stdout: refusal })])).toMatchObject({ codes: ['no-session'], problems: [] });
  expect(judge([call(refused)]).problems).toEqual(['call 1 (run_script_step): 0 annotations instead of one']);
  expect(judge([call({ ...refused, stdout: refusal + refusal })]).problems).toHaveLength(1);
  expect(judge([call({ ...refused, stdout: refusal, cells: 1 })]).problems).toHaveLength(1);
  expect(judge([call({ ...refused, stdout: refusal.replaceAll('no-session', 'no-such-code') })]).problems).toEqual([
    'call 1 (run_script_step): unknown code no-such-code',
  ]);
});

test('an error that is not in our form counts as one too', () => {
  expect(annotationsOf('::error::Unhandled\n', '')).toEqual(['?']);
  expect(annotationsOf('x ##[error]y\n', '  ::error title=a::[airlock no-session] b')).toEqual(['?', 'no-session']);
});
