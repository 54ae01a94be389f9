// No engine at all: `airlock gate` without one answers every question of identity and policy, and starts nothing.

import { Failure } from '../../protocol/index.ts';
import type { CellEngine } from './engine.ts';

const reason = 'no cell engine is configured';

export const noEngine: CellEngine = {
  name: 'none',
  promises: [],
  survives: true,
  ready: () => reason,
  start: () =>
    Promise.reject(new Failure('no-cell-engine', 'this gate has no engine to start cells with; tell its operator')),
  list: () => Promise.resolve([]),
  adopt: (id) => Promise.reject(new Failure('cell-lost', `there is no cell ${id}: ${reason}`)),
};
