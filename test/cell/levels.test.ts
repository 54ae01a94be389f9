import { beforeAll, describe, expect, test } from 'vitest';
import { type DroneScenario, startSimulatedDrone } from '../../src/try/drone/index.ts';
import { oneStage, sim, slug } from '../drone/sim.ts';
import { type OrderOptions, buildScript, isWhole, linesOf, orderFor, startCell } from './cells.ts';

let script = '';
beforeAll(async () => {
  script = await buildScript();
});

async function play(scenario: DroneScenario, options: OrderOptions = {}) {
  const drone = await sim(scenario);
  const cell = startCell(script);
  cell.send(orderFor(drone.url, options));
  const result = await cell.result();
  expect(isWhole(cell.events)).toBe(true);
  return { drone, cell, result, lines: linesOf(cell.events) };
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => `line ${index + 1}\n`);
const failing = oneStage(
  { name: 'good', lines: ['SECRET-OUTPUT good\n'], ms: 40 },
  { name: 'bad', lines: [...numbered(80), 'SECRET-OUTPUT bad\n'], status: 'failure', exitCode: 2, ms: 80 },
);

describe('log levels', () => {
  test('full: every line of every step', async () => {
    const { cell } = await play(failing);
    // On a busy machine the next step's live lines may come before the stored log of the one before.
    expect(linesOf(cell.events, 'default/good')).toEqual(['SECRET-OUTPUT good']);
    expect(linesOf(cell.events, 'default/bad')).toEqual([
      ...numbered(80).map((line) => line.trimEnd()),
      'SECRET-OUTPUT bad',
    ]);
  });

  test('tail: the last 50 lines of the step that failed', async () => {
    const { lines, cell } = await play(failing, { log: 'tail' });
    expect(lines).toEqual([
      ...numbered(80)
        .slice(31)
        .map((line) => line.trimEnd()),
      'SECRET-OUTPUT bad',
    ]);
    expect(lines.length).toBe(50);
    expect(cell.events.every((event) => event.k !== 'log' || event.step === 'default/bad')).toBe(true);
  });

  test('tail: nothing of a success', async () => {
    const { lines } = await play(oneStage({ name: 'good', lines: ['SECRET-OUTPUT\n'], ms: 40 }), { log: 'tail' });
    expect(lines).toEqual([]);
  });

  test("status: not one byte of a step's output leaves the cell", async () => {
    const { cell, result } = await play(failing, { log: 'status' });
    expect(result).toMatchObject({ verdict: 'failure', code: 'build-failed' });
    expect(cell.events.some((event) => event.k === 'log')).toBe(false);
    expect(cell.stdout() + cell.stderr()).not.toContain('SECRET-OUTPUT');
    // Stages, steps and times are there.
    expect(
      cell.events.findLast((event) => event.k === 'state')?.stages[0]?.steps.map(({ name, status }) => [name, status]),
    ).toEqual([
      ['good', 'success'],
      ['bad', 'failure'],
    ]);
  });

  test("status: Drone's error texts stay behind too, and at full they are told", async () => {
    const scenario: DroneScenario = { stages: [{ name: 'default', error: 'SECRET-ERROR', steps: [] }], pendingMs: 10 };
    const hidden = await play(scenario, { log: 'status' });
    expect(hidden.result).toMatchObject({ verdict: 'error', code: 'build-error' });
    expect(hidden.cell.stdout()).not.toContain('SECRET-ERROR');
    const told = await play(scenario);
    expect(told.result.message).toContain('"SECRET-ERROR"');
    expect(told.cell.events.findLast((event) => event.k === 'state')?.stages[0]?.error).toBe('SECRET-ERROR');
  });
});

