export { configJsonSchema } from './json-schema.ts';
export { loadConfig } from './load.ts';
export * from './types.ts';
