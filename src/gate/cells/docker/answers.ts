// What is used of the engine's answers, and no more: engines add fields with every version.

import * as v from 'valibot';
import { isObject } from '../../../protocol/index.ts';
import { EngineError } from './engine-error.ts';

const anObject = v.custom<Readonly<Record<string, unknown>>>(isObject, 'an object');
/** Go writes an empty list as null. */
const list = <T>(of: v.GenericSchema<unknown, T>) => v.optional(v.nullable(v.array(of)), null);
const engineId = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));

const labels = v.pipe(
  v.optional(v.nullable(anObject), null),
  v.transform((all) => (name: string): string | null => {
    const value = all !== null && Object.hasOwn(all, name) ? all[name] : null;
    return typeof value === 'string' ? value : null;
  }),
);

export const versionAnswer = v.object({
  Version: v.string(),
  ApiVersion: v.string(),
  MinAPIVersion: v.string(),
  Os: v.string(),
});

export const infoAnswer = v.object({
  SecurityOptions: list(v.string()),
  MemoryLimit: v.boolean(),
  PidsLimit: v.boolean(),
  CpuCfsQuota: v.boolean(),
  LiveRestoreEnabled: v.boolean(),
});

export const imageAnswer = v.object({
  Id: v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/)),
  RepoDigests: list(v.string()),
  Config: v.object({ Env: list(v.string()), Volumes: v.optional(v.nullable(anObject), null) }),
});

export const networkAnswer = v.object({
  Name: v.string(),
  Id: v.string(),
  Driver: v.string(),
  Internal: v.boolean(),
  IPAM: v.optional(v.object({ Config: list(v.object({ Gateway: v.optional(v.string()) })) })),
  Containers: v.optional(v.nullable(v.record(v.string(), v.object({ IPv4Address: v.optional(v.string()) })))),
});

export const createAnswer = v.object({ Id: engineId, Warnings: list(v.string()) });

export const containerAnswer = v.object({
  Id: engineId,
  State: v.object({
    Status: v.string(),
    Running: v.boolean(),
    OOMKilled: v.boolean(),
    ExitCode: v.number(),
    Error: v.string(),
  }),
  Config: v.object({ Image: v.string(), User: v.string(), Labels: labels }),
  HostConfig: anObject,
  Mounts: list(v.unknown()),
});

export const listAnswer = v.array(v.object({ Id: engineId, State: v.string(), Labels: labels }));

export type VersionAnswer = v.InferOutput<typeof versionAnswer>;
export type InfoAnswer = v.InferOutput<typeof infoAnswer>;
export type ImageAnswer = v.InferOutput<typeof imageAnswer>;
export type NetworkAnswer = v.InferOutput<typeof networkAnswer>;
export type CreateAnswer = v.InferOutput<typeof createAnswer>;
export type ContainerAnswer = v.InferOutput<typeof containerAnswer>;
export type ListAnswer = v.InferOutput<typeof listAnswer>;

/** @throws {EngineError} `malformed` */
export function read<T>(schema: v.GenericSchema<unknown, T>, body: unknown, call: string): T {
  const result = v.safeParse(schema, body, { abortEarly: true });
  if (result.success) return result.output;
  const path = (result.issues[0].path ?? []).map(({ key }) => String(key)).join('.');
  throw new EngineError({ trouble: 'malformed', call, detail: `its answer is not as expected at "${path}"` });
}
