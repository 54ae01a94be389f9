import { describe, expect, it } from 'vitest';
import { jobWith, play, type Played, type SeenCall } from './play.ts';

interface ScriptArgs {
  readonly entryPoint: string;
  readonly entryPointArgs: readonly string[];
  readonly environmentVariables: Readonly<Record<string, string>>;
  readonly prependPath: readonly string[];
  readonly workingDirectory: string;
}

const scripts = ({ seen }: Played) => seen.filter(({ input }) => input.command === 'run_script_step');
const argsOf = (call: SeenCall | undefined) => call?.input.args as unknown as ScriptArgs;
const envOf = (call: SeenCall | undefined) => argsOf(call).environmentVariables;
const conclusions = ({ result }: Played) =>
  Object.fromEntries(
    result.steps.filter(({ from }) => from === 'workflow').map(({ name, conclusion }) => [name, conclusion]),
  );

describe('conditions', () => {
  it('after a failed step only those run that ask for it', async () => {
    const played = await play(
      jobWith(`
- { name: first, run: 'false' }
- { name: next, run: a }
- { name: own, run: b, if: "github.ref == 'refs/heads/main'" }
- { name: failure, run: c, if: failure() }
- { name: always, run: d, if: always() }
- { name: cancelled, run: e, if: cancelled() }
- { name: outcome, run: f, if: "failure() && job.status == 'failure'" }`),
      { hook: `if (isScript && process.env.GITHUB_ACTION === '__run') process.exit(1);` },
    );
    expect(conclusions(played)).toEqual({
      first: 'failure',
      next: 'skipped',
      own: 'skipped',
      failure: 'success',
      always: 'success',
      cancelled: 'skipped',
      outcome: 'success',
    });
    expect(played.result.conclusion).toBe('failure');
  });

  it('continue-on-error turns the conclusion, not the outcome', async () => {
    const played = await play(
      jobWith(`
- { id: a, name: tolerated, run: x, continue-on-error: true }
- { name: next, run: y, if: "steps.a.outcome == 'failure' && steps.a.conclusion == 'success'" }
- { id: b, name: strict, run: z, continue-on-error: "\${{ github.ref != 'refs/heads/main' }}" }`),
      { hook: `if (['a', 'b'].includes(process.env.GITHUB_ACTION) && isScript) process.exit(3);` },
    );
    expect(conclusions(played)).toEqual({ tolerated: 'success', next: 'success', strict: 'failure' });
    expect(played.text('error').filter((text) => text === 'Process completed with exit code 3.')).toHaveLength(2);
  });

  it('an expression that cannot be evaluated fails its step, with the place in the file', async () => {
    const played = await play(jobWith(`- { name: broken, run: 'x \${{ fromJSON(github.ref) }}' }`));
    expect(conclusions(played)).toEqual({ broken: 'failure' });
    expect(scripts(played)).toEqual([]);
    expect(played.text('error')[0]).toMatch(
      /^The template is not valid\. \.github\/workflows\/wf\.yml \(Line: \d+, Col: \d+\): /,
    );
  });
});

