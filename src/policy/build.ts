// From the file's words to the policy that the gate works with: defaults, milliseconds, bytes, compiled patterns.

import { createHash } from 'node:crypto';
import { type Pattern, compilePattern } from './pattern.ts';
import type { EntryFile } from './schema-entry.ts';
import type { DroneFile, PolicyFile, RepositoryFile } from './schema.ts';
import type { AllowEntry, BuildsRule, DronePolicy, ParamRule, Policy, RepositoryPolicy } from './types.ts';
import { bytes, milliseconds } from './units.ts';

const withoutSlash = (url: string): string => (url.endsWith('/') ? url.slice(0, -1) : url);

function droneOf({ server, address, token, ca, proxy, logins, publicUrl }: DroneFile): DronePolicy {
  return {
    server: withoutSlash(server),
    address,
    token,
    ca,
    proxy: proxy === undefined ? undefined : withoutSlash(proxy),
    logins,
    publicUrl: publicUrl === undefined ? undefined : withoutSlash(publicUrl),
  };
}

function buildsOf({ task, refs, builds }: EntryFile): BuildsRule | undefined {
  if (task === 'drone build') return undefined;
  return {
    refs: builds?.refs ?? refs,
    events: builds?.events ?? ['push', 'custom'],
    status: builds?.status ?? 'success',
    commit: builds?.commit ?? 'same',
  };
}

function paramsOf({ params }: EntryFile): ReadonlyMap<string, ParamRule> {
  const compiled = (source: string | undefined): Pattern | undefined =>
    source === undefined ? undefined : compilePattern(source);
  return new Map(
    Object.entries(params).map(([name, { values, pattern, required }]) => [
      name,
      { values, pattern: compiled(pattern), required },
    ]),
  );
}

function entryOf(entry: EntryFile, path: string): AllowEntry {
  const { task, events, refs, workflows, calledWorkflows, environment, targets, expect, unprotected, whenLost } = entry;
  return {
    path,
    task,
    events,
    refs,
    workflows,
    calledWorkflows,
    environment,
    params: paramsOf(entry),
    targets,
    builds: buildsOf(entry),
    expect,
    unprotected,
    whenLost,
  };
}

function repositoryOf(file: RepositoryFile, index: number): RepositoryPolicy {
  const { repository, id, drone, pipeline, log, redact, disabled } = file;
  const allow = file.allow.map((entry, number) => entryOf(entry, `repositories[${index}].allow[${number}]`));
  return { repository, id: String(id), drone, pipeline, log, redact, disabled, allow };
}

/** `text` is what the file was read from; its hash stands for the policy in ledger and audit log. */
export function buildPolicy(file: PolicyFile, text: string): Policy {
  const { image, identity, drones, repositories, limits } = file;
  return {
    version: 1,
    hash: createHash('sha256').update(text).digest('hex'),
    image,
    identity: { ...identity, proxy: identity.proxy === undefined ? undefined : withoutSlash(identity.proxy) },
    drones: new Map(Object.entries(drones).map(([name, drone]) => [name, droneOf(drone)])),
    repositories: repositories.map(repositoryOf),
    limits: {
      ...limits,
      wait: milliseconds(limits.wait),
      queue: milliseconds(limits.queue),
      run: milliseconds(limits.run),
      reconnect: milliseconds(limits.reconnect),
      logBytes: bytes(limits.logBytes),
    },
  };
}
