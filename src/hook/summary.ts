// The job's summary: what ran, how it ended, and the last lines of what failed.

import { duration } from './duration.ts';
import { block, code, link } from './markdown.ts';
import type { Tails } from './tails.ts';
import { timeOf } from './view.ts';
import type { ResultEvent, Stage } from './words.ts';

export interface Told {
  readonly task: string;
  readonly result: ResultEvent;
  readonly stages: readonly Stage[];
  readonly tails: Tails;
}

/** Whole rows up to a number of bytes. */
function tableOf(stages: readonly Stage[], most: number): string {
  const rows = stages.flatMap((stage) =>
    [{ ...stage, name: '' }, ...stage.steps].map(
      (part) => `| ${code(stage.name)} | ${code(part.name)} | ${code(part.status)} | ${timeOf(part)} |\n`,
    ),
  );
  let text = '\n| Stage | Step | Status | Time |\n|---|---|---|---|\n';
  for (const [at, row] of rows.entries()) {
    if (Buffer.byteLength(text + row) > most) return `${text}\n${rows.length - at} more rows\n`;
    text += row;
  }
  return rows.length === 0 ? '' : text;
}

/** The first failed step of which lines were received, told from its end when it is too long. */
function tailOf({ stages, tails }: Told, most: number): string {
  for (const stage of stages)
    for (const { name, status } of stage.steps) {
      const lines = [...tails.of(`${stage.name}/${name}`)];
      if (lines.length === 0 || !['failure', 'error', 'killed'].includes(status)) continue;
      while (lines.length > 1 && Buffer.byteLength(block(lines)) > most) lines.shift();
      return `\nLast lines of ${code(`${stage.name}/${name}`)}:\n\n${block(lines)}`;
    }
  return '';
}

/** Markdown of at most `most` bytes. */
export function summaryText(told: Told, most: number): string {
  const { task, result, stages } = told;
  const { number, url, commit, started, finished } = result.outputs;
  const facts = [number === '' ? 'no build' : link(`build ${number}`, url)];
  if (commit !== '') facts.push(`commit ${code(commit.slice(0, 12))}`);
  if (started !== '' && finished !== '') facts.push(duration(Number(finished) - Number(started)));
  const why = result.verdict === 'success' ? '' : `\n${code(result.message, 2000)}\n`;
  const head = `### airlock: ${task}: ${result.verdict}\n\n${facts.join(' · ')}\n${why}`;
  const tail = tailOf(told, most / 2);
  return head + tableOf(stages, most - Buffer.byteLength(head + tail) - 100) + tail;
}
