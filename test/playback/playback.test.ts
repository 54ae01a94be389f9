// The built command: over the fixtures, over recordings that nobody has seen, and over recordings that were changed.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AnyRecording, cutShort, elsewhere } from '../support/changed-world.ts';
import { type Ended, run } from '../support/run.ts';
import { root } from '../support/tree.ts';
import { recordUnseen } from '../support/unseen.ts';

interface Item {
  kind: string;
  at: number;
  request?: { method: string; path: string };
  response?: { status: number; body?: string; json?: unknown };
}
interface Recording {
  items: Item[];
}

const command = join(root, 'dist/dev/playback.js');
const fixtures = join(root, 'test/fixtures/drone');
const playback = (...args: string[]): Promise<Ended> => run(process.execPath, [command, ...args], { limit: 240_000 });
const lastLine = (text: string): string => text.trimEnd().split('\n').at(-1) ?? '';

let scratch = '';
beforeAll(() => {
  expect(existsSync(command), 'npm test builds it first').toBe(true);
  scratch = mkdtempSync(join(tmpdir(), 'airlock-playback-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Writes a fixture that was changed, under another name. */
function change(folder: string, name: string, fixture: string, how: (recording: Recording) => void): void {
  mkdirSync(join(scratch, folder), { recursive: true });
  const recording = JSON.parse(readFileSync(join(fixtures, `${fixture}.json`), 'utf8')) as Recording;
  how(recording);
  writeFileSync(join(scratch, folder, `${name}.json`), JSON.stringify(recording));
}

/** The first stored log of a recording, asked for once more an hour later, when it is what `later` makes of it. */
function logLater(recording: Recording, later: (entries: object[]) => object[]): void {
  const item = recording.items.find(({ request }) => request?.path.includes('/logs/'));
  const entries = item?.response?.json as object[];
  const response = { status: 200, json: later(entries) };
  recording.items.push({ ...(item as Item), at: 3600, response });
}

const edit = <T>(value: T, from: string, to: string): T => {
  const text = JSON.stringify(value);
  expect(text).toContain(from);
  return JSON.parse(text.replaceAll(from, to)) as T;
};

test('the client plays every recording of a real Drone as the table says', async () => {
  const { code, stdout } = await playback();
  expect(stdout.match(/^.*\n {4}unexpected: .*$/gm)).toBeNull();
  expect(lastLine(stdout)).toBe('playback: 49 recordings, 49 as expected, 0 not');
  expect(stdout).toMatch(/^10-trigger-ok +build +success +ok +build 1 +Drone success +lines 13 +lost 0 +doubled 0 /m);
  expect(stdout).toMatch(/^30-fail +build +failure +build-failed /m);
  expect(stdout).toMatch(/^41-log-flood-200k .* lost 0 +doubled 0 .*\(nobody recorded the end\) {2}as expected$/m);
  expect(stdout).toMatch(/^52-list-empty +read: list of 0 {2}as expected$/m);
  expect(code).toBe(0);
}, 250_000);

test('of a recording that no table knows the verdict is printed and only the general rules are demanded', async () => {
  const folder = join(scratch, 'unseen');
  const count = await recordUnseen(folder);
  change('unseen', 'failed', '30-fail', () => {});
  const { code, stdout } = await playback(folder);
  expect(lastLine(stdout)).toBe(`playback: ${count + 1} recordings, 0 as expected, 0 not`);
  for (const [name, verdict, lines] of [
    ['failed', 'failure', 5],
    ['failure-ignored', 'success', 2],
    ['step-error', 'error', 0],
    ['stages-at-once', 'failure', 31],
    ['steps-at-once', 'failure', 41],
    ['cancels-race', 'cancelled', 2],
    ['killed-by-another', 'failure', 2],
    ['stream-left', 'success', 120],
    ['long-lines', 'success', 4],
    ['server-killed', 'success', 21],
    ['rollback', 'success', 0],
  ] as const)
    expect(stdout).toMatch(new RegExp(`^${name} +build +${verdict} .* lines ${lines} .*  not judged$`, 'm'));
  expect(stdout).not.toMatch(/ lost [1-9]/);
  expect(stdout).not.toMatch(/ doubled [1-9]/);
  expect(code).toBe(0);
}, 250_000);

describe('what must not be is told and fails the run', () => {
  let shown: Ended;
  beforeAll(async () => {
    change('changed', 'false-green', '10-trigger-ok', (recording) => {
      const look = recording.items.find(({ kind }) => kind === 'poll') as unknown as {
        answers: { json: object }[];
        request: Item['request'];
      };
      const last = look.answers.at(-1)?.json ?? {};
      // Drone says success, and later that the build had failed.
      const json = edit(last, '"status":"success"', '"status":"failure"');
      recording.items.push({
        kind: 'exchange',
        at: 3600,
        request: look.request,
        response: { status: 200, json },
      } as Item);
    });
    change('changed', 'nothing-ran', '10-trigger-ok', (recording) => {
      const items = edit(
        recording.items,
        '"status":"success","exit_code":0,"started"',
        '"status":"skipped","exit_code":0,"started"',
      );
      // Of a step that did not run there is neither a stream nor a stored log, and nobody saw it run.
      recording.items = items.filter(({ kind, request }) => kind === 'exchange' && !request?.path.includes('/logs/'));
      const look = items.find(({ kind }) => kind === 'poll') as unknown as { at: number; answers: { at: number }[] };
      recording.items.push({ ...look, answers: look.answers.slice(-1) } as unknown as Item);
    });
    change('changed', 'red', '10-trigger-ok', (recording) => {
      recording.items = edit(recording.items, '"status":"success"', '"status":"failure"');
    });
    change('changed', 'lost', '71-secret', (recording) => {
      logLater(recording, (entries) => [...entries, { pos: entries.length, out: 'a line that came late\n', time: 1 }]);
    });
    change('changed', 'doubled', '71-secret', (recording) => {
      logLater(recording, (entries) => entries.filter((_, index) => index !== 1));
    });
    change('changed', 'truncated', '71-secret', (recording) => {
      logLater(recording, (entries) => entries.slice(2));
    });
    mkdirSync(join(scratch, 'changed'), { recursive: true });
    writeFileSync(join(scratch, 'changed', 'unreadable.json'), '{"items":');
    shown = await playback(join(scratch, 'changed'));
  }, 250_000);

  test('a success of a build that did not end with it', () => {
    expect(shown.stdout).toMatch(/^false-green +build +success +ok .* {2}not as expected$/m);
    expect(shown.stdout).toContain("    unexpected: a false green: Drone's build ended with failure\n");
  });

  test('no success is printed for a build that failed, nor for one of which not one step ran', () => {
    expect(shown.stdout).toMatch(/^red +build +failure +build-failed .* {2}not judged$/m);
    expect(shown.stdout).toMatch(/^nothing-ran +build +nothing-ran +nothing-ran .* {2}not judged$/m);
  });

  test('a stored line that was not printed, one that came too often, a beginning that nobody said is missing', () => {
    expect(shown.stdout).toMatch(/^lost +build .* lost 1 +doubled 0 .* {2}not as expected$/m);
    expect(shown.stdout).toMatch(/^ {4}unexpected: 1 stored lines of \S+ were not printed$/m);
    expect(shown.stdout).toMatch(/^doubled +build .* lost 0 +doubled 1 .* {2}not as expected$/m);
    expect(shown.stdout).toMatch(/^truncated +build .* {2}not as expected$/m);
    expect(shown.stdout).toMatch(/^ {4}unexpected: nothing says that Drone dropped the first 2 entries of \S+$/m);
  });

  test('a recording that cannot be played, beside others that can', () => {
    expect(shown.stdout).toMatch(/^unreadable +not played {2}not as expected$/m);
    expect(shown.stdout).toContain('    unexpected: it cannot be played: it is not JSON\n');
    expect(lastLine(shown.stdout)).toBe('playback: 7 recordings, 0 as expected, 5 not');
    expect(shown.code).toBe(1);
  });
});

test('nothing to play, and a folder that is not there', async () => {
  mkdirSync(join(scratch, 'empty'));
  const empty = await playback(join(scratch, 'empty'));
  expect(lastLine(empty.stdout)).toBe('playback: 0 recordings, 0 as expected, 0 not');
  expect(empty.stderr).toMatch(/^drone:playback: \S+ holds no recording: none of its files is called \*\.json\n$/);
  expect(empty.code).toBe(1);
  change('one', 'whole', '10-trigger-ok', () => {});
  const absent = await playback(join(scratch, 'absent'), join(scratch, 'one'));
  expect(absent.stderr).toMatch(/^drone:playback: there is no folder \S+\n$/);
  expect(lastLine(absent.stdout)).toBe('playback: 1 recordings, 0 as expected, 0 not');
  expect(absent.code).toBe(1);
}, 250_000);

describe('a recording is played by what it shows', () => {
  /** Every fixture, changed, under a name that tells nothing; with the name that it has. */
  function world(folder: string, how: (recording: AnyRecording) => AnyRecording): string {
    mkdirSync(join(scratch, folder), { recursive: true });
    for (const name of readdirSync(fixtures)) {
      const recording = JSON.parse(readFileSync(join(fixtures, name), 'utf8')) as AnyRecording;
      writeFileSync(join(scratch, folder, `recording-${name.slice(0, 2)}.json`), JSON.stringify(how(recording)));
    }
    return join(scratch, folder);
  }

  test('not by its name, nor by the names, numbers, ids and times in it', async () => {
    const { code, stdout } = await playback(world('elsewhere', elsewhere));
    expect(stdout.match(/^.*\n {4}unexpected: .*$/gm)).toBeNull();
    expect(lastLine(stdout)).toBe('playback: 49 recordings, 0 as expected, 0 not');
    for (const [number, verdict, build, lines] of [
      ['10', 'success', 1001, 13],
      ['18', 'success', 1010, 16],
      ['28', 'nothing-ran', 1027, 0],
      ['30', 'failure', 1023, 5],
      ['36', 'cancelled', 1001, 12],
      ['59', 'success', 1002, 41],
      ['62', 'cancel-lost', 1001, 48],
    ] as const)
      expect(stdout).toMatch(
        new RegExp(`^recording-${number} +build +${verdict} .* build ${build} +Drone \\S+ +lines ${lines} `, 'm'),
      );
    expect(stdout).not.toMatch(/ (lost|doubled) [1-9]/);
    expect(code).toBe(0);
  }, 250_000);

  test('where its recorder left, no success is made up', async () => {
    const { code, stdout } = await playback(world('short', (recording) => cutShort(recording, 0.5)));
    expect(stdout.match(/^.*\n {4}unexpected: .*$/gm)).toBeNull();
    expect(stdout).toMatch(
      /^recording-30 +build +never-started .* Drone pending .*\(the recording ends before the build\)/m,
    );
    expect(lastLine(stdout)).toBe('playback: 49 recordings, 0 as expected, 0 not');
    expect(code).toBe(0);
  }, 250_000);
});
