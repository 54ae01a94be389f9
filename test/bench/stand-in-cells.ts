// Cells inside the gate's own process that say what a figure needs, so that no build and no start of a cell is measured.

import type { Cell, CellEngine } from '../../src/gate/index.ts';

const commit = 'a'.repeat(40);

export const running = JSON.stringify({
  k: 'state',
  n: 1,
  phase: 'running',
  build: { number: 1, url: '', status: 'running', commit, ref: 'refs/heads/main' },
  stages: [],
});

export const succeeded = JSON.stringify({
  k: 'result',
  n: 2,
  verdict: 'success',
  code: 'ok',
  message: 'done',
  outputs: { number: '1', url: '', status: 'success', commit, started: '1', finished: '2' },
});

/** @param say what a cell says once it has its order */
export function standInCells(say: () => AsyncIterable<string>): CellEngine {
  function start(id: string): Promise<Cell> {
    let order: () => void = () => undefined;
    const ordered = new Promise<void>((go) => {
      order = go;
    });
    async function* lines(): AsyncGenerator<string> {
      await ordered;
      yield* say();
    }
    const ended = new Promise<never>(() => undefined);
    return Promise.resolve({ id, send: order, lines: lines(), ended, remove: () => Promise.resolve() });
  }
  return {
    name: 'stand-in',
    promises: [],
    survives: true,
    ready: () => null,
    start,
    list: () => Promise.resolve([]),
    adopt: start,
  };
}

export async function* answersAtOnce(): AsyncGenerator<string> {
  yield await Promise.resolve(running);
  yield succeeded;
}
