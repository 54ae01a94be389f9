import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, startEngine } from './engine/engine.mjs';
import { importImage } from './engine/image.mjs';
import { deaf, obedient } from './scripts.ts';
import {
  cellsOn,
  describeOwnEngine,
  endAll,
  lineOf,
  linesOf,
  makeNetwork,
  randomId,
  type TestEngine,
} from './support.ts';

// The engine dies, hangs up, fills its disk: what a gate then sees, and what it can still do.

/** Where on a machine a text might be found: files below a folder, and what any user may read of processes. */
function filesWith(folder: string, text: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path).includes(text));
}

function processesWith(text: string): string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) =>
    ['cmdline', 'environ'].some((file) => {
      try {
        return readFileSync(`/proc/${pid}/${file}`, 'utf8').includes(text);
      } catch {
        return false;
      }
    }),
  );
}

const soon = { settle: 200, back: 400, retry: 200, recheck: 60_000 };

describeOwnEngine('an engine that is restarted', () => {
  let engine: Engine;
  let on: TestEngine;

  async function up(options: Parameters<typeof startEngine>[0]): Promise<void> {
    engine = await startEngine(options);
    on = { socket: engine.socket, image: await importImage(engine.socket), network: await makeNetwork(engine.socket) };
  }

  describe('and lets containers live', () => {
    beforeAll(() => up({ liveRestore: true, debug: true }), 90_000);
    afterEach(endAll);
    afterAll(() => engine.end(), 60_000);

    it('loses no cell: the gate is told, adopts it and goes on where it was', async () => {
      const cells = cellsOn(on, { script: obedient, timing: soon });
      const cell = await cells.start(randomId());
      const lines = linesOf(cell);
      await lineOf(lines);
      await engine.kill();
      expect(await lines.next()).toMatchObject({ done: true });
      expect(await cell.ended).toEqual({
        exitCode: null,
        reason: 'the Docker engine went away, and nobody knows how it goes on',
      });
      expect(await cells.check()).toContain('the Docker engine cannot be reached: start it');
      await expect(cells.start(randomId())).rejects.toMatchObject({
        code: 'no-cell-engine',
        message: "the gate's Docker engine cannot be reached; tell the operator of the gate",
      });
      await expect(cells.adopt(cell.id)).rejects.toMatchObject({ code: 'no-cell-engine' });
      await expect(cells.list()).rejects.toMatchObject({ code: 'no-cell-engine' });

      await engine.start();
      expect(await cells.check()).toBeNull();
      expect(await cells.list()).toEqual([{ id: cell.id, running: true }]);
      const again = await cells.adopt(cell.id);
      again.send({ echo: 'still here' });
      const heard = linesOf(again);
      expect(await lineOf(heard)).toBe('"still here"');
      again.send({ exit: 4 });
      expect(await heard.next()).toMatchObject({ done: true });
      expect(await again.ended).toEqual({ exitCode: 4, reason: 'it ended with exit code 4' });
    });

    it('still removes the cell whose removal was asked for while it was away', async () => {
      const cells = cellsOn(on, { script: deaf, timing: soon });
      const cell = await cells.start(randomId());
      await engine.kill();
      let gone = false;
      const removing = cell.remove().then(() => {
        gone = true;
      });
      await cells.check();
      expect(gone).toBe(false);
      await engine.start();
      await removing;
      expect(await cells.list()).toEqual([]);
    });

    it('finds a cell that ended while it was away, with its exit code', async () => {
      const cells = cellsOn(on, { script: 'setTimeout(() => process.exit(6), 1000)', timing: soon });
      const { id } = await cells.start(randomId());
      await engine.kill();
      await new Promise((done) => setTimeout(done, 1_500));
      await engine.start();
      await expect.poll(() => cells.list(), { timeout: 20_000 }).toEqual([{ id, running: false }]);
      const cell = await cells.adopt(id);
      expect((await cell.ended).exitCode).not.toBe(0);
    });

    it('keeps nothing of an order: no file, no log of its own in debug mode, no process list', async () => {
      const canary = `canary-${randomId()}`;
      const cells = cellsOn(on, { script: obedient });
      const cell = await cells.start(randomId());
      const lines = linesOf(cell);
      await lineOf(lines);
      cell.send({ echo: { token: canary } });
      expect(await lineOf(lines)).toContain(canary);
      // The eyes see what is there: the cell's name is in the engine's log and among its files.
      expect(readFileSync(engine.log, 'utf8')).toContain(cell.id);
      expect(filesWith(join(engine.folder, 'data', 'containers'), cell.id)).not.toEqual([]);
      expect(processesWith(obedient.trim().slice(0, 40))).not.toEqual([]);
      for (const folder of ['data/containers', 'exec'])
        expect(filesWith(join(engine.folder, folder), canary)).toEqual([]);
      expect(readFileSync(engine.log, 'utf8')).not.toContain(canary);
      expect(processesWith(canary)).toEqual([]);
      await cell.remove();
      expect(filesWith(join(engine.folder, 'data', 'containers'), cell.id)).toEqual([]);
    });
  });

  describe('and ends its containers, on a small disk', () => {
    beforeAll(() => up({ disk: '200m' }), 90_000);
    afterEach(endAll);
    afterAll(() => engine.end(), 60_000);

    it('leaves an ended cell behind, which the next gate removes', async () => {
      const cells = cellsOn(on, { script: deaf });
      const cell = await cells.start(randomId());
      const lines = linesOf(cell);
      await lineOf(lines);
      await engine.halt();
      expect(await lines.next()).toMatchObject({ done: true });
      await engine.start();
      expect(await cells.list()).toEqual([{ id: cell.id, running: false }]);
      const ended = await cells.adopt(cell.id);
      expect(await ended.ended).toEqual({ exitCode: 137, reason: 'it was killed from outside (exit code 137)' });
      await ended.remove();
      expect(await cells.list()).toEqual([]);
    });

    it('says that its disk is full, and can still remove cells', async () => {
      const cells = cellsOn(on, { script: deaf });
      const cell = await cells.start(randomId());
      await engine.fill();
      await expect(cells.start(randomId())).rejects.toMatchObject({
        code: 'cell-start-failed',
        message: "the disk of the gate's Docker engine is full; tell the operator of the gate",
      });
      await cell.remove();
      await expect.poll(() => cells.list()).toEqual([]);
    });
  });
});
