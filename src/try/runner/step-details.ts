// The folded block that opens a step's log: what is run, and with which environment.

import type { StepLog } from './step-log.ts';

/** The first line that is not blank. */
export const firstLine = (text: string) => text.replace(/^[ \t\r\n]+/, '').split(/[\r\n]/)[0] ?? '';

export function showDetails(
  log: StepLog,
  title: string,
  lines: readonly string[],
  env: ReadonlyMap<string, string>,
): void {
  log.group(title);
  for (const line of lines) log.plain(line);
  if (env.size > 0) log.plain('env:');
  for (const [name, value] of env) log.plain(`  ${name}: ${value}`);
  log.endGroup();
}
