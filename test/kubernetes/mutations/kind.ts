// How a field of a pod is changed. Each change is a valid one: what is not valid an API server refuses before any policy
// sees it. The names of the fields are not ours: admission.test.ts compares them with what the server publishes.

// oxlint-disable-next-line typescript/no-explicit-any -- a pod, changed field by field
export type Loose = any;

export interface Outcome {
  /** Who refuses it before the policy could; the test knows how each speaks. */
  readonly otherwise?: 'validation' | 'priority' | 'overhead' | 'privileged' | 'namespace' | 'ignored';
}

export type Change = (at: Loose, field: string, pod: Loose) => void;
interface Other extends Outcome {
  readonly change: Change;
}

export interface Kind {
  /** Of the schema that the API server publishes. */
  readonly schema: string;
  readonly at: (pod: Loose) => Loose;
  readonly fields: Readonly<Record<string, Change | Other>>;
}

export const core = 'io.k8s.api.core.v1';

export const set =
  (value: unknown): Change =>
  (at, field) => {
    at[field] = value;
  };
export const add =
  (value: unknown): Change =>
  (at, field) => {
    at[field] = [...(at[field] ?? []), value];
  };
export const otherwise = (by: NonNullable<Outcome['otherwise']>, change: Change): Other => ({ change, otherwise: by });
/** The server forgets what it is told. */
export const ignored = (change: Change): Other => otherwise('ignored', change);
