import { describe, expect, it } from 'vitest';
import { jobWith, play, type Played } from './play.ts';

const quick = { interrupt: 200, terminate: 200, drain: 500 };
const commands = ({ seen }: Played) => seen.map(({ input }) => input.command);
const conclusions = ({ result }: Played) =>
  Object.fromEntries(
    result.steps.filter(({ from }) => from === 'workflow').map(({ name, conclusion }) => [name, conclusion]),
  );

/** Cancels the job as soon as a line says that it is time. */
function cancelAt(text: string) {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    onLine: (line: { readonly text: string }) => {
      if (line.text === text) controller.abort();
    },
  };
}

const waiting = (traps: string) => `
if (isScript && process.env.GITHUB_ACTION === 'wait') {
  ${traps}
  say('waiting');
  setInterval(() => {}, 1000);
}`;

describe('a cancel', () => {
  it('SIGINT is enough for a hook that heeds it; what it prints then is shown, and cleanup_job comes', async () => {
    const played = await play(jobWith('- { id: wait, name: wait, run: a }\n- { name: next, run: b }'), {
      hook: waiting(`process.on('SIGINT', () => { say('cancelling the build'); process.exit(0); });`),
      ...cancelAt('waiting'),
    });
    expect(played.text('plain')).toContain('cancelling the build');
    expect(commands(played)).toEqual(['prepare_job', 'run_script_step', 'cleanup_job']);
    expect(played.result.calls[1]).toMatchObject({ exitCode: 0 });
    expect(conclusions(played)).toEqual({ wait: 'failure', next: 'skipped' });
    expect(played.result.conclusion).toBe('cancelled');
  });

  it('SIGTERM comes after it', async () => {
    const played = await play(jobWith('- { id: wait, run: a }'), {
      hook: waiting(
        `process.on('SIGINT', () => say('not yet')); process.on('SIGTERM', () => { say('now'); process.exit(9); });`,
      ),
      limits: { ...quick, terminate: 60_000 },
      ...cancelAt('waiting'),
    });
    expect(played.text('plain')).toEqual(expect.arrayContaining(['not yet', 'now']));
    expect(played.result.calls[1]).toMatchObject({ exitCode: 9 });
  });

  it('and SIGKILL at last', async () => {
    const played = await play(jobWith('- { id: wait, run: a }'), {
      hook: waiting(`process.on('SIGINT', () => {}); process.on('SIGTERM', () => say('never'));`),
      limits: quick,
      ...cancelAt('waiting'),
    });
    expect(played.result.calls[1]).toMatchObject({ exitCode: null, signal: 'SIGKILL' });
    expect(played.result.conclusion).toBe('cancelled');
  });

  it('steps that ask for it still run, and a running one that does is left alone', async () => {
    const played = await play(
      jobWith(
        '- { id: wait, name: wait, run: a, if: always() }\n- { name: cancelled, run: b, if: cancelled() }\n- { name: failure, run: c, if: failure() }',
      ),
      {
        hook: `if (isScript && process.env.GITHUB_ACTION === 'wait') { process.on('SIGINT', () => process.exit(1)); say('waiting'); setTimeout(() => {}, 400); }`,
        ...cancelAt('waiting'),
      },
    );
    expect(conclusions(played)).toEqual({ wait: 'success', cancelled: 'success', failure: 'skipped' });
    expect(played.result.conclusion).toBe('cancelled');
  });

  it('reaches prepare_job too', async () => {
    const played = await play(jobWith('- { run: a }'), {
      hook: `if (isPrepare) { process.on('SIGINT', () => process.exit(1)); say('waiting'); setInterval(() => {}, 1000); }`,
      ...cancelAt('waiting'),
    });
    expect(commands(played)).toEqual(['prepare_job', 'cleanup_job']);
    expect(played.result.conclusion).toBe('cancelled');
  });

  it('before the job starts: the hook is not called at all', async () => {
    const played = await play(jobWith('- { run: a }'), { signal: AbortSignal.abort() });
    expect([commands(played), played.result.conclusion]).toEqual([[], 'cancelled']);
  });
});

describe('time limits', () => {
  it("a step's own ends it in the same way, and fails the job", async () => {
    const played = await play(
      jobWith('- { id: wait, name: wait, run: a, timeout-minutes: 1 }\n- { name: next, run: b }'),
      {
        hook: waiting(''),
        limits: { minute: 300 },
      },
    );
    expect(played.text('debug')).toContain('timeout-minutes: 1 is over');
    expect(conclusions(played)).toEqual({ wait: 'failure', next: 'skipped' });
    expect(played.result.conclusion).toBe('failure');
  });

  it("the job's cancels it, and says so", async () => {
    const played = await play(jobWith('- { id: wait, run: a }', 'timeout-minutes: 2'), {
      hook: waiting(''),
      limits: { minute: 300 },
    });
    expect(played.result.conclusion).toBe('cancelled');
    expect(played.text('error').at(-1)).toBe(
      'The job running on runner played-runner has exceeded the maximum execution time of 2 minutes.',
    );
  });

  it('a process that the hook leaves behind does not hold the job', async () => {
    const played = await play(jobWith('- { name: a, run: a }'), {
      hook: `if (isScript) require('node:child_process').spawn(process.execPath, ['-e', 'setTimeout(() => {}, 5000)'], { stdio: 'inherit', detached: true }).unref();`,
      limits: { drain: 200 },
    });
    expect(conclusions(played)).toEqual({ a: 'success' });
  });
});
