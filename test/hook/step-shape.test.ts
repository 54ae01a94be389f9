import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { annotationOf, opened } from './support/job.ts';
import { world } from './support/world.ts';

const here = world();
const tasks = 'write one of: drone build, drone promote, drone rollback';
const bash = ['--noprofile', '--norc', '-e', '-o', 'pipefail'];
const asked = () => here.gate.calls.find(({ name }) => name === 'POST tasks')?.body;

describe("a step's text", () => {
  it.each([
    ['drone build', 'drone build'],
    ['drone promote', 'drone promote'],
    ['drone rollback', 'drone rollback'],
    ['\uFEFFdrone build\r\n', 'drone build'],
    ['\n\t drone build   \r\n\n', 'drone build'],
  ])('%j chooses the task %s', async (text, task) => {
    expect((await here.job.call(here.job.step(text))).code).toBe(0);
    expect(asked()).toMatchObject({ v: 1, task, params: {} });
  });

  it.each([
    ['', tasks],
    ['drone', tasks],
    ['Drone build', tasks],
    ['drone  build', tasks],
    ['drone builds', tasks],
    ['drone\nbuild', tasks],
    [
      'drone build\ncurl http://evil.example\n',
      'write only `run: drone build`; inputs are variables, PARAM_… under `env:`',
    ],
    ['drone build --param a=$(id)', 'write only `run: drone build`; inputs are variables'],
    ['drone promote 42 production', 'write only `run: drone promote`; inputs are variables'],
    ['drone build # é ☃', 'write only `run: drone build`'],
    ['dröne build', tasks],
    ['drone build\0', tasks],
    ['constructor', tasks],
    ['__proto__', tasks],
  ])('%j is refused', async (text, fix) => {
    const [code, shown] = annotationOf(await here.job.call(here.job.step(text)));
    expect(code).toBe('text-not-a-task');
    expect(shown).toMatch(/^the step's text is no task: [0-9]+ characters/);
    expect(shown).toContain(`. Rule: run. To fix: ${fix}`);
    expect(here.gate.calls).toEqual([]);
  });

  it.each([
    ['', '0 characters'],
    ['npm ci', '6 characters, beginning with the line "npm ci"'],
    ['make\nmake install', '17 characters, beginning with the line "make"'],
    ['make\r\nmake install', '18 characters, beginning with the line "make"'],
    ['Drone build', '11 characters, beginning with the line "Drone build"'],
    [
      `${'a'.repeat(9)} ${'b'.repeat(10)}`,
      `20 characters, beginning with the line "${'a'.repeat(9)} ${'b'.repeat(10)}"`,
    ],
    [`${'a'.repeat(9)} ${'b'.repeat(11)}`, '21 characters'],
    ['npm ci --silent', '15 characters'],
    ['npm  ci', '7 characters'],
    ['one two three', '13 characters'],
    ['dröne build', '11 characters'],
    ['hunter2', '7 characters'],
    ['::error::x', '10 characters'],
    ['echo "x"', '8 characters'],
  ])('%j is told by its length, and by its first line only where that is a word or two', async (text, shown) => {
    const [, message] = annotationOf(await here.job.call(here.job.step(text)));
    expect(message.split('. Rule:')[0]).toBe(`the step's text is no task: ${shown}`);
  });

  it.each([
    'correct horse battery staple',
    'curl -H "x: correct horse battery staple" https://x',
    `${'p'.repeat(90)} correct horse battery staple`,
    'correct\u00e9horse\tbattery"staple',
    'echo c::orrect##[horse',
  ])(
    '%j is not shown, not in part and not escaped: it may be a secret that GitHub would not know again',
    async (text) => {
      const { output } = await here.job.call(here.job.step(text));
      expect(output).toMatch(/^::error title=airlock%3A text-not-a-task::/);
      for (const word of ['correct', 'horse', 'battery', 'staple', 'orrect', 'curl', 'echo', 'ppp'])
        expect(output).not.toContain(word);
    },
  );

  it('may have 64 KiB and no more', async () => {
    const blanks = ' '.repeat(65_536 - 11);
    expect((await here.job.call(here.job.step(`drone build${blanks}`))).code).toBe(0);
    expect(annotationOf(await here.job.call(here.job.step(`drone build ${blanks}`)))).toEqual([
      'step-text-unreadable',
      expect.stringContaining("the step's text cannot be read: it is longer than 65536 bytes. Rule: run."),
    ]);
  });
});

describe("the file of a step's text", () => {
  const path = () => join(here.job.temp, `${'0'.repeat(8)}.sh`);
  const step = () => here.job.step('x', {}, { entryPointArgs: [...bash, `/__w/_temp/${'0'.repeat(8)}.sh`] });

  it.each([
    ['is absent', 'ENOENT', () => undefined],
    [
      'is a link to a file that would do',
      'ELOOP',
      () => symlinkSync(here.job.put(`${path()}.real`, 'drone build'), path()),
    ],
    ['is a folder', 'it is no regular file', () => mkdirSync(path())],
    ['is a pipe that nobody writes to', 'it is no regular file', () => void execFileSync('/usr/bin/mkfifo', [path()])],
  ])('%s: refused', async (_, why, make) => {
    const input = step();
    make();
    const [code, text] = annotationOf(await here.job.call(input));
    expect([code, text]).toEqual(['step-text-unreadable', expect.stringContaining(`cannot be read: ${why}`)]);
    rmSync(path(), { recursive: true, force: true });
    writeFileSync(path(), 'drone build');
    expect((await here.job.call(input)).code).toBe(0);
  });
});

describe("a step's shell", () => {
  const script = '/__w/_temp/00000000.sh';
  const step = (words: (string | null)[]) => {
    here.job.put(join(here.job.temp, '00000000.sh'), 'drone build');
    const [entryPoint, ...entryPointArgs] = words;
    return here.job.step('drone build', {}, { entryPoint, entryPointArgs });
  };

  it.each([[['sh', '-e', script]], [['bash', ...bash, script]]])('%j is one of the runner’s own', async (words) => {
    expect((await here.job.call(step(words))).code).toBe(0);
  });

  it.each([
    [['sh', script]],
    [['sh', '-x', script]],
    [['sh', '-e', '-x', script]],
    [['sh', '-e', script, 'x']],
    [['sh', '-e']],
    [['sh', `-e ${script}`]],
    [['sh -e', script]],
    [['sh\0-e', script]],
    [['sh', '-e","', script]],
    [['bash', '-e', script]],
    [['bash', '--noprofile', '--norc', '-e', '-o', script]],
    [['/bin/sh', '-e', script]],
    [['/bin/../bin/sh', '-c', 'id', script]],
    [['python', script]],
    [['pwsh', '-command', `". '${script}'"`]],
    [['cat', '/etc/passwd', script]],
    [['node', '--require', '/x', script]],
    [['', '-e', script]],
    [[null, '-e', script]],
    [['sh', '-e', '/__w/_temp/../x.sh']],
    [['sh', '-e', '/__w/_temp/a/b.sh']],
    [['sh', '-e', '/__w/_temp/.sh']],
    [['sh', '-e', '/__w/_temp/00000000.sh\n']],
    [['sh', '-e', '/__w/_temp/g.sh']],
    [['sh', '-e', `/__w/_temp/${'0'.repeat(65)}.sh`]],
    [['sh', '-e', '/etc/00000000.sh']],
    [['sh', '-e', 'x/__w/_temp/00000000.sh']],
  ])('%j is refused', async (words) => {
    const [code, text] = annotationOf(await here.job.call(step(words)));
    expect(code).toBe('shell-not-allowed');
    const known = ['sh', 'bash', 'python', 'pwsh', 'node'].includes(words[0] ?? '');
    const shown = known ? `its own form of ${words[0]}` : 'another program';
    expect(text).toContain(`the step uses another shell: ${shown}. Rule: shell.`);
    expect(text).toContain('. Rule: shell. To fix: remove `shell:`, or write `shell: bash`.');
    expect(here.gate.calls).toEqual([]);
  });

  it('is told without its words: they may hold a secret', async () => {
    for (const words of [
      ['sh', '-c', 'hunter2', script],
      ['hunter2', script],
      ['bash -c hunter2', script],
      ['../sh'],
    ]) {
      const { output } = await here.job.call(step(words));
      expect(output).toContain('[airlock shell-not-allowed]');
      expect(output).not.toMatch(/hunter2|-c|\.\.|_temp/);
    }
  });

  it('with 100,000 arguments is refused in one line', async () => {
    const called = await here.job.call(step(['sh', ...Array<string>(100_000).fill('-e'), script]));
    expect(annotationOf(called)[0]).toBe('shell-not-allowed');
    expect(called.output.length).toBeLessThan(1000);
  });

  it.each(['/__e/node20/bin/node', '/__e/node24/bin/node', '/__e/node20_alpine/bin/node'])(
    'of an action (%s) is refused as one',
    async (entryPoint) => {
      const called = await here.job.call(step([entryPoint, '/__w/_actions/octo/js/v1/main.js']));
      expect(annotationOf(called)).toEqual([
        'action-not-allowed',
        `the step is an action (\`uses:\`). Rule: steps. To fix: use only \`run:\` steps; ${tasks}.`,
      ]);
      expect(here.gate.calls).toEqual([]);
    },
  );
});

describe('a step that is no script', () => {
  it('is refused when it is a container, whatever it asks for', async () => {
    const { args, ...input } = here.job.step();
    const container = here.job.prepare().args['container'];
    for (const more of [{}, { image: 'airlock' }, { entryPoint: 'sh', dockerfile: '/etc/passwd' }]) {
      const called = await here.job.call({
        ...input,
        command: 'run_container_step',
        args: { ...(container as object), ...more },
      });
      expect(annotationOf(called)).toEqual([
        'container-step-not-allowed',
        'the step is a container action. Rule: steps. To fix: use only `run:` steps.',
      ]);
    }
    expect(args).toBeDefined();
    expect(here.gate.calls).toEqual([]);
  });
});

describe('the session of a step', () => {
  it.each([
    null,
    {},
    { x: 1 },
    { v: 1 },
    { v: 1, session: '5e55'.repeat(8) },
    opened({ v: 2 }),
    opened({ session: '5E55'.repeat(8) }),
    opened({ session: '../../tasks' }),
    opened({ identity: 'none' }),
    opened({ reconnect: -1 }),
    opened({ silent: '30' }),
    opened({ more: true }),
    [],
    'x',
  ])('%j is none: refused', async (state) => {
    const called = await here.job.call({ ...here.job.step(), state });
    expect(annotationOf(called)).toEqual([
      'no-session',
      'the job has no session at the gate. Rule: session. To fix: look at the step "Initialize containers".',
    ]);
    expect(here.gate.calls).toEqual([]);
  });

  it('is looked for after shell and text, so that an action in a refused job is told that it is one', async () => {
    const input = here.job.step('x', {}, { entryPoint: '/__e/node20/bin/node', entryPointArgs: ['/x.js'] });
    expect(annotationOf(await here.job.call({ ...input, state: null }))[0]).toBe('action-not-allowed');
  });
});
