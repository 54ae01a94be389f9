export * from './fleet.ts';
export * from './github/binder.ts';
export * from './github/client.ts';
export * from './github/settings.ts';
export * from './memory.ts';
export * from './names.ts';
export * from './settings.ts';
