import { expect, it } from 'vitest';
import { jobWith, play } from './play.ts';

// Each expression is a variable of one step, so its value is seen as the runner sends it.
const cases: readonly (readonly [expression: string, value: string])[] = [
  ["contains('Hello World', 'WORLD')", 'true'],
  ['contains(fromJSON(\'["push","x"]\'), github.event_name)', 'true'],
  ["startsWith(github.ref, 'refs/HEADS/')", 'true'],
  ["endsWith(github.repository, '/widgets')", 'true'],
  ["format('{0}-{1}-{{x}}', 'a', 2)", 'a-2-{x}'],
  ["join(fromJSON('[1,2,3]'), ', ')", '1, 2, 3'],
  ['toJSON(fromJSON(\'{"a":[1,true,null]}\'))', '{\n  "a": [\n    1,\n    true,\n    null\n  ]\n}'],
  ["hashFiles('**/*')", ''],
  ["'it''s' && 'a ''b'' c'", "a 'b' c"],
  ['1 == 1.0 && true', 'true'],
  ["'ABC' == 'abc'", 'true'],
  ["'' || null || 'last'", 'last'],
  ['!github.event.missing', 'true'],
  ['10 > 9', 'true'],
  ['0.1', '0.1'],
  ['null', ''],
  ['github.event.repository.visibility', 'public'],
  ['github.event.repository.id', '1'],
  ['github.workflow_ref', 'octo/widgets/.github/workflows/wf.yml@refs/heads/main'],
  ['github.ref_protected', 'false'],
  ['github.token', 'ghs_played'],
  ['secrets.GITHUB_TOKEN', 'ghs_played'],
  ['secrets.DEPLOY', 's3cret'],
  ['secrets.NONE', ''],
  ['vars.SITE', 'blue'],
  ['matrix.env', 'staging'],
  ['strategy.job-total', '2'],
  ['job.status', 'success'],
  ['job.container.id', 'c'],
  ['job.container.network', 'n'],
  ['runner.os', 'Linux'],
  ['steps.first.outputs.a', 'one'],
  ['steps.first.conclusion', 'success'],
  ['join(steps.first.outputs.*)', 'one,two'],
  ['needs.test.result', 'success'],
  ['needs.test.outputs.image', 'registry/x:1'],
];

it('an expression means what it means on GitHub', async () => {
  const env = cases.map(([expression], index) => `    V${index}: ${JSON.stringify(`\${{ ${expression} }}`)}`);
  const { seen } = await play(
    jobWith(
      `- { id: first, run: a }\n- run: b\n  env:\n${env.join('\n')}`,
      'needs: test\nstrategy: { matrix: { env: [staging, prod] } }',
    ).replace('jobs:', 'jobs:\n  test: { runs-on: x, steps: [ { run: a } ] }'),
    {
      jobName: 'deploy',
      secrets: { GITHUB_TOKEN: 'ghs_played', DEPLOY: 's3cret' },
      vars: { SITE: 'blue' },
      needs: { test: { result: 'success', outputs: { image: 'registry/x:1' } } },
      hook: `if (process.env.GITHUB_ACTION === 'first' && isScript) { output('a', 'one'); output('b', 'two'); }`,
    },
  );
  const { environmentVariables } = seen[2]!.input.args as unknown as { environmentVariables: Record<string, string> };
  const expected = cases.map(([expression, value], index) => [`V${index}`, expression, value]);
  expect(expected.map(([name, expression]) => [name, expression, environmentVariables[name!]])).toEqual(expected);
});

it('a dispatch has typed inputs, with the defaults of the file', async () => {
  const workflow = `
on:
  workflow_dispatch:
    inputs:
      site: { type: choice, options: [a, b], default: a }
      dry: { type: boolean, default: true }
      note: { type: string }
jobs: { d: { runs-on: x, container: y, steps: [ { run: a, if: inputs.dry == false, env: { I: "\${{ toJSON(inputs) }}", E: "\${{ github.event.inputs.dry }}" } } ] } }`;
  const { seen } = await play(workflow, { event: { name: 'workflow_dispatch', inputs: { dry: 'false', note: 'n' } } });
  const { environmentVariables } = seen[1]!.input.args as unknown as { environmentVariables: Record<string, string> };
  expect(JSON.parse(environmentVariables['I']!)).toEqual({ site: 'a', dry: false, note: 'n' });
  expect(environmentVariables['E']).toBe('false');
});