describe('lines', () => {
  test('a line of 1 MiB comes through in pieces', async () => {
    const { lines } = await play(
      oneStage({ name: 'deploy', lines: ['before\n', `${'x'.repeat(1_048_576)}\n`, 'after\n'], ms: 60 }),
    );
    expect(lines.length).toBe(18);
    expect(lines.slice(1, -1).every((line) => line.length === 65_536)).toBe(true);
  });

  test('what would be a command, a colour or a control byte comes through as it is', async () => {
    const odd = ['::error::x', '##[error]y', '\u001b[31mred\u001b[0m', 'a\rb', 'nul \u0000'];
    const { lines } = await play(oneStage({ name: 'deploy', lines: odd.map((line) => `${line}\n`), ms: 60 }));
    expect(lines).toEqual(odd);
  });

  test('beyond logBytes one line says that the log is cut, and the verdict stands', async () => {
    const { lines, result } = await play(oneStage({ name: 'deploy', lines: numbered(1000), ms: 60 }), {
      limits: { logBytes: 100 },
    });
    expect(lines.at(-1)).toBe('[airlock] the log is cut here: limits.logBytes allows 100 bytes of it');
    expect(lines.slice(0, -1).join('\n').length).toBeLessThanOrEqual(100);
    expect(result.verdict).toBe('success');
  });

  test('a log that Drone has lost is said in the log', async () => {
    const scenario: DroneScenario = {
      ...oneStage({ name: 'deploy', lines: [`${'x'.repeat(99)}\n`.repeat(70_000)], ms: 300 }),
      stream: 'silent',
    };
    const { lines } = await play(scenario);
    expect(lines[0]).toMatch(/^\[airlock\] \d+ entries of this log are missing here: Drone keeps only its last 5 MB$/);
  });
});

describe('redaction', () => {
  test('a literal that comes in two pieces is replaced all the same', async () => {
    const padding = 'x'.repeat(32_768 - 3);
    const { cell, lines } = await play(
      oneStage({ name: 'deploy', lines: [`${padding}hunter2 and more\n`, 'the token is bot-', 'token\n'], ms: 60 }),
      { redact: ['hunter2'] },
    );
    expect(lines[0]).toBe(`${padding}*** and more`);
    expect(lines[1]).toBe('the token is ***');
    expect(cell.stdout()).not.toContain('hunter2');
  });

  test('names and error texts are redacted too', async () => {
    const stages = [{ name: 'hunter2', error: 'no hunter2 here', steps: [] }];
    const { cell } = await play({ stages, pendingMs: 10 }, { redact: ['hunter2'] });
    expect(cell.stdout()).not.toContain('hunter2');
  });
});

describe('redaction comes before a message quotes and cuts', () => {
  const secret = 'pa"ss::w\u00f6rd-1234567890';
  const long = 'S3cr3tTokenAAAAAAAAAABBBBBBBBBBCCCCCCCCCC';
  const token = 'tok::en"0123456789abcdef';
  const failed = (error: string): DroneScenario => ({ stages: [{ name: 'default', error, steps: [] }], pendingMs: 10 });
  const green = oneStage({ name: 'deploy' });

  // biome-ignore format: a table is read by its columns
  test.each<[string, DroneScenario, string]>([
    ["a literal that quoting changes, in a stage's error", failed(`no way to the database with ${secret}`), 'with ***'],
    ["a literal that the cut at 500 would halve, in a stage's error", failed(`${'x'.repeat(470)}${long}`), `${'x'.repeat(10)}***`],
    ['in what .drone.yml is refused for', { ...green, trigger: { yamlError: `bad value ${secret}` } }, 'bad value ***'],
    ['halved in what .drone.yml is refused for', { ...green, trigger: { yamlError: `${'x'.repeat(480)}${long}` } }, `${'x'.repeat(10)}***`],
    ["in the source code host's word", { ...green, trigger: { scm: `Failed for ${secret}` } }, 'Failed for ***'],
    ["halved in the source code host's word", { ...green, trigger: { scm: `${'x'.repeat(180)}${long}` } }, `${'x'.repeat(10)}***`],
    ['in the name of a failed step', oneStage({ name: `step ${secret}`, status: 'failure' }), 'default/step ***'],
    ['halved in the name of a failed step', oneStage({ name: `${'s'.repeat(60)}${long}`, status: 'failure' }), `${'s'.repeat(10)}***`],
    ['the token, as quoting changes it', { ...green, trigger: { scm: `Failed for ${token}` } }, 'Failed for ***'],
  ])('%s', async (_name, scenario, message) => {
    const drone = await startSimulatedDrone({
      users: [{ login: 'bot', token, write: [slug] }],
      repositories: [{ slug, scenario }],
    });
    try {
      const cell = startCell(script);
      cell.send(orderFor(drone.url, { redact: [secret, long], drone: { token } }));
      const result = await cell.result();
      expect(result.message).toContain(message);
      for (const part of [secret, long, token]) {
        expect(cell.stdout()).not.toContain(part.slice(-12));
        expect(cell.stdout()).not.toContain(part.slice(0, 8));
      }
    } finally {
      await drone.close();
    }
  });
});

