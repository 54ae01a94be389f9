export * from './open.ts';
export type { SessionRecord } from '../session-record.ts';
export * from './timing.ts';
