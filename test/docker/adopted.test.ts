import { afterEach, expect, it } from 'vitest';
import { obedient } from './scripts.ts';
import { cellsOn, describeEngine, endAll, engineCall, lineOf, linesOf, randomId } from './support.ts';

// A gate that has just started finds the cells of the one before it.

const name = (id: string): string => `airlock-cell-${id}`;

await describeEngine('a Docker cell of another gate', (engine) => {
  afterEach(endAll);

  it('is adopted twice: each hears all from then on, and can speak', async () => {
    const first = cellsOn(engine, { script: obedient, installation: 'same' });
    const cell = await first.start(randomId());
    await lineOf(linesOf(cell));
    const second = await cellsOn(engine, { script: obedient, installation: 'same' }).adopt(cell.id);
    const third = await cellsOn(engine, { script: 'another version', installation: 'same' }).adopt(cell.id);
    const all = [linesOf(second), linesOf(third)];
    second.send({ echo: 'by the second' });
    expect(await Promise.all(all.map(lineOf))).toEqual(['"by the second"', '"by the second"']);
    third.send({ echo: 'by the third' });
    expect(await Promise.all(all.map(lineOf))).toEqual(['"by the third"', '"by the third"']);
    third.send({ exit: 7 });
    expect(await Promise.all(all.map((lines) => lines.next()))).toMatchObject([{ done: true }, { done: true }]);
    expect(await second.ended).toEqual({ exitCode: 7, reason: 'it ended with exit code 7' });
    expect(await third.ended).toEqual({ exitCode: 7, reason: 'it ended with exit code 7' });
    await Promise.all([second.remove(), third.remove()]);
  });

  it('that has ended is adopted as one that has, and can be removed', async () => {
    const cells = cellsOn(engine, { script: obedient });
    const started = await cells.start(randomId());
    started.send({ exit: 5 });
    for await (const line of started.lines) expect(line).toBe('up');
    await started.ended;
    expect(await cells.list()).toEqual([{ id: started.id, running: false }]);
    const adopted = await cells.adopt(started.id);
    expect(await linesOf(adopted).next()).toMatchObject({ done: true });
    expect(await adopted.ended).toEqual({ exitCode: 5, reason: 'it ended with exit code 5' });
    adopted.send({ echo: 1 });
    await adopted.remove();
    expect(await cells.list()).toEqual([]);
  });

  it('that was created and never started can be removed', async () => {
    const cells = cellsOn(engine, { script: obedient, installation: 'half' });
    const id = randomId();
    const Labels = { 'airlock.cell': id, 'airlock.installation': 'half' };
    const path = `/containers/create?name=${name(id)}`;
    await engineCall(engine.socket, 'POST', path, { Image: engine.image, Cmd: ['node'], Labels });
    expect(await cells.list()).toEqual([{ id, running: false }]);
    const cell = await cells.adopt(id);
    expect(await cell.ended).toEqual({ exitCode: null, reason: 'it was never started' });
    await cell.remove();
    expect(await cells.list()).toEqual([]);
  });

  it('is not adopted when it is gone, or belongs to another installation', async () => {
    const cells = cellsOn(engine, { script: obedient });
    const mine = await cells.start(randomId());
    const others = cellsOn(engine, { script: obedient });
    expect(await others.list()).toEqual([]);
    await expect(others.adopt(mine.id)).rejects.toMatchObject({
      code: 'cell-lost',
      message: `the cell ${mine.id} cannot be found again: a container of its name belongs to something else`,
    });
    const none = randomId();
    await expect(cells.adopt(none)).rejects.toMatchObject({
      code: 'cell-lost',
      message: `the cell ${none} cannot be found again: it is gone`,
    });
    await expect(cells.adopt('x?y')).rejects.toMatchObject({ code: 'cell-lost' });
  });
});
