import { afterEach, describe, expect, it } from 'vitest';
import { closingLine, count, type ModuleResult } from '../reporter.ts';
import { type ProjectCopy, projectCopy } from '../support/project-copy.ts';
import { type Ended, plainEnv, run } from '../support/run.ts';

// The closing line decides whether a change is accepted, so a run that proved nothing must not look like a success.

const lastLine = ({ stdout }: Ended): string => stdout.trimEnd().split('\n').at(-1)!;

function moduleResult(states: readonly string[], errors = 0, suiteErrors = 0): ModuleResult {
  const broken = (length: number): readonly unknown[] => Array.from({ length }, () => new Error('broken'));
  return {
    errors: () => broken(errors),
    children: {
      allTests: () => states.map((state, index) => ({ fullName: `test ${index}`, result: () => ({ state }) })),
      allSuites: () => [{ errors: () => broken(suiteErrors) }],
    },
  };
}

describe('the count', () => {
  it.each([
    [['passed', 'passed', 'failed'], '2 passed, 1 failed'],
    [['passed', 'skipped'], '1 passed, 0 failed, 1 skipped'],
    [['passed', 'pending'], '1 passed, 0 failed, 1 skipped'],
    [[], '0 passed, 1 failed'],
    [['skipped'], '0 passed, 1 failed, 1 skipped'],
  ])('of %j is "%s"', (states, line) => {
    expect(closingLine(count([moduleResult(states)], 0))).toBe(line);
  });

  it('has a failure for a file that does not load, for a failed hook, and for an error outside the tests', () => {
    expect(closingLine(count([moduleResult(['passed'], 1)], 0))).toBe('1 passed, 1 failed');
    expect(closingLine(count([moduleResult(['passed'], 0, 1)], 0))).toBe('1 passed, 1 failed');
    expect(closingLine(count([moduleResult(['passed'])], 1))).toBe('1 passed, 1 failed');
  });
});

describe('a run of the tests', () => {
  let copy: ProjectCopy | undefined;
  afterEach(() => {
    copy?.remove();
    copy = undefined;
  });

  const header = "import { beforeAll, describe, expect, it } from 'vitest';\n";
  // Put together here, so that this file holds no test that is left out.
  const leftOut = `it.${'skip'}('waits', () => {});\n`;

  async function vitest(files: Record<string, string>, env: Record<string, string> = {}): Promise<Ended> {
    copy = projectCopy(files);
    return run('node_modules/.bin/vitest', ['run'], { cwd: copy.path, env: { ...plainEnv(), ...env } });
  }

  it('ends with its count and succeeds when every test passes', async () => {
    const ended = await vitest({ 'test/a.test.ts': `${header}it('a', () => { expect(1).toBe(1); });\n` });
    expect([lastLine(ended), ended.code]).toEqual(['1 passed, 0 failed', 0]);
  });

  it('counts failed tests, files that do not load and failed hooks', async () => {
    const ended = await vitest({
      'test/a.test.ts': `${header}it('a', () => { expect(1).toBe(2); });\nit('b', () => { expect(1).toBe(1); });\n`,
      'test/b.test.ts': "import './absent.ts';\n",
      'test/c.test.ts': `${header}describe('c', () => { beforeAll(() => { throw new Error('no'); }); it('d', () => {}); });\n`,
    });
    expect([lastLine(ended), ended.code]).toEqual(['1 passed, 3 failed, 1 skipped', 1]);
  });

  it('lets a test be left out, but not where that is forbidden', async () => {
    const files = { 'test/a.test.ts': `${header}it('a', () => { expect(1).toBe(1); });\n${leftOut}` };
    const allowed = await vitest(files);
    expect([lastLine(allowed), allowed.code]).toEqual(['1 passed, 0 failed, 1 skipped', 0]);
    copy?.remove();
    const forbidden = await vitest(files, { AIRLOCK_FORBID_SKIP: '1' });
    expect([lastLine(forbidden), forbidden.code]).toEqual(['1 passed, 0 failed, 1 skipped', 1]);
    expect(forbidden.stderr).toContain('Skipped tests are not allowed here:\n  waits\n');
  });
});

describe('npm test', () => {
  let copy: ProjectCopy | undefined;
  afterEach(() => {
    copy?.remove();
    copy = undefined;
  });

  const npmTest = (project: ProjectCopy): Promise<Ended> =>
    run(process.execPath, ['scripts/test.mjs'], { cwd: project.path });

  it('names the stage that failed and closes with a failure when the build fails', async () => {
    copy = projectCopy({ 'src/hook/main.ts': "import './absent.ts';\n" });
    const ended = await npmTest(copy);
    expect([lastLine(ended), ended.code]).toEqual(['0 passed, 1 failed', 1]);
    expect(ended.stdout).toContain('[1/7] setup ok');
    expect(ended.stderr).toContain('[2/7] build FAILED: the build failed, see above');
  });

  it('closes with a failure when the packages cannot be installed', async () => {
    copy = projectCopy({ 'package-lock.json': '{' }, { installed: false });
    const ended = await npmTest(copy);
    expect([lastLine(ended), ended.code]).toEqual(['0 passed, 1 failed', 1]);
    expect(ended.stderr).toMatch(/\[1\/7\] setup FAILED: npm ci ended with exit code \d+/);
  });
});