describe('what one step tells another', () => {
  it('outputs, environment and paths, by file', async () => {
    const played = await play(
      jobWith(`
- { id: d, run: drone build }
- { run: second, if: "steps.d.outputs.number == '42'", env: { FROM: "\${{ steps.d.outputs.number }}", ADDED_HERE: "\${{ env.ADDED }}" } }`),
      {
        hook: `
if (process.env.GITHUB_ACTION === 'd' && isScript) {
  output('number', '42');
  fs.appendFileSync(process.env.GITHUB_ENV, 'ADDED<<E\\none\\ntwo\\nE\\n');
  fs.appendFileSync(process.env.GITHUB_PATH, '/first\\n/second\\n');
}`,
      },
    );
    const second = scripts(played)[1];
    expect(envOf(second)).toMatchObject({ FROM: '42', ADDED: 'one\ntwo', ADDED_HERE: 'one\ntwo' });
    expect(argsOf(second).prependPath).toEqual(['/second', '/first']);
    expect(second?.env['PATH']).toMatch(/^\/second:\/first:\//);
    expect(second?.env['ADDED']).toBeUndefined();
    expect(played.result.steps.find(({ id }) => id === 'd')?.outputs).toEqual({ number: '42' });
  });

  it('NODE_OPTIONS is not taken from a file', async () => {
    const played = await play(jobWith('- { id: d, run: a }\n- { run: b }'), {
      hook: `if (isScript) fs.appendFileSync(process.env.GITHUB_ENV, 'NODE_OPTIONS=--require /x\\nOTHER=1\\n');`,
    });
    expect(envOf(scripts(played)[1])).toMatchObject({ OTHER: '1' });
    expect(envOf(scripts(played)[1])).not.toHaveProperty('NODE_OPTIONS');
    expect(played.text('error')).toContain("Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' command.");
  });

  it('a wrong file fails the step, and costs nothing of the others', async () => {
    const played = await play(jobWith('- { id: d, name: d, run: a }'), {
      hook: `if (isScript) { fs.appendFileSync(process.env.GITHUB_ENV, 'nonsense\\n'); output('kept', 'yes'); }`,
    });
    expect(conclusions(played)).toEqual({ d: 'failure' });
    expect(played.text('error')).toEqual([
      "Unable to process file command 'env' successfully.",
      "Invalid format 'nonsense'",
    ]);
    expect(played.result.steps.find(({ id }) => id === 'd')?.outputs).toEqual({ kept: 'yes' });
  });

  it('summaries are kept with their secrets masked; one of more than 1 MiB is dropped', async () => {
    const played = await play(jobWith('- { name: a, run: a }\n- { name: b, run: b }'), {
      secrets: { S: 'sesame' },
      hook: `if (isScript) fs.appendFileSync(process.env.GITHUB_STEP_SUMMARY, process.env.GITHUB_ACTION === '__run' ? '# sesame\\n' : 'x'.repeat(1048577));`,
    });
    expect(played.result.summary).toBe('# ***\n');
    expect(played.text('error')[0]).toMatch(
      /^\$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of 1024k, got 1024k/,
    );
    expect(played.result.conclusion).toBe('success');
  });
});

describe('environment', () => {
  it('workflow, job and step: the nearest wins, and none of it reaches the hook itself', async () => {
    const played = await play(
      `on: push
env: { A: workflow, B: workflow, C: workflow }
jobs:
  deploy:
    runs-on: x
    container: airlock
    env: { B: job, C: job, D: '\${{ github.repository }}' }
    steps: [ { run: a, env: { C: step, LD_PRELOAD: /x.so, E: '\${{ env.B }}' } } ]`,
    );
    const [call] = scripts(played);
    expect(envOf(call)).toMatchObject({
      A: 'workflow',
      B: 'job',
      C: 'step',
      D: 'octo/widgets',
      E: 'job',
      LD_PRELOAD: '/x.so',
    });
    for (const name of ['A', 'B', 'C', 'D', 'E', 'LD_PRELOAD']) expect(call?.env).not.toHaveProperty(name);
  });

  it("the runner writes its own names over the workflow's, and leaves the others", async () => {
    const hostile =
      '{ GITHUB_SHA: evil, RUNNER_TEMP: /etc, GITHUB_OUTPUT: /etc/passwd, GITHUB_FOO: kept, CI: kept, GITHUB_ACTIONS: kept }';
    const [call] = scripts(await play(jobWith(`- { run: a, env: ${hostile} }`)));
    expect(envOf(call)).toMatchObject({
      GITHUB_SHA: 'a'.repeat(40),
      RUNNER_TEMP: '/__w/_temp',
      GITHUB_FOO: 'kept',
      CI: 'kept',
      GITHUB_ACTIONS: 'kept',
    });
    expect(call?.env).toMatchObject({ GITHUB_SHA: 'a'.repeat(40), CI: 'true', GITHUB_ACTIONS: 'true' });
  });

  it('the env context tells the case of names, other contexts do not', async () => {
    const [call] = scripts(
      await play(
        jobWith(
          `- { run: a, env: { Path: one, A: "\${{ env.PATH }}|\${{ env.Path }}|\${{ GitHub.REF_name }}" } }`,
          'env: { Path: job }',
        ),
      ),
    );
    expect(envOf(call)['A']).toBe('|job|main');
  });

  it("the operator's settings reach the hook, but never its facts from GitHub", async () => {
    const [call] = scripts(
      await play(jobWith('- { run: a }'), {
        environment: { AIRLOCK_GATE: 'unix:/x', GITHUB_REPOSITORY: 'evil/evil', HOME: '/h' },
      }),
    );
    expect(call?.env).toMatchObject({ AIRLOCK_GATE: 'unix:/x', GITHUB_REPOSITORY: 'octo/widgets', HOME: '/h' });
    expect(envOf(call)).not.toHaveProperty('AIRLOCK_GATE');
  });

  for (const [permissions, has] of [
    ['permissions: { id-token: write }', true],
    ['permissions: { contents: read }', false],
  ] as const) {
    it(`${permissions}: the id token's variables are ${has ? '' : 'not '}there, in every call`, async () => {
      const environment = {
        ACTIONS_ID_TOKEN_REQUEST_URL: 'http://127.0.0.1:1/',
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-token',
      };
      const played = await play(jobWith('- { run: a }', permissions), { environment });
      expect(played.seen.map(({ env }) => 'ACTIONS_ID_TOKEN_REQUEST_URL' in env)).toEqual([has, has, has]);
      expect('ACTIONS_ID_TOKEN_REQUEST_TOKEN' in envOf(scripts(played)[0])).toBe(has);
    });
  }
});

describe('scripts and shells', () => {
  it('an expression in a block scalar changes nothing of the text around it', async () => {
    const played = await play(
      jobWith(
        "- run: |\n    drone build\n      --ref ${{ github.ref }}\n    'quoted' {0}\n- run: >-\n    folded\n    ${{ github.ref_name }}",
      ),
    );
    expect(Object.values(played.seen.at(-1)!.files).toSorted()).toEqual([
      "drone build\n  --ref refs/heads/main\n'quoted' {0}\n",
      'folded main',
    ]);
  });

  it('a shell is its first word; the rest is split on single spaces, quotes and all', async () => {
    const shells = [
      ['bash', 'bash', ['--noprofile', '--norc', '-e', '-o', 'pipefail', 'SCRIPT.sh']],
      ['sh', 'sh', ['-e', 'SCRIPT.sh']],
      ['python', 'python', ['SCRIPT.py']],
      ['powershell', 'powershell', ['-command', '".', `'SCRIPT.ps1'"`]],
      ['bash -x  {0} {0}', 'bash', ['-x', '', 'SCRIPT.sh', 'SCRIPT.sh']],
      ['node -e "{{}}" {0}', 'node', ['-e', '"{}"', 'SCRIPT']],
      ['/bin/sh -c "id" {0}', '/bin/sh', ['-c', '"id"', 'SCRIPT']],
    ] as const;
    const played = await play(jobWith(shells.map(([shell]) => `- run: a\n  shell: '${shell}'`).join('\n')));
    const told = scripts(played).map((call) => {
      const { entryPoint, entryPointArgs } = argsOf(call);
      return [entryPoint, entryPointArgs.map((argument) => argument.replace(/\/__w\/_temp\/[0-9a-f-]{36}/, 'SCRIPT'))];
    });
    expect(told).toEqual(shells.map(([, entryPoint, args]) => [entryPoint, args]));
  });

  it('a shell that the runner cannot use fails the step before the hook is called', async () => {
    const shells = [
      ['zsh', /^Invalid shell option\. Shell must be a valid built-in/],
      ['sh -c id', /^Invalid shell option\. Shell must be a valid built-in/],
      ['sh {0} {1}', /^Input string was not in a correct format\.$/],
      ['/no/such/program {0}', /^Second path fragment must not be a drive or UNC name\./],
      ['bin/program {0}', /^Could not find a part of the path/],
    ] as const;
    const step = ([shell]: readonly [string, RegExp]) => `- { run: a, shell: '${shell}', if: always() }`;
    const played = await play(jobWith(shells.map(step).join('\n')));
    expect(scripts(played)).toEqual([]);
    const errors = played.text('error');
    expect(errors).toHaveLength(shells.length);
    for (const [index, [, message]] of shells.entries()) expect(errors[index]).toMatch(message);
  });

  it("a job's defaults take the place of the workflow's as a whole, a step's own come before both", async () => {
    const played = await play(`on: push
defaults: { run: { shell: bash, working-directory: /etc } }
jobs:
  a:
    runs-on: x
    container: y
    defaults: { run: { shell: 'sh -x {0}' } }
    steps: [ { run: a }, { run: b, shell: bash, working-directory: ../up } ]`);
    expect(scripts(played).map((call) => [argsOf(call).entryPoint, argsOf(call).workingDirectory])).toEqual([
      ['sh', '/__w/widgets/widgets'],
      ['bash', '/__w/widgets/widgets/../up'],
    ]);
  });

  it("the step's log opens with what is run, as on GitHub", async () => {
    const played = await play(jobWith('- { run: drone build, env: { PARAM_X: y } }'));
    const own = played.lines
      .filter(({ step }) => step.name === 'Run drone build')
      .map(({ kind, text }) => `${kind} ${text}`);
    expect(own.slice(0, 6)).toEqual([
      'group Run drone build',
      'plain \u001b[36;1mdrone build\u001b[0m',
      'plain shell: sh -e {0}',
      'plain env:',
      'plain   PARAM_X: y',
      'endgroup ',
    ]);
    expect(own[6]).toMatch(/^group Run '\/.*hook\.js'$/);
    expect(own[7]).toBe(`plain shell: ${process.execPath} {0}`);
  });
});

describe('steps that are no scripts', () => {
  it('an image becomes run_container_step', async () => {
    const { seen } = await play(jobWith('- { uses: "docker://alpine:3", with: { args: "a  b", my key: v } }'));
    const args = seen[1]!.input.args as unknown as {
      entryPointArgs: string[];
      entryPoint: string | null;
      image: string;
    } & ScriptArgs;
    expect(seen[1]!.input.command).toBe('run_container_step');
    expect([args.image, args.entryPoint, args.entryPointArgs]).toEqual(['alpine:3', null, ['a', '', 'b']]);
    expect(args.environmentVariables).toMatchObject({
      INPUT_ARGS: 'a  b',
      INPUT_MY_KEY: 'v',
      GITHUB_WORKSPACE: '/github/workspace',
    });
  });

  it("an action of another repository ends the job before any call, as on airlock's runner", async () => {
    const played = await play(jobWith('- { uses: actions/checkout@v4, if: false }\n- { run: drone build }'));
    expect(played.seen).toEqual([]);
    expect(played.result.conclusion).toBe('failure');
    expect(played.text('error')[0]).toMatch(/^actions\/checkout@v4: airlock's runner loads no action from GitHub/);
  });

  it('the same step, to be skipped: it is said what the runner would do', async () => {
    const played = await play(
      jobWith('- { name: checkout, uses: actions/checkout@v4 }\n- { name: build, run: drone build }'),
      { actions: 'skip' },
    );
    expect(conclusions(played)).toEqual({ checkout: 'skipped', build: 'success' });
    expect(played.text('plain')).toContain(
      'actions/checkout@v4 is not played: the runner would load it from GitHub and call the hook for each of its parts',
    );
  });

  it('a local action is not there, because nothing was checked out', async () => {
    const played = await play(jobWith('- { name: own, uses: ./tools/x }'));
    expect(conclusions(played)).toEqual({ own: 'failure' });
    expect(played.text('error')[0]).toMatch(
      /^Can't find 'action\.yml', 'action\.yaml' or 'Dockerfile' under '.*\/widgets\/widgets\/tools\/x'/,
    );
  });
});
