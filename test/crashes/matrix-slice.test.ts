// A slice of the matrix as `npm run crashes` plays it, on a real engine of its own: each victim at one moment of a build, and
// two of them at once.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { whyNot } from '../docker/engine/engine.mjs';
import { run } from '../support/run.ts';
import { root } from './root.ts';

const program = join(root, 'dist/dev/crashes.js');
const reason = whyNot();

describe(`the kill matrix${reason === null ? '' : ` (no engine: ${reason})`}`, { skip: reason !== null }, () => {
  it('ends as expected in a slice of it, and says so', { timeout: 300_000 }, async () => {
    expect(existsSync(program), 'npm test builds it first').toBe(true);
    const args = [program, '--only', 'cell running: ', '--every', '6', '--jobs', '2', '--show'];
    const { code, stdout, stderr } = await run(process.execPath, args, { limit: 290_000 });
    const [, count = '0'] = /^crashes: (\d+) cases, (\d+) as expected$/m.exec(stdout) ?? [];
    expect({ code, stdout, stderr }).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`crashes: ${count} cases, ${count} as expected`),
    });
    expect(Number(count)).toBeGreaterThan(3);
  });

  it('says which options there are, and refuses others', async () => {
    const help = await run(process.execPath, [program, '--help']);
    expect([help.code, help.stdout]).toEqual([0, expect.stringContaining('--every N')]);
    const wrong = await run(process.execPath, [program, '--jobs', 'many']);
    expect([wrong.code, wrong.stderr]).toEqual([1, 'crashes: --jobs must be a whole number from 1, not many\n']);
  });
});