describe("at the level status Drone's texts stay behind", () => {
  // biome-ignore format: a table is read by its columns
  test.each<[string, NonNullable<DroneScenario['trigger']>, string, string]>([
    ['why .drone.yml was refused', { yamlError: 'yaml: line 3: SECRET-TEXT' }, 'config-invalid', 'Drone does not accept .drone.yml'],
    ['what the source code host said', { scm: 'no SECRET-TEXT' }, 'drone-scm-failed', 'was 404'],
  ])('%s', async (_name, trigger, code, message) => {
    const scenario: DroneScenario = { ...oneStage({ name: 'deploy' }), trigger };
    const hidden = await play(scenario, { log: 'status' });
    expect(hidden.result).toMatchObject({ verdict: 'error', code });
    expect(hidden.result.message).toContain(message);
    expect(hidden.cell.stdout() + hidden.cell.stderr()).not.toContain('SECRET-TEXT');
    const told = await play(scenario);
    expect(told.result.message).toContain('SECRET-TEXT');
  });
});

describe("Drone's address", () => {
  test('the public one is shown in place of the real one', async () => {
    const { result, drone } = await play(oneStage({ name: 'deploy' }), {
      drone: { publicUrl: 'https://drone.example/' },
    });
    expect(result.outputs.url).toBe(`https://drone.example/${slug}/1`);
    expect(JSON.stringify(result)).not.toContain(drone.url);
  });

  test('hidden is hidden everywhere', async () => {
    const { result, cell, drone } = await play(oneStage({ name: 'deploy' }), { drone: { publicUrl: 'hidden' } });
    expect(result.outputs.url).toBe('');
    expect(cell.stdout()).not.toContain(new URL(drone.url).host);
  });

  test('hidden is hidden in what goes wrong as well', async () => {
    const drone = await sim(oneStage({ name: 'deploy' }));
    await drone.stop();
    const cell = startCell(script);
    cell.send(orderFor(drone.url, { drone: { publicUrl: 'hidden' } }));
    const result = await cell.result();
    expect(result).toMatchObject({ verdict: 'error', code: 'drone-unreachable' });
    expect(result.message).toContain('nothing listens there');
    expect(cell.stdout()).not.toContain('127.0.0.1');
  });

  test('hidden is hidden although quoting would cut it', async () => {
    const host = `${'a'.repeat(60)}.${'b'.repeat(60)}.invalid`;
    const cell = startCell(script);
    cell.send(orderFor(`http://${host}`, { drone: { publicUrl: 'hidden' } }));
    expect(await cell.result()).toMatchObject({ verdict: 'error', code: 'drone-unreachable' });
    expect(cell.stdout()).not.toContain('aaaa');
  });

  test('the token is nowhere, whatever goes wrong', async () => {
    const { cell } = await play({ ...oneStage({ name: 'deploy' }), trigger: { yamlError: 'bad: bot-token' } });
    expect(cell.stdout() + cell.stderr()).not.toContain('bot-token');
  });
});
