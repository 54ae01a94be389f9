// Foreign text in a job's summary. GitHub renders it on the run's page: no HTML, link, image, mention, reference or
// column may come out of it, so all of it goes into code, which nothing is read from.

import { plain } from './neutral.ts';

function fence(text: string, least: number): string {
  const runs = [...text.matchAll(/`+/g)].map(([run]) => run.length);
  return '`'.repeat(Math.max(least, ...runs.map((run) => run + 1)));
}

/** One line of code. A pipe would end a table's cell even there, so it is shown as a broken bar. */
export function code(text: string, most = 200): string {
  const shown = plain(text, most).replaceAll('|', '¦').trim();
  if (shown === '') return '–';
  const ticks = fence(shown, 1);
  return `${ticks} ${shown} ${ticks}`;
}

/** A block of code behind a fence that is longer than any in it. */
export function block(lines: readonly string[]): string {
  const text = lines.map((line) => plain(line, 500)).join('\n');
  const ticks = fence(text, 3);
  return `${ticks}text\n${text}\n${ticks}\n`;
}

/** A link to a build with the given words, or the words alone. Only http and https, and no credentials. */
export function link(words: string, address: string): string {
  if (!URL.canParse(address)) return words;
  const url = new URL(address);
  if (!/^https?:$/.test(url.protocol) || url.username + url.password !== '') return words;
  return `[${words}](<${url.href.replace(/[\\`|<>]/g, encodeURIComponent)}>)`;
}
