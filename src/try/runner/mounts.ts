// Host paths and what they are called inside a container: the runner sends both, and rewrites every environment variable
// that starts with one.

import type { Layout } from './layout.ts';

export interface Mount {
  readonly userProvidedValue: string | null;
  readonly sourceVolumePath: string | null;
  readonly targetVolumePath: string;
  readonly readOnly: boolean;
}

/** From host path to container path, the first that fits counts. */
export type PathMap = readonly (readonly [host: string, container: string])[];

const mount = (sourceVolumePath: string, targetVolumePath: string, readOnly = false): Mount => ({
  userProvidedValue: null,
  sourceVolumePath,
  targetVolumePath,
  readOnly,
});

export const jobPaths = (layout: Layout): PathMap => [
  [layout.workflow, '/github/workflow'],
  [layout.home, '/github/home'],
  [layout.work, '/__w'],
  [layout.externals, '/__e'],
];

export const stepContainerPaths = (layout: Layout): PathMap => [
  [layout.workspace, '/github/workspace'],
  [layout.fileCommands, '/github/file_commands'],
  [layout.workflow, '/github/workflow'],
  [layout.home, '/github/home'],
  [layout.temp, '/github/runner_temp'],
];

/** A path below a mapped folder, or the text as it is. The runner looks at no more than the beginning. */
export function toContainerPath(text: string, paths: PathMap): string {
  for (const [host, container] of paths) {
    if (text === host) return container;
    if (text.startsWith(`${host}/`)) return container + text.slice(host.length);
  }
  return text;
}

const dockerSocket = mount('/var/run/docker.sock', '/var/run/docker.sock');

/** What the runner mounts into a job's container by itself (recording run-default). */
export function jobMounts(layout: Layout): Mount[] {
  const paths = jobPaths(layout);
  const inside = (path: string) => toContainerPath(path, paths);
  return [
    dockerSocket,
    mount(layout.work, inside(layout.work)),
    mount(layout.externals, inside(layout.externals), true),
    mount(layout.temp, inside(layout.temp)),
    mount(layout.actions, inside(layout.actions)),
    mount(layout.tools, inside(layout.tools)),
    mount(layout.home, inside(layout.home)),
    mount(layout.workflow, inside(layout.workflow)),
  ];
}

/** What the runner mounts into a container step (recording docker-actions). */
export const stepContainerMounts = (layout: Layout): Mount[] => [
  dockerSocket,
  mount(layout.temp, '/github/runner_temp'),
  mount(layout.home, '/github/home'),
  mount(layout.workflow, '/github/workflow'),
  mount(layout.fileCommands, '/github/file_commands'),
  mount(layout.workspace, '/github/workspace'),
];

/** A volume of the workflow: `source:target`, `source:target:ro`, `target:ro`, or anything else as a target. */
export function userMount(volume: string): Mount {
  const parts = volume.split(':');
  const readOnly = (text: string | undefined) => text?.toLowerCase() === 'ro';
  const made = (sourceVolumePath: string | null, targetVolumePath: string, ro: boolean): Mount => ({
    userProvidedValue: volume,
    sourceVolumePath,
    targetVolumePath,
    readOnly: ro,
  });
  const [first = '', second = '', third] = parts;
  if (parts.length === 3) return made(first, second, readOnly(third));
  if (parts.length === 2) return readOnly(second) ? made(null, first, true) : made(first, second, false);
  return made(null, volume, false);
}
