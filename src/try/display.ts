// Shows a played job in a terminal as GitHub shows it in the browser: steps, groups, coloured errors, and at the end what
// is left of it.

import type { Annotation, Conclusion, JobResult, RunnerLine } from './runner/index.ts';

export interface DisplayOptions {
  readonly write: (text: string) => void;
  readonly colour: boolean;
  /** Debug lines too, as with GitHub's ACTIONS_STEP_DEBUG. */
  readonly debug?: boolean;
}

export interface Display {
  readonly line: (line: RunnerLine) => void;
  readonly result: (result: JobResult) => void;
}

const codes = { bold: '1', dim: '2', red: '31', green: '32', yellow: '33', blue: '34' } as const;
type Style = keyof typeof codes;

const issues = {
  error: { title: 'Error', style: 'red' },
  warning: { title: 'Warning', style: 'yellow' },
  notice: { title: 'Notice', style: 'blue' },
} as const;

const conclusions: Readonly<Record<Conclusion, { readonly sign: string; readonly style: Style }>> = {
  success: { sign: '✓', style: 'green' },
  failure: { sign: '✗', style: 'red' },
  cancelled: { sign: '◌', style: 'yellow' },
  skipped: { sign: '-', style: 'dim' },
};

const colours = /\u001b\[[0-9;]*m/g;
// Whatever is no colour could move the cursor or retitle the terminal of whoever watches.
const controls = /\u001b(?!\[[0-9;]*m)|[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f]/g;

/** A place for text in the terminal: one style, or none when colours are off. */
function createPainter(colour: boolean) {
  const clean = (text: string) => {
    const safe = text.replaceAll(controls, '');
    return colour ? safe : safe.replaceAll(colours, '');
  };
  // A colour that a line leaves open must not run into the next one.
  const closed = (text: string) => (colour && text.includes('\u001b[') ? `${text}\u001b[0m` : text);
  const paint = (style: Style, text: string) => (colour ? `\u001b[${codes[style]}m${text}\u001b[0m` : text);
  return { clean: (text: string) => closed(clean(text)), paint };
}

export function createDisplay({ write, colour, debug = false }: DisplayOptions): Display {
  const { clean, paint } = createPainter(colour);
  let shownStep = 0;
  let inGroup = false;

  const put = (text: string, depth: number) => {
    const indent = '  '.repeat(depth);
    for (const part of text.split('\n')) write(part === '' ? '\n' : `${indent}${part}\n`);
  };
  const say = (text: string) => put(text, inGroup ? 2 : 1);

  const startStep = ({ step }: RunnerLine) => {
    if (step.number === shownStep) return;
    shownStep = step.number;
    inGroup = false;
    put(`\n${paint('bold', clean(step.name))}`, 0);
  };

  const line = (given: RunnerLine) => {
    const { kind, text } = given;
    if (kind === 'debug' && !debug) return;
    startStep(given);
    switch (kind) {
      case 'group':
        inGroup = false;
        say(`▸ ${clean(text)}`);
        inGroup = true;
        return;
      case 'endgroup':
        inGroup = false;
        return;
      case 'command':
        return say(paint('blue', clean(text)));
      case 'debug':
        return say(paint('dim', clean(text)));
      case 'plain':
        return say(clean(text));
      default:
        return say(`${paint(issues[kind].style, `${issues[kind].title}:`)} ${clean(text)}`);
    }
  };

  const section = (title: string, lines: readonly string[]) => {
    if (lines.length === 0) return;
    put(`\n${paint('bold', title)}`, 0);
    for (const text of lines) put(text, 1);
  };

  const annotationLine = ({ level, title, message }: Annotation) =>
    `${paint(issues[level].style, issues[level].title)} ${clean(title === undefined ? message : `${title}: ${message}`)}`;

  const result = ({ name, conclusion, steps, outputs, annotations, summary }: JobResult) => {
    const { style } = conclusions[conclusion];
    put(`\n${paint('bold', `Job ${clean(name)}:`)} ${paint(style, conclusion)}`, 0);
    for (const step of steps) {
      const { sign, style: stepStyle } = conclusions[step.conclusion];
      const tolerated = step.outcome === step.conclusion ? '' : ` (${step.outcome}, but continue-on-error)`;
      put(`${paint(stepStyle, sign)} ${clean(step.name)}${tolerated}`, 1);
    }
    section(
      'Outputs',
      Object.entries(outputs).map(([key, value]) => clean(`${key}: ${value}`)),
    );
    section('Annotations', annotations.map(annotationLine));
    section('Summary', summary.trim() === '' ? [] : [clean(summary.trimEnd())]);
  };

  return { line, result };
}
