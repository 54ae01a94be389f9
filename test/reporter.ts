import { writeFileSync } from 'node:fs';
import type { SerializedError } from 'vitest';
import type { Reporter, TestModule } from 'vitest/node';

// Ends a run with one plain line, `N passed, N failed`, that any machine can read without knowing vitest.
// It counts what really ran: a file that does not load, a failed hook and an error outside every test are failures,
// and a run without any test is one too. With AIRLOCK_FORBID_SKIP=1 a skipped test makes the run fail.
// With AIRLOCK_CLOSING_FILE the line is written there as well, so that the caller knows that it was printed.

export interface Counts {
  passed: number;
  failed: number;
  skipped: string[];
}

/** What `count` looks at; a `TestModule` of vitest has this shape. */
export interface ModuleResult {
  errors(): readonly unknown[];
  readonly children: {
    allTests(): Iterable<{ readonly fullName: string; result(): { state: string } }>;
    allSuites(): Iterable<{ errors(): readonly unknown[] }>;
  };
}

export function count(modules: readonly ModuleResult[], unhandled: number): Counts {
  const counts: Counts = { passed: 0, failed: unhandled, skipped: [] };
  for (const module of modules) {
    counts.failed += module.errors().length;
    for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === 'passed') counts.passed += 1;
      else if (state === 'failed') counts.failed += 1;
      else counts.skipped.push(test.fullName);
    }
  }
  return counts;
}

export function closingLine({ passed, failed, skipped }: Counts): string {
  const ran = passed + failed === 0 ? '0 passed, 1 failed' : `${passed} passed, ${failed} failed`;
  return skipped.length > 0 ? `${ran}, ${skipped.length} skipped` : ran;
}

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const counts = count(modules, unhandled.length);
    if (counts.failed > 0 || counts.passed === 0) process.exitCode = 1;
    if (counts.passed + counts.failed === 0) console.error('No test was executed.');
    if (process.env['AIRLOCK_FORBID_SKIP'] === '1' && counts.skipped.length > 0) {
      process.exitCode = 1;
      console.error(`Skipped tests are not allowed here:\n${counts.skipped.map((name) => `  ${name}`).join('\n')}`);
    }
    const line = closingLine(counts);
    const file = process.env['AIRLOCK_CLOSING_FILE'];
    if (file !== undefined && file !== '') writeFileSync(file, `${line}\n`);
    console.log(line);
  }
}
