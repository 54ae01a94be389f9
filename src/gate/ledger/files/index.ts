export * from './open.ts';
export type { SessionRecord } from './sessions.ts';
export * from './timing.ts';
