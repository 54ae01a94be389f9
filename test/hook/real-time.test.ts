import { expect, it } from 'vitest';
import { run } from '../support/run.ts';
import { readAsRunner } from '../support/runner-parser.ts';
import { bundleHook } from './support/bundle.ts';
import { world } from './support/world.ts';

const here = world();

// The one test that waits as long as the hook does: Node 20 once lost this limit to a garbage collection of its own.
it('an id token that never comes is a failure after 20 s, by the limits that the hook is built with', async () => {
  here.issuer.answer = () => 'hang';
  const bundle = await bundleHook();
  try {
    const input = here.job.prepare();
    here.job.put(input.responseFile, '');
    const env = here.job.env as Record<string, string>;
    const ended = await run(process.execPath, [bundle.path], { env, input: JSON.stringify(input), limit: 60_000 });
    expect([ended.code, ended.signal]).toEqual([1, null]);
    expect(readAsRunner(ended.stdout).commands.map(({ data }) => data)).toEqual([
      '[airlock id-token-failed] GitHub signed no id token: no answer in time.',
    ]);
  } finally {
    bundle.remove();
  }
}, 90_000);
