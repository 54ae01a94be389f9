import { describe, expect, it } from 'vitest';
import { fromJson, readWorkflow, selectJobs, WorkflowError } from '../../../src/try/workflow/index.ts';

const steps = 'steps: [ { run: drone build } ]';
const select = (jobs: string, name?: string, contexts?: Parameters<typeof selectJobs>[2]) =>
  selectJobs(readWorkflow(`on: push\njobs:\n${jobs}`, 'wf.yml'), name, contexts);

function refusal(action: () => unknown): [string, string] {
  try {
    action();
  } catch (error) {
    if (error instanceof WorkflowError) return [error.code, error.message];
    throw error;
  }
  throw new Error('nothing was refused');
}

const two = `  test: { runs-on: x, ${steps} }\n  deploy: { runs-on: x, container: airlock, ${steps} }`;

describe('which job is played', () => {
  it('the only job with a container', () => {
    expect(select(two).map(({ id }) => id)).toEqual(['deploy']);
  });

  it('the only job, when none has a container', () => {
    expect(select(`  test: { runs-on: x, ${steps} }`).map(({ id }) => id)).toEqual(['test']);
  });

  it('the one that is named', () => {
    expect(select(two, 'test').map(({ id }) => id)).toEqual(['test']);
  });

  it('several that fit: it has to be said which', () => {
    expect(
      refusal(() => select(`  a: { runs-on: x, container: y, ${steps} }\n  b: { runs-on: x, container: y, ${steps} }`)),
    ).toEqual(['job-ambiguous', 'wf.yml has several jobs; say which one with --job: a, b']);
  });

  it('one that does not exist: the message lists those that do', () => {
    expect(refusal(() => select(two, 'build'))).toEqual([
      'job-unknown',
      'wf.yml has no job build; it has: test, deploy',
    ]);
  });

  it('a job that calls another workflow has no steps to play', () => {
    expect(refusal(() => select('  a: { uses: o/r/.github/workflows/b.yml@v1 }'))).toEqual([
      'job-not-playable',
      'the job a calls the workflow o/r/.github/workflows/b.yml@v1; play a file whose job has steps of its own',
    ]);
  });
});

describe('a matrix makes one job of each combination', () => {
  const matrix = (text: string, extra = '', contexts?: Parameters<typeof selectJobs>[2]) =>
    select(`  a: { runs-on: x, container: y, ${extra} strategy: { matrix: ${text} }, ${steps} }`, undefined, contexts);
  const names = (text: string) => matrix(text).map(({ displayName }) => displayName);

  it('the first key changes slowest', () => {
    expect(names('{ env: [staging, prod], n: [1, 2] }')).toEqual([
      'a (staging, 1)',
      'a (staging, 2)',
      'a (prod, 1)',
      'a (prod, 2)',
    ]);
  });

  it('`exclude` takes away what it matches, by a part of the keys too', () => {
    expect(names('{ env: [staging, prod], n: [1, 2], exclude: [ { env: prod, n: 2 } ] }')).toEqual([
      'a (staging, 1)',
      'a (staging, 2)',
      'a (prod, 1)',
    ]);
    expect(names('{ env: [staging, prod], n: [1, 2], exclude: [ { env: prod } ] }')).toEqual([
      'a (staging, 1)',
      'a (staging, 2)',
    ]);
  });

  it('`include` adds to the combinations whose values it leaves alone, or makes one more', () => {
    const jobs = matrix(
      '{ fruit: [apple, pear], include: [ { colour: green }, { fruit: apple, shape: circle }, { fruit: banana } ] }',
    );
    expect(jobs.map(({ matrix: values }) => Object.fromEntries(values!))).toEqual([
      { fruit: 'apple', colour: 'green', shape: 'circle' },
      { fruit: 'pear', colour: 'green' },
      { fruit: 'banana' },
    ]);
  });

  it('a list of `include` alone is a matrix too', () => {
    expect(names('{ include: [ { site: a }, { site: b } ] }')).toEqual(['a (a)', 'a (b)']);
  });

  it('a name that uses the matrix is shown as it is', () => {
    expect(matrix('{ env: [staging] }', "name: 'to ${{ matrix.env }}',").map(({ displayName }) => displayName)).toEqual(
      ['to staging'],
    );
  });

  it('a matrix may come from a needed job', () => {
    const needs = fromJson({ plan: { result: 'success', outputs: { list: '["x","y"]' } } });
    const text = "{ env: '${{ fromJSON(needs.plan.outputs.list) }}' }";
    expect(matrix(text, '', { needs }).map(({ displayName }) => displayName)).toEqual(['a (x)', 'a (y)']);
    expect(refusal(() => matrix(text))[0]).toBe('job-not-playable');
  });

  it('more than 256 jobs are refused before they are made', () => {
    const list = `[${Array.from({ length: 40 }, (_, n) => n).join()}]`;
    expect(refusal(() => matrix(`{ a: ${list}, b: ${list}, c: ${list}, d: ${list} }`))).toEqual([
      'job-not-playable',
      'the matrix or name of the job a: the matrix makes more than 256 jobs',
    ]);
  });
});
