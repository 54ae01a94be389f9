// A step's text chooses a task by being its name, and is never executed (DESIGN.md, The workflow's side). Nor is it
// shown: expressions are expanded already, so it may hold a secret, and GitHub masks a secret only where it stands whole
// and unchanged. That rules out what is cut, escaped or joined.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunScriptStep } from '../protocol/hook-input.ts';
import { type TaskName, taskNames } from '../protocol/request.ts';
import { O_RDONLY, whyNot, withPlain } from './plain-file.ts';
import { refuse } from './refuse.ts';

const tasks = `write one of: ${taskNames.join(', ')}`;
/** The two forms that the runner has by itself (contract/README.md, What arrives), and a file that it named. */
const shell =
  /^\["(?:sh","-e|bash","--noprofile","--norc","-e","-o","pipefail)","\/__w\/_temp\/([0-9A-Fa-f-]{1,64}\.sh)"\]$/;
/** The names of GitHub's documentation, and what `shell:` is often. */
const programs = ['sh', 'bash', 'pwsh', 'powershell', 'cmd', 'python', 'node'];

/** The name of the script's file. @throws {Refusal} `action-not-allowed`, `shell-not-allowed` */
function scriptOf({ entryPoint, entryPointArgs }: RunScriptStep['args']): string {
  const words = [entryPoint, ...entryPointArgs];
  // As JSON, so that no words run together.
  const name = shell.exec(JSON.stringify(words))?.[1];
  if (name !== undefined) return name;
  if (/^\/__e\/node[^/]*\/bin\/node$/.test(entryPoint ?? ''))
    refuse('action-not-allowed', 'the step is an action (`uses:`)', 'steps', `use only \`run:\` steps; ${tasks}`);
  const form = programs.includes(entryPoint ?? '') ? `its own form of ${entryPoint}` : 'another program';
  const message = `the step uses another shell: ${form}`;
  return refuse('shell-not-allowed', message, 'shell', 'remove `shell:`, or write `shell: bash`');
}

/** What may be told of a text: its length, and its first line where that is one or two short words. */
function sketchOf(text: string): string {
  const begins = /^(?=.{1,20}$)[A-Za-z]+(?: [A-Za-z]+)?$/.exec(text.split(/[\r\n]/, 1)[0] ?? '');
  return `${text.length} characters${begins ? `, beginning with the line "${begins[0]}"` : ''}`;
}

/** @throws {Refusal} `action-not-allowed`, `shell-not-allowed`, `step-text-unreadable`, `text-not-a-task` */
export function taskOf(args: RunScriptStep['args'], temp: string, most: number): TaskName {
  const path = join(temp, scriptOf(args));
  let text = '';
  try {
    text = withPlain(path, O_RDONLY, (file, { size }) => {
      if (size > most) throw new Error(`it is longer than ${most} bytes`);
      // Takes a BOM, blanks and line breaks of every kind away, in linear time.
      return readFileSync(file, 'utf8').trim();
    });
  } catch (error) {
    refuse('step-text-unreadable', `the step's text cannot be read: ${whyNot(error)}`, 'run', tasks);
  }
  const task = taskNames.find((name) => name === text);
  if (task !== undefined) return task;
  const begun = taskNames.find((name) => text.startsWith(name) && /\s/.test(text.charAt(name.length)));
  const fix =
    begun === undefined ? tasks : `write only \`run: ${begun}\`; inputs are variables, PARAM_… under \`env:\``;
  return refuse('text-not-a-task', `the step's text is no task: ${sketchOf(text)}`, 'run', fix);
}
