import { describe, expect, it } from 'vitest';
import { jobWith, play } from './play.ts';

const plain = (container: string, rest = '') =>
  `on: push\njobs:\n  deploy:\n    runs-on: airlock\n${container === '' ? '' : `    container: ${container}\n`}${rest}    steps: [ { run: drone build } ]`;
const firstArgs = (args: unknown) =>
  args as { container: Record<string, unknown>; services: Record<string, unknown>[] };

describe("a job without a container is failed before any call, in the runner's own words", () => {
  for (const [name, workflow] of [
    ['none', plain('')],
    ['an empty one', plain("''")],
    ['an expression that is empty', plain("'${{ vars.NONE }}'")],
    ['services only', plain('', '    services: { db: postgres }\n')],
  ] as const) {
    it(`${name}`, async () => {
      const { seen, result, ...played } = await play(workflow);
      expect(seen).toEqual([]);
      expect(result.conclusion).toBe('failure');
      expect(played.text('error')).toEqual([
        "Jobs without a job container are forbidden on this runner, please add a 'container:' to your job or contact your self-hosted runner administrator.",
      ]);
    });
  }
});

describe('what prepare_job is told of the container', () => {
  it('late expressions are expanded on the runner', async () => {
    const container = `'\${{ fromJSON(''{"image":"docker://evil/x","options":"--privileged","env":{"A":"\${{x}}"},"ports":[80],"volumes":["/:/host:ro","data"]}'') }}'`;
    const { seen } = await play(plain(container.replace('${{x}}', 'b')));
    const { container: told } = firstArgs(seen[0]!.input.args);
    expect(told).toMatchObject({
      image: 'evil/x',
      createOptions: '--privileged',
      environmentVariables: { A: 'b', HOME: '/github/home' },
      portMappings: ['80'],
      userMountVolumes: [
        { userProvidedValue: '/:/host:ro', sourceVolumePath: '/', targetVolumePath: '/host', readOnly: true },
        { userProvidedValue: 'data', sourceVolumePath: null, targetVolumePath: 'data', readOnly: false },
      ],
    });
  });

  it('a HOME of the workflow is written over', async () => {
    const { seen } = await play(plain('{ image: a, env: { HOME: /evil, B: c } }'));
    expect(firstArgs(seen[0]!.input.args).container['environmentVariables']).toEqual({ HOME: '/github/home', B: 'c' });
  });

  for (const [image, registry] of [
    ['ghcr.io/octo/x:1', { username: 'octocat', password: 'ghs_played', serverUrl: 'ghcr.io' }],
    ['registry.example/octo/x', null],
    ['ubuntu', null],
  ] as const) {
    it(`${image}: ${registry === null ? 'no login' : "the job's own token"}`, async () => {
      const { seen } = await play(plain(image), { secrets: { GITHUB_TOKEN: 'ghs_played' } });
      expect(firstArgs(seen[0]!.input.args).container['registry']).toEqual(registry);
    });
  }

  it('services by an expression, those without an image left out', async () => {
    const { seen } = await play(
      plain('a', `    services: '\${{ fromJSON(''{"db":{"image":"postgres"},"none":{"image":""}}'') }}'\n`),
    );
    expect(firstArgs(seen[0]!.input.args).services.map(({ image }) => image)).toEqual(['postgres']);
  });
});

describe('the job as a whole', () => {
  it('outputs are what the steps said; empty ones and secrets are left out', async () => {
    const outputs =
      "outputs: { number: '${{ steps.d.outputs.number }}', none: '${{ steps.d.outputs.none }}', leak: 'x${{ secrets.S }}' }";
    const played = await play(jobWith('- { id: d, run: drone build }', outputs), {
      secrets: { S: 'sesame' },
      hook: `if (isScript) output('number', '42');`,
    });
    expect(played.result.outputs).toEqual({ number: '42' });
    expect(played.text('warning')).toEqual(["Skip output 'leak' since it may contain secret."]);
    expect(played.text('plain')).toContain("Set output 'number'");
  });

  it('secrets are masked everywhere in the log', async () => {
    const played = await play(jobWith('- { run: "drone build ${{ secrets.S }}", env: { T: "${{ secrets.S }}" } }'), {
      secrets: { S: 'sesame' },
      hook: `if (isScript) say('open sesame', '::notice title=x::sesame');`,
    });
    expect(JSON.stringify([played.lines, played.result.steps, played.result.annotations])).not.toContain('sesame');
    expect(played.text('plain')).toContain('open ***');
  });

  it('its own `if:` is about the jobs that it needs', async () => {
    const workflow = (condition: string) =>
      `on: push\njobs:\n  test: { runs-on: x, steps: [ { run: a } ] }\n  deploy: { needs: test, ${condition} runs-on: x, container: y, steps: [ { run: b } ] }`;
    const needs = { test: { result: 'failure', outputs: {} } } as const;
    expect((await play(workflow(''), { needs })).result).toMatchObject({ conclusion: 'skipped', calls: [], steps: [] });
    expect((await play(workflow('if: always(),'), { needs })).result.conclusion).toBe('success');
    expect((await play(workflow('if: "failure()",'), { needs })).result.conclusion).toBe('success');
    expect((await play(workflow("if: github.ref == 'refs/heads/other',"))).result.conclusion).toBe('skipped');
    expect((await play(workflow(''))).result.conclusion).toBe('success');
  });

  it('a whole `env:` may be an expression, of the job and of a step', async () => {
    const json = (text: string) => `"\${{ fromJSON('{\\"${text}\\":\\"1\\"}') }}"`;
    const { seen } = await play(jobWith(`- { run: a, env: ${json('STEP')} }`, `env: ${json('JOB')}`));
    const { environmentVariables } = seen[1]!.input.args as unknown as { environmentVariables: Record<string, string> };
    expect(environmentVariables).toMatchObject({ JOB: '1', STEP: '1' });
  });

  it('one combination of a matrix is one job', async () => {
    const workflow = plain(
      'a',
      "    strategy: { matrix: { site: [blue, green] } }\n    env: { SITE: '${{ matrix.site }}' }\n",
    );
    const { result, seen } = await play(workflow, { job: (jobs) => jobs[1]! });
    expect(result.name).toBe('deploy (green)');
    expect(JSON.stringify(seen[1]!.input.args)).toContain('"SITE":"green"');
  });

  it('an env of the job that cannot be evaluated ends it before any call', async () => {
    const { seen, result, ...played } = await play(plain('a', "    env: { A: '${{ fromJSON(github.ref) }}' }\n"));
    expect([seen, result.conclusion]).toEqual([[], 'failure']);
    expect(played.text('error')[0]).toMatch(
      /^The template is not valid\. \.github\/workflows\/wf\.yml \(Line: 6, Col: 15\): /,
    );
  });

  it('event.json is there from the first step on, with the given payload in it', async () => {
    const { seen } = await play(plain('a'), {
      event: { payload: { head_commit: { message: 'm' } } },
      hook: `if (isScript) output('e', fs.readFileSync(process.env.GITHUB_EVENT_PATH, 'utf8'));`,
    });
    expect(seen[0]!.env).not.toHaveProperty('GITHUB_EVENT_PATH');
    expect(seen[1]!.env).toHaveProperty('GITHUB_EVENT_PATH');
  });
});
