export { acceptsImage } from './accepts-image.ts';
export * from './claims.ts';
export { decide, rehearse } from './decide.ts';
export { policyJsonSchema } from './json-schema.ts';
export { loadPolicy } from './load.ts';
export { assertedClaims, parseClaims } from './parse-claims.ts';
export { PolicyError } from './problem.ts';
export * from './types.ts';
