import { afterEach, describe, expect, it } from 'vitest';
import { Failure } from '../../src/protocol/index.ts';
import { createLog } from '../../src/gate/log.ts';
import { deaf, obedient } from './scripts.ts';
import { cellsOn, changedImage, describeEngine, endAll, engineCall, lineOf, linesOf, randomId } from './support.ts';

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

  describe('of another gate', () => {
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

  describe('is not started, and says why,', () => {
    const absent = `sha256:${'0'.repeat(64)}`;

    async function refused(options: Parameters<typeof cellsOn>[1]): Promise<[Failure, string | null]> {
      const cells = cellsOn(engine, options);
      const failure = await cells.start(randomId()).then(
        () => expect.unreachable('it was started'),
        (error: unknown) => error as Failure,
      );
      await expect.poll(() => cells.list()).toEqual([]);
      return [failure, await cells.check()];
    }

    it('when its image is not there, and nothing is pulled', async () => {
      const [failure, ready] = await refused({ script: obedient, image: absent });
      expect(failure).toMatchObject({ code: 'no-cell-engine', status: 503 });
      expect(failure.message).toBe(
        "the image of the cells is not on the gate's Docker engine; tell the operator of the gate",
      );
      expect(ready).toContain(`it is never pulled for a job: pull or load it (${absent})`);
    });

    it('when its network is not there, or is none that isolates', async () => {
      const [failure, ready] = await refused({ script: obedient, network: 'airlock-absent' });
      expect(failure.message).toBe(
        "the network of the cells is not on the gate's Docker engine; tell the operator of the gate",
      );
      expect(ready).toContain('docker network create --internal NAME) (airlock-absent)');
      for (const network of ['host', 'bridge', 'default', 'container:x', '', '-x', 'a/b'])
        expect(() => cellsOn(engine, { script: obedient, network })).toThrow(TypeError);
    });

    it('when its image is only a name', () => {
      for (const image of ['node', 'node:20', `${'0'.repeat(64)}`, 'sha256:0', `node@sha256:${'0'.repeat(63)}`, '../x'])
        expect(() => cellsOn(engine, { script: obedient, image })).toThrow('image.run has to be name@sha256:');
    });

    it('when its image declares a volume, which would be writable', async () => {
      const image = await changedImage(engine.socket, engine.image, ['VOLUME /data']);
      const [failure, ready] = await refused({ script: obedient, image });
      expect(failure.message).toBe(
        'the gate cannot start sealed cells on its Docker engine; tell the operator of the gate',
      );
      expect(ready).toBe(
        `the image ${image} declares volumes, and a cell has no writable place: use an image without VOLUME`,
      );
    });

    it('when its image has no node', async () => {
      const image = await changedImage(engine.socket, engine.image, ['ENV PATH=/nowhere']);
      const [failure] = await refused({ script: obedient, image });
      expect(failure).toMatchObject({ code: 'cell-start-failed', status: 503 });
      expect(failure.message).toBe('the image of the cells has no program "node"; tell the operator of the gate');
    });

    it('when its limits are none that the engine accepts', async () => {
      const [failure] = await refused({ script: obedient, limits: { memory: 1_000 } });
      expect(failure.code).toBe('cell-start-failed');
      expect(failure.message).toContain('does not accept how the gate describes a cell');
      expect(String((failure.cause as Error).cause)).toContain('Minimum memory limit allowed is 6MB');
    });
  });
});
