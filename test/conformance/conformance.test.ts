// The built command: over the fixtures, over recordings that nobody has seen, and over recordings that were changed.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ended, run } from '../support/run.ts';
import { root } from '../support/tree.ts';
import { type AnyRecording, cutShort, elsewhere, headless, without } from '../support/changed-world.ts';
import { recordUnseen } from '../support/unseen.ts';

const command = join(root, 'dist/dev/conformance.js');
const fixtures = join(root, 'test/fixtures/drone');
const conformance = (...folders: string[]): Promise<Ended> =>
  run(process.execPath, [command, ...folders], { limit: 240_000 });
const lastLine = (text: string): string => text.trimEnd().split('\n').at(-1) ?? '';

let scratch = '';
beforeAll(() => {
  expect(existsSync(command), 'npm test builds it first').toBe(true);
  scratch = mkdtempSync(join(tmpdir(), 'airlock-conformance-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** A folder with a fixture whose text was changed. */
function changed(name: string, change: (text: string) => string): string {
  const folder = join(scratch, `changed-${name}`);
  mkdirSync(folder, { recursive: true });
  const text = readFileSync(join(fixtures, `${name}.json`), 'utf8');
  const other = change(text);
  expect(other).not.toBe(text);
  writeFileSync(join(folder, `${name}.json`), other);
  return folder;
}

test('the simulated Drone answers as every recording of the real one, but for the differences that are known', async () => {
  const { code, stdout } = await conformance();
  expect(lastLine(stdout)).toBe('conformance: 49 recordings, 350 exchanges, 0 differences');
  expect(stdout).toContain('\nknown differences: 6 met, for 3 reasons\n');
  expect(stdout.match(/^\S+ +exchanges /gm)).toHaveLength(49);
  expect(code).toBe(0);
}, 250_000);

test('recordings of what no fixture shows are played too', async () => {
  const folder = join(scratch, 'unseen');
  const count = await recordUnseen(folder);
  const { code, stdout } = await conformance(folder);
  expect(lastLine(stdout)).toMatch(new RegExp(`^conformance: ${count} recordings, \\d+ exchanges, 0 differences$`));
  expect(code).toBe(0);
}, 250_000);

/** Every fixture, changed, under a name that tells nothing. */
function world(name: string, change: (recording: AnyRecording) => AnyRecording, only = ''): string {
  const folder = join(scratch, name);
  mkdirSync(folder, { recursive: true });
  const files = readdirSync(fixtures).filter((file) => file.startsWith(only));
  for (const [nth, file] of files.entries()) {
    const recording = JSON.parse(readFileSync(join(fixtures, file), 'utf8')) as AnyRecording;
    writeFileSync(join(folder, `recording ${nth + 1}.json`), JSON.stringify(change(recording)));
  }
  return folder;
}

describe('a recording is played by what it shows', () => {
  test('not by its name, nor by the names, numbers, ids and times in it', async () => {
    const { code, stdout } = await conformance(world('elsewhere', elsewhere));
    expect(stdout.match(/^\S.* differences [1-9]\d*$[^]*?(?=^\S)/gm)).toBeNull();
    expect(lastLine(stdout)).toBe('conformance: 49 recordings, 350 exchanges, 0 differences');
    expect(code).toBe(0);
  }, 250_000);

  test('whenever its recorder left, and whether headers were kept or not', async () => {
    const { code, stdout } = await conformance(world('short', (recording) => headless(cutShort(recording, 0.5))));
    expect(stdout.match(/^\S.* differences [1-9]\d*$[^]*?(?=^\S)/gm)).toBeNull();
    expect(lastLine(stdout)).toMatch(/^conformance: 49 recordings, \d+ exchanges, 0 differences$/);
    expect(code).toBe(0);
  }, 250_000);

  test.each([
    ['a build whose trigger nobody recorded', '10', 'POST'],
    ['a promotion of a build that nobody recorded', '50', 'POST'],
    ['an approval that only its outcome shows', '23', 'approve/1'],
    ['a cancel that only its outcome shows', '35', 'DELETE'],
    ['a lost cancel that only its outcome shows', '62', 'DELETE'],
    ['a restart of the server that nobody noted', '59', 'server gone'],
  ])(
    '%s',
    async (what, number, first) => {
      const { code, stdout } = await conformance(
        world(
          `without ${what}`,
          (recording) =>
            without(
              recording,
              recording.items.findIndex((item) => JSON.stringify([item['request'] ?? item['note']]).includes(first)),
            ),
          `${number}-`,
        ),
      );
      expect(stdout.match(/^\S.* differences [1-9]\d*$[^]*?(?=^\S)/gm)).toBeNull();
      expect(lastLine(stdout)).toMatch(/^conformance: 1 recordings, [1-9]\d* exchanges, 0 differences$/);
      expect(code).toBe(0);
    },
    250_000,
  );
});

describe('what differs is told and fails the run', () => {
  test('a status, a key and a line of a log that were changed', async () => {
    const status = changed('02-whoami', (text) => text.replaceAll('"status": 401', '"status": 403'));
    const key = changed('14-trigger-unknown-commit', (text) =>
      text.replaceAll('"sender":"bot"', '"sender":"somebody"'),
    );
    const line = changed('30-fail', (text) => text.replaceAll('checking\\n', 'checked\\n'));
    const { code, stdout } = await conformance(status, key, line);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^02-whoami +exchanges +5 {2}differences 2$/m);
    expect(stdout).toContain('    GET /api/user as nobody (1)\n      status: recorded 403, simulated 401\n');
    expect(stdout).toContain('      json.sender: recorded "somebody", simulated "bot"\n');
    expect(lastLine(stdout)).toMatch(/^conformance: 3 recordings, \d+ exchanges, [1-9]\d* differences$/);
  });

  test('a recording that cannot be played is one difference, and the others are played all the same', async () => {
    const folder = join(scratch, 'broken');
    mkdirSync(folder);
    writeFileSync(join(folder, '1-no-json.json'), 'no JSON');
    writeFileSync(join(folder, '2-no-recording.json'), '{"items":[{"kind":"exchange","at":0}]}');
    writeFileSync(
      join(folder, '3-odd.json'),
      '{"items":[{"kind":"note","at":0},{"kind":"poll","at":1,"request":{"method":"GET","path":"/api/repos/a/b/builds/1"},"answers":[{"at":1,"status":200,"json":{"number":1,"repo_id":1,"after":"x"}}]}]}',
    );
    writeFileSync(join(folder, '4-whole.json'), readFileSync(join(fixtures, '02-whoami.json')));
    const { code, stdout } = await conformance(folder);
    expect(code).toBe(1);
    expect(stdout).toContain(
      '1-no-json                        exchanges   0  differences 1\n    the recording cannot be played\n      it is not JSON\n',
    );
    expect(stdout).toContain('      it is no recording: items.0.request: ');
    expect(stdout).toMatch(/^3-odd +exchanges +1 {2}differences 1$/m);
    expect(stdout).toMatch(/^4-whole +exchanges +5 {2}differences 0$/m);
  });

  test('nothing to play, and a folder that is not there', async () => {
    const folder = join(scratch, 'empty');
    mkdirSync(folder);
    const empty = await conformance(folder);
    expect(lastLine(empty.stdout)).toBe('conformance: 0 recordings, 0 exchanges, 0 differences');
    expect(empty.stderr).toBe(`drone:conformance: ${folder} holds no recording: none of its files is called *.json\n`);
    expect(empty.code).toBe(1);
    const absent = await conformance(
      join(scratch, 'absent'),
      world('one', (recording) => recording, '02'),
    );
    expect(absent.stderr).toBe(`drone:conformance: there is no folder ${join(scratch, 'absent')}\n`);
    expect(lastLine(absent.stdout)).toBe('conformance: 1 recordings, 5 exchanges, 0 differences');
    expect(absent.code).toBe(1);
  });
});
