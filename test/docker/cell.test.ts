import { afterEach, expect, it } from 'vitest';
import { createLog } from '../../src/gate/log.ts';
import { deaf, obedient } from './scripts.ts';
import { cellsOn, describeEngine, endAll, engineCall, lineOf, linesOf, randomId } from './support.ts';

// Cells as containers of a real engine, seen through the seam that the gate uses.

const name = (id: string): string => `airlock-cell-${id}`;

await describeEngine('a Docker cell', (engine) => {
  afterEach(endAll);

  it('is ready for its order when it has started, hears lines and answers', async () => {
    const cells = cellsOn(engine, { script: obedient });
    const cell = await cells.start(randomId());
    const lines = linesOf(cell);
    expect(await lineOf(lines)).toBe('up');
    cell.send({ echo: { text: 'ä ö\n' } });
    expect(await lineOf(lines)).toBe('{"text":"ä ö\\n"}');
    expect(await cells.list()).toEqual([{ id: cell.id, running: true }]);
    expect(cells.ready()).toBeNull();
    expect([cells.name, cells.survives, cells.promises]).toEqual(['docker', true, []]);
  });

  it('is gone without a trace when it is removed, however often', async () => {
    const cells = cellsOn(engine, { script: obedient });
    const cell = await cells.start(randomId());
    const lines = linesOf(cell);
    await lineOf(lines);
    await Promise.all([cell.remove(), cell.remove()]);
    await cell.remove();
    expect(await lines.next()).toMatchObject({ done: true });
    expect(await cell.ended).toEqual({ exitCode: null, reason: 'it was removed' });
    expect(await cells.list()).toEqual([]);
    expect((await engineCall(engine.socket, 'GET', `/containers/${name(cell.id)}/json`)).status).toBe(404);
    cell.send({ echo: 1 });
  });

  it.each([0, 3])('that ends with exit code %d says so', async (exit) => {
    const cell = await cellsOn(engine, { script: obedient }).start(randomId());
    cell.send({ exit });
    const lines = linesOf(cell);
    expect(await lineOf(lines)).toBe('up');
    expect(await lines.next()).toMatchObject({ done: true });
    expect(await cell.ended).toEqual({ exitCode: exit, reason: `it ended with exit code ${exit}` });
  });

  it('that is killed from outside says so', async () => {
    const cell = await cellsOn(engine, { script: obedient }).start(randomId());
    const lines = linesOf(cell);
    await lineOf(lines);
    await engineCall(engine.socket, 'POST', `/containers/${name(cell.id)}/kill?signal=KILL`);
    expect(await lines.next()).toMatchObject({ done: true });
    expect(await cell.ended).toEqual({ exitCode: 137, reason: 'it was killed from outside (exit code 137)' });
  });

  it('that needs more memory than it may have ends and says so', async () => {
    const cells = cellsOn(engine, { script: obedient, limits: { memory: 100 * 1_048_576 } });
    const cell = await cells.start(randomId());
    const lines = linesOf(cell);
    await lineOf(lines);
    cell.send({ eat: 300 });
    expect(await lines.next()).toMatchObject({ done: true });
    expect((await cell.ended).reason).toBe('it was ended because it needed more memory than a cell may use');
  });

  it('is read at full speed, whole and in order', async () => {
    const cell = await cellsOn(engine, { script: obedient }).start(randomId());
    cell.send({ lines: 200_000, width: 80 });
    cell.send({ exit: 0 });
    let seen = 0;
    for await (const line of cell.lines) {
      if (line === 'up') continue;
      seen += 1;
      if (line !== String(seen).padStart(80, '.')) throw new Error(`line ${seen} is ${line}`);
    }
    expect(seen).toBe(200_000);
  });

  it('that writes an endless line is not believed', async () => {
    const cell = await cellsOn(engine, { script: obedient }).start(randomId());
    const lines = linesOf(cell);
    await lineOf(lines);
    cell.send({ bytes: 4_194_305 });
    await expect(lines.next()).rejects.toMatchObject({ code: 'cell-misbehaved' });
  });

  it('has its stderr apart from its lines, logged up to a bound', async () => {
    const logged: string[] = [];
    const log = createLog('warn', { write: (line: string) => void logged.push(line) });
    const cell = await cellsOn(engine, { script: obedient, log }).start(randomId());
    const lines = linesOf(cell);
    await lineOf(lines);
    cell.send({ err: 'first diagnostics' });
    for (let n = 0; n < 10; n++) cell.send({ err: 'z'.repeat(9_999) });
    cell.send({ echo: 'after' });
    expect(await lineOf(lines)).toBe('"after"');
    // The two streams come by one connection in any order.
    const end = lines.next();
    const text = () => logged.filter((line) => line.includes('"stderr"')).join('');
    await expect.poll(() => text().match(/z/g)?.length ?? 0, { timeout: 20_000 }).toBeGreaterThan(10_000);
    cell.send({ exit: 0 });
    expect(await end).toMatchObject({ done: true });
    expect(text()).toContain('first diagnostics');
    expect(text().match(/z/g)!.length).toBeLessThan(16_384);
  });

  it('that never reads what it is told is given up, and the gate keeps no more than a bound', async () => {
    const cell = await cellsOn(engine, { script: deaf, timing: { settle: 100 } }).start(randomId());
    const lines = linesOf(cell);
    await lineOf(lines);
    for (let n = 0; n < 40; n++) cell.send({ text: 'x'.repeat(100_000) });
    expect(await lines.next()).toMatchObject({ done: true });
    expect((await cell.ended).reason).toContain('it is still running');
  });

  it('is never started under a name that is no id', async () => {
    const cells = cellsOn(engine, { script: obedient });
    for (const id of ['', 'x', '../etc', 'A'.repeat(32), `${'0'.repeat(32)}?force=1`])
      await expect(cells.start(id)).rejects.toThrow('a cell is named by 32 lower hex digits');
    expect(await cells.list()).toEqual([]);
  });

  it('is one of 20 that start at once, each with its own lines, and nothing is left of them', async () => {
    const cells = cellsOn(engine, { script: obedient });
    const all = await Promise.all(Array.from({ length: 20 }, () => cells.start(randomId())));
    const heard = await Promise.all(
      all.map(async (cell) => {
        const lines = linesOf(cell);
        await lineOf(lines);
        cell.send({ echo: cell.id });
        return JSON.parse(await lineOf(lines)) as string;
      }),
    );
    expect(heard).toEqual(all.map(({ id }) => id));
    expect((await cells.list()).length).toBe(20);
    await Promise.all(all.map((cell) => cell.remove()));
    expect(await cells.list()).toEqual([]);
    const { body } = await engineCall(engine.socket, 'GET', '/volumes');
    expect(body.Volumes ?? []).toEqual([]);
  });
});
