import { describe, expect, it } from 'vitest';
import { createDisplay } from '../../../src/try/display.ts';
import type { JobResult, RunnerLine, StepResult } from '../../../src/try/runner/index.ts';
import { jobWith, play } from './play.ts';

const step = { number: 3, name: 'Run drone build' };
const line = (kind: RunnerLine['kind'], text: string): RunnerLine => ({ kind, text, step });

function show(lines: readonly RunnerLine[], options: { colour?: boolean; debug?: boolean } = {}): string {
  let shown = '';
  const display = createDisplay({ write: (text) => (shown += text), colour: false, ...options });
  for (const each of lines) display.line(each);
  return shown;
}

describe('a job in the terminal', () => {
  it("has its steps' names, and groups with what is inside them further in", () => {
    expect(
      show([
        line('group', 'Run drone build'),
        line('plain', 'shell: sh'),
        line('endgroup', ''),
        line('plain', 'one'),
        line('error', 'no\nmore'),
      ]),
    ).toBe('\nRun drone build\n  ▸ Run drone build\n    shell: sh\n  one\n  Error: no\n  more\n');
  });

  it('a group that is left open ends with the next, or with its step', () => {
    const next: RunnerLine = { ...line('plain', 'b'), step: { number: 4, name: 'Stop containers' } };
    expect(show([line('group', 'a'), line('group', 'b'), line('plain', 'x'), next])).toBe(
      '\nRun drone build\n  ▸ a\n  ▸ b\n    x\n\nStop containers\n  b\n',
    );
  });

  it("errors are red, warnings yellow, and a line's own colours end with it", () => {
    const shown = show(
      [line('error', 'e'), line('warning', 'w'), line('notice', 'n'), line('plain', '\u001b[32mgreen')],
      { colour: true },
    );
    expect(shown).toBe(
      '\n\u001b[1mRun drone build\u001b[0m\n  \u001b[31mError:\u001b[0m e\n  \u001b[33mWarning:\u001b[0m w\n  \u001b[34mNotice:\u001b[0m n\n  \u001b[32mgreen\u001b[0m\n',
    );
  });

  it('without colours there are none left', () => {
    expect(show([line('plain', '\u001b[36;1mdrone build\u001b[0m')])).toBe('\nRun drone build\n  drone build\n');
  });

  it('what could move the cursor or rename the terminal never reaches it', () => {
    const hostile = 'a\u001b[2Jb\u001b]0;title\u0007c\u009b31md\u0000e\u001b[1;31mf\u001b[K\tg\r';
    expect(show([line('plain', hostile)], { colour: true })).toBe(
      '\n\u001b[1mRun drone build\u001b[0m\n  a[2Jb]0;titlec31mde\u001b[1;31mf[K\tg\u001b[0m\n',
    );
  });

  it('debug lines are shown only when they are asked for', () => {
    expect(show([line('debug', 'x')])).toBe('');
    expect(show([line('debug', 'x')], { debug: true })).toBe('\nRun drone build\n  x\n');
  });

  it('ends with the conclusion, outputs, annotations and summary', () => {
    const own: Pick<StepResult, 'id' | 'from' | 'outputs' | 'annotations' | 'summary'> = {
      id: '',
      from: 'runner',
      outputs: {},
      annotations: [],
      summary: '',
    };
    const result: JobResult = {
      name: 'deploy',
      conclusion: 'failure',
      steps: [
        { ...own, number: 1, name: 'Set up job', outcome: 'success', conclusion: 'success' },
        { ...own, number: 2, name: 'build', outcome: 'failure', conclusion: 'success' },
        { ...own, number: 3, name: 'next', outcome: 'skipped', conclusion: 'skipped' },
      ],
      outputs: { number: '42' },
      annotations: [
        { level: 'error', title: 'airlock', message: 'refused' },
        { level: 'notice', message: 'n' },
      ],
      summary: '## Build\n| a |\n',
      calls: [],
    };
    let shown = '';
    createDisplay({ write: (text) => (shown += text), colour: false }).result(result);
    expect(shown).toBe(`
Job deploy: failure
  ✓ Set up job
  ✓ build (failure, but continue-on-error)
  - next

Outputs
  number: 42

Annotations
  Error airlock: refused
  Notice n

Summary
  ## Build
  | a |
`);
  });

  it('a played job reads as on GitHub', async () => {
    let shown = '';
    const display = createDisplay({ write: (text) => (shown += text), colour: false });
    const { result } = await play(
      jobWith('- { id: d, run: drone build }', "outputs: { number: '${{ steps.d.outputs.number }}' }"),
      {
        hook: `if (isScript) { say('building'); output('number', '42'); }`,
        onLine: display.line,
      },
    );
    display.result(result);
    const plain = shown.replaceAll(/'\/.*hook\.js'/g, "'hook.js'").replaceAll(process.execPath, 'node');
    expect(plain).toContain(`
Run drone build
  ▸ Run drone build
    drone build
    shell: sh -e {0}
  ▸ Run 'hook.js'
    shell: node {0}
  building
`);
    expect(plain).toContain('Job deploy: success');
    expect(plain).toContain('Outputs\n  number: 42\n');
  });
});
