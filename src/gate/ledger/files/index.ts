export * from './open.ts';
export type { SessionRecord, SessionRecords } from './sessions.ts';
export type { StoredTask, UnreadableTask } from './tasks.ts';
export * from './timing.ts';
export type { Turn } from './turn.ts';
