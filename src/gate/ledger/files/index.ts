export * from './open.ts';
export * from './timing.ts';
