import { describe, expect, it } from 'vitest';
import { jobWith, play, type Played } from './play.ts';

const oneStep = jobWith('- { name: build, run: drone build }');
const commands = ({ seen }: Played) => seen.map(({ input }) => input.command);
const conclusions = ({ result }: Played) => result.steps.map(({ name, conclusion }) => `${name}: ${conclusion}`);
const failed =
  'Executing the custom container implementation failed. Please contact your self hosted runner administrator.';

describe('each call is a fresh process', () => {
  it('with an empty response file, the workspace as its folder, and the state of the last answer', async () => {
    const played = await play(jobWith('- { run: a }\n- { run: b }'), {
      hook: `if (isScript && process.env.GITHUB_ACTION === '__run') respond({ state: { y: 2 } });`,
    });
    expect(commands(played)).toEqual(['prepare_job', 'run_script_step', 'run_script_step', 'cleanup_job']);
    expect(played.seen.map(({ input }) => input.state)).toEqual([null, { x: 1 }, { y: 2 }, { y: 2 }]);
    expect(new Set(played.seen.map(({ cwd }) => cwd))).toEqual(new Set([`${played.root}/_work/widgets/widgets`]));
    expect(played.seen.map((call) => (call as unknown as { empty: boolean }).empty)).toEqual([true, true, true, true]);
    expect(new Set(played.seen.map(({ input }) => input.responseFile)).size).toBe(4);
  });

  it('what a call was given and how it ended is told to the caller', async () => {
    const { result, seen } = await play(oneStep, { hook: 'if (isScript) process.exit(4);' });
    expect(result.calls.map(({ command, exitCode, step }) => [command, exitCode, step.name])).toEqual([
      ['prepare_job', 0, 'Initialize containers'],
      ['run_script_step', 4, 'build'],
      ['cleanup_job', 0, 'Stop containers'],
    ]);
    expect(result.calls.map(({ input, cwd, files }) => ({ input, cwd, files }))).toEqual(
      seen.map(({ input, cwd, files }) => ({ input, cwd, files })),
    );
    expect(result.calls[1]?.env).toMatchObject(seen[1]!.env);
  });

  it('both of its outputs are heard, and a last line without end too', async () => {
    const played = await play(oneStep, {
      hook: `if (isScript) { console.error('to stderr'); process.stdout.write('no end'); }`,
    });
    expect(played.text('plain')).toEqual(expect.arrayContaining(['to stderr', 'no end']));
  });

  it('a hook that reads nothing and prints much ends all the same', async () => {
    const played = await play(oneStep, {
      hook: `if (isScript) for (let n = 0; n < 5000; n += 1) fs.writeSync(1, 'line ' + n + '\\n');`,
    });
    expect(played.text('plain').filter((text) => text.startsWith('line '))).toHaveLength(5000);
  });
});

