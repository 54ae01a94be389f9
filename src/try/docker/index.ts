export * from './choose.ts';
export type { DockerPlace } from './place.ts';
export { Unavailable } from './unavailable.ts';
