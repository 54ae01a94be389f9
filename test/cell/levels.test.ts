import { beforeAll, describe, expect, test } from 'vitest';
import type { DroneScenario } from '../../src/try/drone/index.ts';
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
    const { lines } = await play(failing);
    expect(lines).toEqual(['SECRET-OUTPUT good', ...numbered(80).map((line) => line.trimEnd()), 'SECRET-OUTPUT bad']);
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

  test('the token is nowhere, whatever goes wrong', async () => {
    const { cell } = await play({ ...oneStage({ name: 'deploy' }), trigger: { yamlError: 'bad: bot-token' } });
    expect(cell.stdout() + cell.stderr()).not.toContain('bot-token');
  });
});
