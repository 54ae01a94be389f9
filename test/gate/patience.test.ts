// A cell is needed while the engine is being restarted.

import { describe, expect, test } from 'vitest';
import { type CellEngine, defaultTiming, noEngine, silentLog } from '../../src/gate/index.ts';
import { engineReady, startCellSoon } from '../../src/gate/cells/patience.ts';
import { Failure } from '../../src/protocol/index.ts';

const away = 'the Docker engine cannot be reached';

/** @param looks until it is back */
function restarted(looks: number) {
  const seen = { looks: 0, starts: 0 };
  const engine: CellEngine = {
    ...noEngine,
    ready: () => (seen.looks >= looks ? null : away),
    check: () => {
      seen.looks++;
      return Promise.resolve(engine.ready());
    },
    start: (id) => {
      seen.starts++;
      if (engine.ready() !== null) return Promise.reject(new Failure('no-cell-engine', away));
      return Promise.resolve({
        id,
        send: () => undefined,
        lines: (async function* nothing() {})(),
        ended: new Promise<never>(() => undefined),
        remove: () => Promise.resolve(),
      });
    },
  };
  return { engine, seen };
}

describe('an engine that was away at the last look', () => {
  test('is looked at again before anything is refused', async () => {
    expect(await engineReady(restarted(1).engine, 0)).toBeNull();
    expect(await engineReady(restarted(2).engine, 5_000)).toBeNull();
  });

  test('and stays away is waited for no longer than the limit', async () => {
    const { engine, seen } = restarted(1_000);
    expect(await engineReady(engine, 300)).toBe(away);
    expect(seen.looks).toBeLessThan(10);
  });

  test('that cannot be looked at is as its last word says, at once', async () => {
    expect(await engineReady(noEngine, 60_000)).toBe('no cell engine is configured');
  });
});

describe('a cell', () => {
  const timing = { ...defaultTiming, engineBack: 5_000 };

  test('is started when the engine is back', async () => {
    const { engine, seen } = restarted(2);
    const cell = await startCellSoon(engine, timing, silentLog());
    expect(cell.usable()).toBe(true);
    expect(seen.starts).toBe(2);
    await cell.discard();
  });

  test('is not tried again where the engine is there and could not', async () => {
    const { engine, seen } = restarted(0);
    const failed = { ...engine, start: () => Promise.reject(new Failure('cell-start-failed', 'disk full')) };
    await expect(startCellSoon(failed, timing, silentLog())).rejects.toMatchObject({ code: 'cell-start-failed' });
    expect(seen.looks).toBe(0);
  });

  test('fails by its own name when the engine stays away', async () => {
    const { engine } = restarted(1_000);
    const started = startCellSoon(engine, { ...timing, engineBack: 300 }, silentLog());
    await expect(started).rejects.toMatchObject({ code: 'no-cell-engine', message: away });
  });
});
