// A process of its own for each copy: one vitest that stays, because starting it takes longer than most tests. Jobs come
// and reports go as messages; whoever started the process kills it when a job takes too long.

import { join } from 'node:path';
import type { TestCase, TestModule } from 'vitest/node';
import { createVitest } from 'vitest/node';
import type { Job, Report } from './outcome.ts';

interface Error {
  readonly message: string;
}

/** Milliseconds for a test that does not say how long it may take. */
const patience = 15_000;

const messages = (errors: readonly Error[]): string[] => errors.map(({ message }) => message);

/** Answers jobs for the tree in which this process was started. */
export async function serveJobs(): Promise<void> {
  const root = process.cwd();
  let passed = 0;
  let failed: { name: string; why: string }[] = [];
  let errors: string[] = [];
  /** The file that the last job had changed. */
  let before: string | undefined;

  const reporter = {
    onTestCaseResult(test: TestCase): void {
      const result = test.result();
      if (result.state === 'passed') passed++;
      if (result.state === 'failed')
        failed.push({ name: test.fullName.trim(), why: messages(result.errors)[0] ?? 'it failed' });
    },
    onTestModuleEnd(module: TestModule): void {
      errors.push(...messages(module.errors()));
      for (const suite of module.children.allSuites()) errors.push(...messages(suite.errors()));
    },
    onTestRunEnd(_modules: readonly TestModule[], unhandled: readonly Error[]): void {
      errors.push(...messages(unhandled));
    },
  };
  const vitest = await createVitest('test', {
    root,
    watch: false,
    bail: 1,
    maxWorkers: 1,
    // A rule that is missed by a wait without an end is noticed sooner.
    testTimeout: patience,
    hookTimeout: patience,
    reporters: [reporter],
  });

  async function run({ test, only, changed }: Job): Promise<Report> {
    passed = 0;
    failed = [];
    errors = [];
    // The one before has its rule back meanwhile. What vitest keeps of it would go on failing tests.
    for (const file of [before, changed]) if (file !== undefined) vitest.invalidateFile(join(root, file));
    before = changed;
    if (only === undefined) vitest.resetGlobalTestNamePattern();
    else vitest.setGlobalTestNamePattern(new RegExp(only.replace(/[^\w ]/g, '.')));
    const found = await vitest.globTestSpecifications([test]);
    const files = found.filter(({ moduleId }) => moduleId === join(root, test));
    await vitest.runTestSpecifications(files);
    return { passed, failed, errors };
  }

  process.on('message', (job: Job) => {
    run(job)
      .catch((error: unknown): Report => ({ passed: 0, failed: [], errors: [String(error)] }))
      .then((report) => process.send?.(report))
      .catch(() => process.exit(1));
  });
  process.on('disconnect', () => process.exit());
}
