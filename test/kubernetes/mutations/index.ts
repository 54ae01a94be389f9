import { container, containerSecurity } from './container.ts';
import type { Kind, Loose, Outcome } from './kind.ts';
import { metadata, parts } from './parts.ts';
import { podSecurity, podSpec } from './pod.ts';

// One change for every field that a pod has.

export interface Mutation extends Outcome {
  readonly name: string;
  /** Of a pod that equals the template. */
  readonly change: (pod: Loose) => void;
}

export const kinds: readonly Kind[] = [podSpec, container, containerSecurity, podSecurity, ...parts, metadata];

export const mutations: readonly Mutation[] = kinds.flatMap(({ schema, at, fields }) =>
  Object.entries(fields).map(([field, entry]) => {
    const change = typeof entry === 'function' ? entry : entry.change;
    return {
      name: `${schema.slice(schema.lastIndexOf('.') + 1)}.${field}`,
      change: (pod: Loose) => change(at(pod), field, pod),
      ...(typeof entry === 'function' ? {} : { otherwise: entry.otherwise }),
    };
  }),
);
