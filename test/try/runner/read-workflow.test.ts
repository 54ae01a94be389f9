import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readWorkflow, WorkflowError } from '../../../src/try/workflow/index.ts';

const problemsOf = (text: string): string[] => {
  try {
    readWorkflow(text, 'wf.yml');
  } catch (error) {
    if (error instanceof WorkflowError) {
      expect(error.code).toBe('workflow-invalid');
      return error.problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
    }
    throw error;
  }
  return [];
};

const job = (lines: string) => `on: push\njobs:\n  deploy:\n    runs-on: airlock\n    container: airlock\n${lines}`;

describe("a workflow file is read with GitHub's own grammar", () => {
  it('a good file has its name, its path, its events and its jobs', () => {
    const { name, path, events, jobs } = readWorkflow(
      'name: Deploy\non: [push, workflow_dispatch]\njobs: { a: { runs-on: x, steps: [ { run: y } ] }, b: { uses: o/r/.github/workflows/c.yml@main } }',
      'some/folder/deploy.yml',
    );
    expect({ name, path, events }).toEqual({
      name: 'Deploy',
      path: '.github/workflows/deploy.yml',
      events: ['push', 'workflow_dispatch'],
    });
    expect(jobs.map(({ id, calls }) => [id, calls])).toEqual([
      ['a', null],
      ['b', 'o/r/.github/workflows/c.yml@main'],
    ]);
  });

  it('without `name:` the workflow is called by its path, as on GitHub', () => {
    expect(readWorkflow(job('    steps: [ { run: drone build } ]'), 'wf.yml').name).toBe('.github/workflows/wf.yml');
  });

  it('every problem is told at once, each with line and column', () => {
    const text = job(
      '    stepz: []\n    steps:\n      - run: echo ${{ foo.bar }}\n      - name: nothing\n      - run: drone build\n        continue-on-error: [1]\n',
    );
    expect(problemsOf(text)).toEqual([
      "6:5 Unexpected value 'stepz'",
      "8:19 Unrecognized named-value: 'foo'",
      "9:9 There's not enough info to determine what you meant. Add one of these properties: run, shell, uses, with, working-directory",
      '11:28 A sequence was not expected',
    ]);
  });

  it('the message of the error names the file in front of each problem', () => {
    expect(() => readWorkflow(job('    stepz: []\n    steps: [ { run: a } ]'), 'deploy.yml')).toThrow(
      "deploy.yml:6:5: Unexpected value 'stepz'",
    );
  });

  it('a file that is no YAML is refused at the place where it stops being it', () => {
    const [first = ''] = problemsOf('on: push\njobs: {');
    expect(first).toMatch(/^2:9 Flow map in block collection|^2:\d+ /);
  });

  it('an expression in a block scalar is found in its own line', () => {
    const text = job('    steps:\n      - run: |\n          one\n          ${{ nope }}\n');
    expect(problemsOf(text)).toEqual(["9:11 Unrecognized named-value: 'nope'"]);
  });

  it('a function that GitHub does not know, and a status function in the wrong place, are refused', () => {
    expect(problemsOf(job("    steps: [ { run: a, if: exec('x') } ]"))).toEqual(["6:28 Unrecognized function: 'exec'"]);
    expect(problemsOf(job("    steps: [ { run: '${{ always() }}' } ]"))).toEqual([
      "6:22 Unrecognized function: 'always'",
    ]);
  });

  it('a job that needs one that does not exist is refused', () => {
    expect(problemsOf(job('    needs: tests\n    steps: [ { run: a } ]'))).toEqual([
      '3:3 The workflow must contain at least one job with no dependencies.',
    ]);
  });

  it('a file of more than 1 MiB is refused', () => {
    expect(problemsOf(`# ${'x'.repeat(1_048_576)}`)).toEqual(['1:1 the file is larger than 1048576 bytes']);
  });

  it('aliases are resolved, but not without bound', () => {
    const fine = job('    steps:\n      - &step { run: drone build }\n      - *step\n');
    expect(readWorkflow(fine, 'wf.yml').jobs[0]?.steps.map(({ id }) => id)).toEqual(['__run', '__run_2']);
    const levels = Array.from(
      { length: 9 },
      (_, n) =>
        `x${n}: &x${n} [${Array(10)
          .fill(n === 0 ? 'y' : `*x${n - 1}`)
          .join()}]`,
    );
    expect(
      problemsOf(`${levels.join('\n')}\non: *x8\n`).some((problem) => problem.includes('at most 50000 values')),
    ).toBe(true);
  });

  it('steps without id have the names that GitHub gives them', () => {
    const text = job(
      '    steps: [ { run: a }, { id: mine, run: b }, { uses: octo/js@v1 }, { uses: "docker://alpine:3" }, { run: c } ]',
    );
    expect(readWorkflow(text, 'wf.yml').jobs[0]?.steps.map(({ id }) => id)).toEqual([
      '__run',
      'mine',
      '__octo_js',
      '__alpine_3',
      '__run_2',
    ]);
  });

  it('whatever the text is, it is read or refused with a place', () => {
    const word = fc.constantFrom(
      'on',
      'jobs',
      'steps',
      'run',
      'a',
      ': ',
      '- ',
      '\n',
      '  ',
      '{',
      '}',
      '[',
      ']',
      '&a',
      '*a',
      "'",
      '"',
      '|',
      '${{',
      '}}',
      '1',
      '!!x',
      '<<',
      '\t',
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 40 }), (words) => {
        for (const problem of problemsOf(words.join(''))) expect(problem).toMatch(/^\d+:\d+ ./s);
      }),
      { numRuns: 300 },
    );
  });
});

describe('an id token is granted by `permissions:` alone', () => {
  const granted = (workflow: string, ownJob: string) =>
    readWorkflow(`on: push\n${workflow}\njobs: { a: { runs-on: x, ${ownJob} steps: [ { run: y } ] } }`, 'wf.yml')
      .jobs[0]?.idToken;

  for (const [workflow, ownJob, expected] of [
    ['', '', false],
    ['permissions: { id-token: write }', '', true],
    ['', 'permissions: { id-token: write },', true],
    ['permissions: { contents: read }', 'permissions: { id-token: write },', true],
    ['permissions: { id-token: write }', 'permissions: { contents: read },', false],
    ['permissions: { id-token: write }', 'permissions: {},', false],
    ['permissions: { id-token: none }', '', false],
    ['permissions: write-all', '', true],
    ['permissions: read-all', '', false],
    ['permissions: write-all', 'permissions: read-all,', false],
  ] as const) {
    it(`${workflow === '' ? 'nothing' : workflow} at the workflow, ${ownJob === '' ? 'nothing' : ownJob} at the job: ${expected}`, () => {
      expect(granted(workflow, ownJob)).toBe(expected);
    });
  }
});
