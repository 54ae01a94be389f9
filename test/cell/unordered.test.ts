import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { defaultTiming } from '../../src/gate/index.ts';
import { endUnordered, longestIdle } from '../../src/cell/unordered.ts';
import { buildScript, startCell } from './cells.ts';

describe('a cell without an order', () => {
  test('ends by itself, long after a gate would have replaced it', async () => {
    expect(longestIdle).toBeGreaterThan(defaultTiming.idleCell + defaultTiming.cellStart);
    await new Promise<void>((done) => void endUnordered(1, done));
  });

  test('goes on once the order is there', async () => {
    let ended = false;
    endUnordered(1, () => (ended = true))();
    await sleep(50);
    expect(ended).toBe(false);
  });

  test('stays until then: what is no order is told, and nothing keeps the process longer', async () => {
    const cell = startCell(await buildScript());
    cell.write('{}\n');
    expect(await cell.result()).toMatchObject({ verdict: 'error', code: 'order-not-understood' });
  });
});
