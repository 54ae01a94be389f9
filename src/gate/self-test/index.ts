export * from './attempts.ts';
export * from './cluster.ts';
export * from './machine.ts';
export { type ProbeOptions, type Probed, probeFrom } from './probe-cell.ts';
export type { SelfTestOptions } from './self-test.ts';
