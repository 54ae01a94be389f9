// The parts of a policy file that are well-formed by themselves. The rules between keys look at these, so that one
// misspelt word does not hide every other problem of the file.

import * as v from 'valibot';
import { type EntryFile, entrySchema } from './schema-entry.ts';
import { type DroneFile, droneSchema, headerSchema } from './schema.ts';

type Header = v.InferOutput<typeof headerSchema>;

export interface RepositoryPiece {
  /** Absent: one of these keys is wrong. */
  readonly header: Header | undefined;
  /** In the order of the file; undefined: broken. */
  readonly allow: readonly (EntryFile | undefined)[];
}

export interface Pieces {
  readonly mode: unknown;
  /** undefined: broken, but there. */
  readonly drones: ReadonlyMap<string, DroneFile | undefined>;
  readonly repositories: readonly RepositoryPiece[];
}

const field = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function parsed<T>(schema: v.GenericSchema<unknown, T>, value: unknown): T | undefined {
  const result = v.safeParse(schema, value);
  return result.success ? result.output : undefined;
}

export function piecesOf(value: unknown): Pieces {
  const drones = field(value, 'drones');
  return {
    mode: field(field(value, 'identity'), 'mode') ?? 'github',
    drones: new Map(
      typeof drones === 'object' && drones !== null && !Array.isArray(drones)
        ? Object.entries(drones).map(([name, drone]) => [name, parsed(droneSchema, drone)])
        : [],
    ),
    repositories: list(field(value, 'repositories')).map((repository) => ({
      header: parsed(headerSchema, repository),
      allow: list(field(repository, 'allow')).map((entry) => parsed(entrySchema, entry)),
    })),
  };
}
