// Where prepare_job answers. The path is the runner's word, and a controlled runner could name any file of its user.

import { lstatSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { quote } from '../protocol/quote.ts';
import { O_WRONLY, whyNot, withPlain } from './plain-file.ts';
import { refuse } from './refuse.ts';

/** Looks at the response file, still empty, and writes to it. @throws {Refusal} `response-file-not-accepted` */
export function respond(path: string, temp: string, text: string): void {
  const folder = join(temp, '_runner_hook_responses');
  try {
    if (path !== join(folder, basename(path)) || !lstatSync(folder).isDirectory()) throw new Error('it lies elsewhere');
    withPlain(path, O_WRONLY, (file, { nlink, size }) => {
      if (size > 0 || nlink > 1) throw new Error('it is not empty, or a link');
      writeFileSync(file, text);
    });
  } catch (error) {
    const message = `the response file ${quote(path, 200)} is not used: ${whyNot(error)}`;
    const rule = 'an empty file in RUNNER_TEMP/_runner_hook_responses';
    refuse('response-file-not-accepted', message, rule, 'let only the runner call the hook');
  }
}
