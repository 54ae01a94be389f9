import { describe, expect, it } from 'vitest';
import { failed, id, onFakeEngine } from './fake-cells.ts';
import type { Conduct } from './fake-engine.ts';
import { linesOf } from './support.ts';

// What a gate is told of a cell whose engine does not do its part.

const on = onFakeEngine();

describe('a running cell', () => {
  it('whose stream holds no frames is lost', async () => {
    const cell = await on.cells.start(id);
    on.fake.stream().write('plain text');
    expect(await failed(linesOf(cell).next())).toMatchObject({
      code: 'cell-lost',
      message: "the Docker engine's stream of the cell cannot be read",
    });
  });

  it.each<[string, Conduct, string]>([
    ['is still running', 'container-running', "the Docker engine's connection to it ended, but it is still running"],
    ['was killed', 'container-killed', 'it was killed from outside (exit code 137)'],
    ['is gone', 'container-absent', 'it was removed'],
    ['cannot be asked for', 'silent', 'the Docker engine went away, and nobody knows how it goes on'],
    ['is told about in no JSON', { text: 'x' }, 'the Docker engine went away, and nobody knows how it goes on'],
  ])('whose connection broke and that %s says so', async (_, conduct, reason) => {
    const cell = await on.cells.start(id);
    on.fake.on('inspect', conduct);
    on.fake.stream().destroy();
    expect(await linesOf(cell).next()).toMatchObject({ done: true });
    expect((await cell.ended).reason).toBe(reason);
  });

  it('is not gone before the engine says so', async () => {
    const cell = await on.cells.start(id);
    for (const [remove, inspect] of [
      [{ status: 500, body: { message: 'driver failed' } }, 'container-running'],
      ['remove', 'container-running'],
      ['silent', 'container-absent'],
      ['cut', 'container-absent'],
    ] as const) {
      on.fake.on('remove', remove);
      on.fake.on('inspect', inspect);
      expect(await failed(cell.remove())).toMatchObject({
        code: 'no-cell-engine',
        message: `the cell ${id} could not be removed from the Docker engine`,
      });
    }
    on.fake.on('remove', { status: 409, body: { message: 'removal is already in progress' } });
    on.fake.on('inspect', 'container-absent');
    await cell.remove();
    expect(await cell.ended).toEqual({ exitCode: null, reason: 'it was removed' });
  });

  it('that ends while it is adopted is one that has ended', async () => {
    on.fake.on('inspect', 'container-running', 'container-killed');
    const cell = await on.cells.adopt(id);
    expect(on.fake.calls.some((call) => call.includes('/attach'))).toBe(true);
    expect((await cell.ended).reason).toBe('it was killed from outside (exit code 137)');
  });

  it('is listed by its own label only', async () => {
    const labels = (cell: unknown) => ({ 'airlock.cell': cell });
    const Id = 'c'.repeat(64);
    on.fake.on('list', {
      status: 200,
      body: [
        { Id, State: 'running', Labels: labels(id) },
        { Id, State: 'paused', Labels: labels('2'.repeat(32)) },
        { Id, State: 'exited', Labels: labels('3'.repeat(32)) },
        { Id, State: 'running', Labels: labels('../x') },
        { Id, State: 'running', Labels: labels(7) },
        { Id, State: 'running', Labels: null },
      ],
    });
    expect(await on.cells.list()).toEqual([
      { id, running: true },
      { id: '2'.repeat(32), running: true },
      { id: '3'.repeat(32), running: false },
    ]);
    for (const conduct of ['silent', 'cut', { status: 200, body: [{ Id: 1 }] }, { status: 200, body: {} }] as const) {
      on.fake.on('list', conduct);
      expect((await failed(on.cells.list())).code).toBe('no-cell-engine');
    }
  });
});
