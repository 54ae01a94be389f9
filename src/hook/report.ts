// A result becomes what the job keeps: outputs, summary, annotation, exit code.

import { writeFileSync } from 'node:fs';
import { adviceOn } from './advice.ts';
import { duration } from './duration.ts';
import type { Hook } from './hook.ts';
import { O_APPEND, O_WRONLY, whyNot, withPlain } from './plain-file.ts';
import { random } from './random.ts';
import { type Told, summaryText } from './summary.ts';

/** Exit code 0 only for the verdict `success`. `began`: of the hook, for a result without times. */
export function report({ env, limits, now, printer }: Hook, told: Told, began: number): number {
  const { code, message, outputs, verdict } = told.result;
  /** To a file that the runner made for this step. That it is missing is told but changes no result. */
  const append = (name: string, text: string): void => {
    try {
      withPlain(env[name] ?? '', O_WRONLY | O_APPEND, (file) => writeFileSync(file, text));
    } catch (error) {
      printer.annotation('warning', 'hook-error', `${name} cannot be written: ${whyNot(error)}`);
    }
  };
  // One block for each output, between delimiters that no value can guess.
  const end = random();
  append(
    'GITHUB_OUTPUT',
    Object.entries(outputs)
      .map(([name, value]) => `${name}<<${end}\n${value}\n${end}\n`)
      .join(''),
  );
  append('GITHUB_STEP_SUMMARY', summaryText(told, limits.document));
  const { number, started, finished } = outputs;
  const ran = started && finished ? Number(finished) - Number(started) : (now() - began) / 1000;
  printer.own(`airlock: ${verdict}: ${number ? `build ${number}` : 'no build'}, ${duration(ran)}`);
  if (verdict === 'success' && code === 'ok') return 0;
  const fix = number ? adviceOn(verdict) : 'nothing was started; correct what is named here';
  printer.annotation('error', code, `${message.replace(/\.$/, '')}. To fix: ${fix}.`);
  return 1;
}
