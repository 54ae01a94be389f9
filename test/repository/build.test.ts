import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Artifact, artifacts, problems } from '../../scripts/artifacts.mjs';
import { type ProjectCopy, projectCopy, smallestEntries } from '../support/project-copy.ts';
import { type Ended, run } from '../support/run.ts';

const artifact = (name: string): Artifact => artifacts.find((one) => one.name === name)!;

describe('the limits of the artifacts', () => {
  it('let the hook have 64,000 bytes and the cell 120,000, and not one more', () => {
    for (const [name, limit] of [
      ['hook', 64_000],
      ['cell', 120_000],
    ] as const) {
      expect(problems(artifact(name), 'x'.repeat(limit), [])).toEqual([]);
      expect(problems(artifact(name), 'x'.repeat(limit + 1), [])).toEqual([
        `${name}: ${limit + 1} bytes, the limit is ${limit}`,
      ]);
    }
  });

  it('count bytes, not characters', () => {
    expect(problems(artifact('hook'), 'é'.repeat(32_001), [])).toEqual(['hook: 64002 bytes, the limit is 64000']);
  });

  it.each(['$$', '$('])('refuse a cell that holds %s, and say where it comes from', (text) => {
    const script = `// src/cell/a.ts\nvar a = 1;\n// src/cell/b.ts\nvar b = "x${text}y";\n`;
    expect(problems(artifact('cell'), script, [])).toEqual([
      `cell: holds "${text}", which the kubelet rewrites in arguments; line 4, from src/cell/b.ts: var b = "x${text}y";`,
    ]);
    expect(problems(artifact('hook'), script, [])).toEqual([]);
  });

  it.each(['${a}', '$ (', '$', 'a$b', '$)'])('let the cell hold %s', (text) => {
    expect(problems(artifact('cell'), `x${text}`, [])).toEqual([]);
  });

  it('refuse a NUL byte in the cell', () => {
    expect(problems(artifact('cell'), 'a\0b', [])).toEqual(['cell: holds a NUL byte, which no argument can carry']);
  });

  it.each(['hook', 'cell'])('let the %s import builtins by their node: names only', (name) => {
    expect(problems(artifact(name), '', ['node:http', 'node:fs/promises'])).toEqual([]);
    for (const external of ['http', 'valibot', 'node:nothing', './a.js']) {
      expect(problems(artifact(name), '', [external])).toEqual([
        `${name}: imports "${external}" at run time; only node: builtins may stay outside`,
      ]);
    }
  });

  it('let the cli import its dependencies', () => {
    expect(problems(artifact('cli'), '', ['commander', 'node:fs'])).toEqual([]);
  });
});

