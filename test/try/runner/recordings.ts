// Makes a recorded job and a played one comparable: temporary names, paths of the machine and the step names that the
// recordings' job messages were given are brought to one form, and steps that use a repository's action are left out.

import { basename } from 'node:path';
import type { SeenCall } from './play.ts';

export interface Recording {
  readonly runner: string;
  readonly workflow: string;
  readonly calls: readonly SeenCall[];
}

const guid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

// The real runner sets these too; the recordings keep only the part of the environment that matters.
const unrecorded = new Set(['PATH', 'RUNNER_TRACKING_ID']);

const sorted = (record: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));

/** Numbers the guids in the order in which they appear, so that the same one is the same on both sides. */
function numberGuids(text: string): string {
  const seen = new Map<string, string>();
  return text.replaceAll(guid, (found) => {
    if (!seen.has(found)) seen.set(found, `guid-${seen.size + 1}`);
    return seen.get(found)!;
  });
}

export interface Names {
  /** The runner's root folder: /home/runner in the recordings. */
  readonly root: string;
  readonly hook: string;
  /** The real name of each step; the recordings' job messages call a step without id `__step<index>`. */
  readonly steps: readonly string[];
}

/** The calls with everything that differs from run to run brought to one form. File names are guids: sorted by text. */
export function normalise(calls: readonly SeenCall[], { root, hook, steps }: Names): SeenCall[] {
  const plain = calls.map(({ input, env, cwd, files }) => ({
    input,
    env: sorted(Object.fromEntries(Object.entries(env).filter(([name]) => !unrecorded.has(name)))),
    cwd,
    files: Object.fromEntries(Object.entries(files).sort((a, b) => (`${a[1]}` < `${b[1]}` ? -1 : 1))),
  }));
  const text = numberGuids(JSON.stringify(plain))
    .replaceAll(hook, '/opt/airlock/hook.js')
    .replaceAll(root, '/home/runner')
    .replaceAll('"ARM64"', '"X64"')
    // The recordings were made against services on the recorder's own machine.
    .replaceAll(/http:\/\/127\.0\.0\.1:\d+\//g, 'https://run-actions.invalid/')
    .replaceAll(/"__step(\d+)"/g, (whole, index: string) => JSON.stringify(steps[Number(index)] ?? whole));
  return JSON.parse(text) as SeenCall[];
}

/** Leaves out what steps with an action of another repository did: their calls, and the files of their scripts. */
export function withoutActions(calls: readonly SeenCall[], foreign: readonly number[]): SeenCall[] {
  const names = new Set(foreign.map((index) => `__step${index}`));
  const isForeign = ({ input, env }: SeenCall) =>
    input.command.startsWith('run_') && names.has(env['GITHUB_ACTION'] ?? '');
  const scripts = new Set(
    calls
      .filter(isForeign)
      .flatMap(({ input }) => (input.args as { entryPointArgs: string[] }).entryPointArgs.map((arg) => basename(arg))),
  );
  return calls
    .filter((call) => !isForeign(call))
    .map((call) => ({
      ...call,
      files: Object.fromEntries(Object.entries(call.files).filter(([name]) => !scripts.has(name))),
    }));
}

/** Every leaf of a value by its path. */
export function leaves(value: unknown, path = ''): Map<string, unknown> {
  if (value === null || typeof value !== 'object') return new Map([[path, value]]);
  const entries = Object.entries(value);
  if (entries.length === 0) return new Map([[path, Array.isArray(value) ? '[]' : '{}']]);
  return new Map(entries.flatMap(([key, item]) => [...leaves(item, path === '' ? key : `${path}/${key}`)]));
}
