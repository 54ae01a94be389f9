// Which processes of this machine belong to what, read from /proc: a container's by its control group, a shim, an engine and
// a hook by how they were started. An engine's own numbers are those of its own namespace, so they are of no use here.

import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

interface Seen {
  readonly pid: number;
  readonly command: string;
  readonly groups: string;
  readonly folder: string;
}

function look(read: () => string): string {
  try {
    return read();
  } catch {
    return ''; // It has ended.
  }
}

function processes(): Seen[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((name) => {
    const command = look(() => readFileSync(`/proc/${name}/cmdline`, 'utf8')).replaceAll('\0', ' ');
    if (command === '') return [];
    const groups = look(() => readFileSync(`/proc/${name}/cgroup`, 'utf8'));
    return [{ pid: Number(name), command, groups, folder: look(() => readlinkSync(`/proc/${name}/cwd`)) }];
  });
}

const pidsOf = (fits: (seen: Seen) => boolean): number[] =>
  processes()
    .filter(fits)
    .map(({ pid }) => pid);
const isShim = ({ command }: Seen): boolean => command.includes('containerd-shim');

/** @param container its whole id */
export const cellPids = (container: string): number[] =>
  pidsOf((seen) => seen.groups.includes(container) && !isShim(seen));
/** What runs in any container of an engine. @param group that the engine puts its containers in */
export const containedPids = (group: string): number[] => pidsOf(({ groups }) => groups.includes(`/${group}/`));
export const shimPids = (container: string): number[] =>
  pidsOf((seen) => isShim(seen) && seen.command.includes(container));
/** dockerd itself, not the init that started it. @param folder of the engine */
export const enginePids = (folder: string): number[] =>
  pidsOf(({ command }) => /^(?:\S*\/)?dockerd /.test(command) && command.includes(`${folder}/`));
/** The init of an engine's namespaces: it lives as long as they do, whatever becomes of dockerd. */
export const initPids = (folder: string): number[] =>
  pidsOf(({ command }) => /^(?:\S*\/)?sh \S+\/init\.sh /.test(command) && command.includes(`${folder} `));
/** @param folder in which the runner of the job works */
export const hookPids = (folder: string): number[] =>
  pidsOf(({ command, folder: cwd }) => cwd.startsWith(`${folder}/`) && command.includes('/hook/index.js'));

export function signal(pids: readonly number[], name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch {
      // It has ended meanwhile.
    }
  }
}