describe('the build', () => {
  let copy: ProjectCopy | undefined;
  afterEach(() => {
    copy?.remove();
    copy = undefined;
  });
  const build = (project: ProjectCopy, ...args: string[]): Promise<Ended> =>
    run(process.execPath, ['scripts/build.mjs', ...args], { cwd: project.path });
  const built = (project: ProjectCopy, out: string): string => join(project.path, 'dist', out);

  it('makes each artifact and tells its size', async () => {
    copy = projectCopy(smallestEntries);
    const { code, stdout, stderr } = await build(copy);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.match(/^build: dist\/\S+ +[\d,]+ bytes/gm)).toHaveLength(artifacts.length);
    expect(stdout).toMatch(/^build: dist\/hook\/index\.js +\d+ bytes of at most 64,000$/m);
    expect(JSON.parse(readFileSync(built(copy, 'hook/package.json'), 'utf8'))).toEqual({ type: 'commonjs' });
    expect(readFileSync(built(copy, 'cli.js'), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
    expect(statSync(built(copy, 'cli.js')).mode & 0o111).toBe(0o111);
  });

  it('names the entries that do not exist, makes the others, and fails', async () => {
    copy = projectCopy({ 'src/hook/main.ts': smallestEntries['src/hook/main.ts']! });
    const { code, stderr } = await build(copy);
    expect(code).toBe(1);
    expect(stderr).toContain('build: cell: its entry src/cell/main.ts does not exist');
    expect(stderr).not.toContain('hook');
    expect(existsSync(built(copy, 'hook/index.js'))).toBe(true);
  });

  it('leaves them out when it is told to be partial', async () => {
    copy = projectCopy({ 'src/hook/main.ts': smallestEntries['src/hook/main.ts']! });
    const { code, stdout } = await build(copy, '--partial');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^build: dist\/cell\.js +left out, src\/cell\/main\.ts does not exist$/m);
  });

  it('writes no cell that the kubelet would rewrite, and names the source', async () => {
    copy = projectCopy({
      ...smallestEntries,
      'src/cell/main.ts': "import { price } from './price.ts';\n\nprocess.stdout.write(price);\n",
      'src/cell/price.ts': "export const price = process.argv.length > 9 ? '5 $$' : '5 $';\n",
    });
    const { code, stderr } = await build(copy);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^build: cell: holds "\$\$", .* from src\/cell\/price\.ts: /m);
    expect(existsSync(built(copy, 'cell.js'))).toBe(false);
  });

  // package.json says that no module acts by being loaded: without that, every schema behind an index.ts would weigh on
  // the hook, since a bundler cannot know that making one has no effect.
  it('leaves out what is not used, and refuses an import that would only act', async () => {
    const files = {
      ...smallestEntries,
      'src/protocol/index.ts': "export * from './a.ts';\nexport * from './b.ts';\n",
      'src/protocol/a.ts': "export const a = String('used');\n",
      'src/protocol/b.ts': "export const b = String('not used');\n",
      'src/hook/main.ts': "import { a } from '../protocol/index.ts';\n\nprocess.stdout.write(a);\n",
    };
    copy = projectCopy(files);
    expect((await build(copy)).code).toBe(0);
    expect(readFileSync(built(copy, 'hook/index.js'), 'utf8')).not.toContain('not used');
    copy.remove();

    copy = projectCopy({ ...files, 'src/hook/main.ts': "import '../protocol/b.ts';\n" });
    const { code, stderr } = await build(copy);
    expect(code).toBe(1);
    expect(stderr).toContain('Ignoring this import because "src/protocol/b.ts" was marked as having no side effects');
  });

  it('says what does not resolve', async () => {
    copy = projectCopy({ ...smallestEntries, 'src/hook/main.ts': "import './absent.ts';\n" });
    const { code, stderr } = await build(copy);
    expect(code).toBe(1);
    expect(stderr).toContain('Could not resolve "./absent.ts"');
    expect(existsSync(built(copy, 'hook/index.js'))).toBe(false);
  });
});

describe('a command', () => {
  let copy: ProjectCopy | undefined;
  afterEach(() => {
    copy?.remove();
    copy = undefined;
  });
  const command = (project: ProjectCopy, name: string, ...args: string[]): Promise<Ended> =>
    run(process.execPath, [`scripts/${name}.mjs`, ...args], { cwd: project.path });

  it('builds the first time, and then only when a source has changed', async () => {
    copy = projectCopy(smallestEntries);
    const first = await command(copy, 'replay', 'a', '--b');
    expect(first.stdout).toContain('build: dist/hook/index.js');
    expect(first.stdout).toMatch(/replay a --b$/);
    expect((await command(copy, 'replay', 'c')).stdout).toBe('replay c');
  });

  it('ends as its program ends', async () => {
    copy = projectCopy(smallestEntries);
    expect((await command(copy, 'guards')).code).toBe(7);
  });

  it('does not start its program when the build fails', async () => {
    copy = projectCopy({ ...smallestEntries, 'src/cli/main.ts': 'const = 1;\n' });
    const { code, stdout, stderr } = await command(copy, 'demo');
    expect(code).toBe(1);
    expect(stdout).not.toMatch(/demo$/);
    expect(stderr).toMatch(/setup: the build failed, see above\n$/);
  });
});
