// The command, whatever its table is.

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Checked, NoBaseline, checkGuards } from './check.ts';
import { type Guard, fits } from './guard.ts';
import { columns, verdictOf } from './show.ts';
import { serveJobs } from './worker.ts';

/** Milliseconds for one test file: one that hangs ends by its own test's limit long before. */
const limit = Number(process.env['AIRLOCK_GUARD_LIMIT_MS'] ?? 120_000);
const copies = 2;

async function check(guards: readonly Guard[], program: string): Promise<number> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
  const line = columns(guards);
  const done: Checked[] = [];
  const began = Date.now();
  const seconds = (): string => `${Math.round((Date.now() - began) / 1000)} s`;
  console.log(`guards: ${guards.length} rules; first their tests, with every rule in its place`);
  try {
    await checkGuards(
      guards,
      { program, copies, limit, signal: stop.signal },
      (tests) => console.log(`guards: ${tests} tests pass, ${seconds()}; now each rule is taken away`),
      (checked) => {
        done.push(checked);
        console.log(line(checked.guard, verdictOf(checked)));
      },
    );
  } catch (error) {
    if (!(error instanceof NoBaseline)) throw error;
    console.error(`guards: a test fails although no rule was taken away: ${error.message}`);
    return 1;
  }
  const noticed = done.filter(({ outcome }) => outcome.kind === 'failed').length;
  if (stop.signal.aborted) console.error(`guards: stopped after ${done.length} of ${guards.length} rules`);
  console.log(`guards: ${done.length} rules, ${noticed} noticed, ${done.length - noticed} not`);
  return noticed === guards.length ? 0 : 1;
}

/** @param module `import.meta.url` of the program. @returns the exit code; undefined: it goes on by itself */
export async function run(table: readonly Guard[], module: string): Promise<number | undefined> {
  if (process.argv[2] === '--worker' && process.send !== undefined) {
    await serveJobs();
    return undefined;
  }
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { list: { type: 'boolean' } } });
  const guards = table.filter((guard) => fits(guard, positionals));
  if (guards.length === 0) {
    console.error(`guards: no rule has all of the words ${positionals.join(' ')}`);
    return 1;
  }
  if (values.list !== true) return check(guards, fileURLToPath(module));
  const line = columns(guards);
  for (const guard of guards) console.log(line(guard, guard.file));
  console.log(`guards: ${guards.length} rules`);
  return 0;
}
