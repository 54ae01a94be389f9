export * from './answers.ts';
export * from './docker-cells.ts';
export * from './engine-error.ts';
export * from './engine.ts';
export * from './removal.ts';
export * from './seal.ts';
export * from './specification.ts';
export * from './timing.ts';