describe('a failed call', () => {
  it("has the runner's own annotation behind the hook's", async () => {
    const played = await play(oneStep, {
      hook: `if (isScript) { say('::error title=airlock::no'); process.exit(1); }`,
    });
    expect(played.result.steps.find(({ name }) => name === 'build')?.annotations).toEqual([
      { level: 'error', title: 'airlock', message: 'no' },
      { level: 'error', message: 'Process completed with exit code 1.' },
      { level: 'error', message: failed },
    ]);
  });

  it("a process that a signal ended has a code like a shell's", async () => {
    const played = await play(oneStep, { hook: `if (isScript) process.kill(process.pid, 'SIGKILL');` });
    expect(played.text('error')[0]).toBe('Process completed with exit code 137.');
    expect(played.result.calls[1]).toMatchObject({ exitCode: null, signal: 'SIGKILL' });
  });

  it('a refused prepare_job does not stop steps that always run, nor cleanup_job; they have no state', async () => {
    const played = await play(jobWith('- { name: a, run: a }\n- { name: b, run: b, if: always() }'), {
      hook: `if (isPrepare) { fs.truncateSync(input.responseFile); process.exit(1); }`,
    });
    expect(commands(played)).toEqual(['prepare_job', 'run_script_step', 'cleanup_job']);
    expect(played.seen.map(({ input }) => input.state)).toEqual([null, null, null]);
    expect(conclusions(played)).toEqual([
      'Set up job: success',
      'Initialize containers: failure',
      'a: skipped',
      'b: success',
      'Stop containers: success',
      'Complete job: success',
    ]);
    expect(played.result.conclusion).toBe('failure');
  });

  it('a failed cleanup_job fails the job', async () => {
    const played = await play(oneStep, { hook: `if (input.command === 'cleanup_job') process.exit(1);` });
    expect([played.result.conclusion, conclusions(played).at(-2)]).toEqual(['failure', 'Stop containers: failure']);
  });

  it('printing a switched-off command fails the step, whatever the exit code', async () => {
    const played = await play(oneStep, { hook: `if (isScript) say('  ::set-env name=A::b');` });
    expect(conclusions(played)).toContain('build: failure');
    expect(played.text('error')).not.toContain(failed);
  });

  it('no hook file, or one that is no .js: nothing runs', async () => {
    const missing = await play(oneStep, { hookPath: '/no/such/hook.js' });
    expect([missing.seen, missing.result.conclusion, missing.text('error')[0]]).toEqual([[], 'failure', failed]);
    expect(missing.text('debug')[0]).toBe(
      "File not found at '/no/such/hook.js'. Set ACTIONS_RUNNER_CONTAINER_HOOKS to the path of an existing file.",
    );
    const other = await play(oneStep, { hookPath: '/bin/sh' });
    expect([other.seen, other.result.conclusion]).toEqual([[], 'failure']);
  });
});

describe('the response file', () => {
  for (const [name, answer] of [
    ['is empty', `fs.truncateSync(input.responseFile)`],
    ['is gone', `fs.rmSync(input.responseFile)`],
    ['is no JSON', `respond('{')`],
    ['is null', `respond('null')`],
    ['is a list', `respond([])`],
    ['has no isAlpine', `respond({ state: {} })`],
    ['has an isAlpine that is no boolean', `respond({ isAlpine: 'false' })`],
    ['has a state that is no object', `respond({ isAlpine: false, state: 'x' })`],
    ['is larger than 1 MiB', `respond({ isAlpine: false, state: { x: 'x'.repeat(1048577) } })`],
  ] as const) {
    it(`prepare_job fails when it ${name}`, async () => {
      const played = await play(oneStep, { hook: `if (isPrepare) ${answer};` });
      expect(conclusions(played)).toContain('Initialize containers: failure');
      expect(played.text('error')).toEqual([failed]);
      expect(commands(played)).toEqual(['prepare_job', 'cleanup_job']);
    });
  }

  for (const [name, answer] of [
    ['is empty', `fs.truncateSync(input.responseFile)`],
    ['is gone', `fs.rmSync(input.responseFile)`],
    ['has a state only', `respond({ state: { z: 1 } })`],
  ] as const) {
    it(`a step succeeds when it ${name}`, async () => {
      expect(conclusions(await play(oneStep, { hook: `if (isScript) ${answer};` }))).toContain('build: success');
    });
  }

  it('a step fails when it is no JSON, although the process ended well', async () => {
    expect(conclusions(await play(oneStep, { hook: `if (isScript) respond('no');` }))).toContain('build: failure');
  });

  it("prepare_job's containers and services are in the job context", async () => {
    const workflow = jobWith(
      '- { run: a, env: { C: "${{ job.container.id }}", S: "${{ job.services.db.id }}", P: "${{ job.services.db.ports[5432] }}" } }',
      'services: { db: { image: postgres, ports: [5432] } }',
    );
    const { seen } = await play(workflow, {
      hook: `if (isPrepare) respond({ isAlpine: false, state: {}, context: { container: { id: 'job-1' }, services: [{ id: 'db-1', network: 'n', ports: { 5432: '32768' } }] } });`,
    });
    const { environmentVariables } = seen[1]!.input.args as unknown as { environmentVariables: Record<string, string> };
    expect(environmentVariables).toMatchObject({ C: 'job-1', S: 'db-1', P: '32768' });
  });
});
