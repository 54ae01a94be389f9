// Control groups have no namespace of their own here: the pods of a cluster are below one group, made before its kubelet
// starts and removed after everything in it has ended. A machine has one hierarchy (v2) or one for each controller (v1).
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './run.mjs';

const top = '/sys/fs/cgroup';

/** Where hierarchies begin. */
function roots() {
  if (existsSync(join(top, 'cgroup.controllers'))) return [top];
  return readdirSync(top, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(top, entry.name, 'cgroup.procs')))
    .map((entry) => join(top, entry.name));
}

/** @param {string} name */
export function makeGroup(name) {
  for (const root of roots()) {
    const group = join(root, name);
    mkdirSync(group, { recursive: true });
    if (root === top)
      for (const folder of [top, group])
        writeFileSync(join(folder, 'cgroup.subtree_control'), '+cpu +cpuset +io +memory +pids');
  }
}

/** @param {string} folder @returns {string[]} the folder's groups, the innermost first */
function within(folder) {
  if (!existsSync(folder)) return [];
  const inner = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [...inner.flatMap((entry) => within(join(folder, entry.name))), folder];
}

/** The kernel lets go of the dead a moment after they have died. @param {string} name */
export async function removeGroup(name) {
  for (const root of roots())
    await until(`the control group ${name} is empty`, () => {
      for (const folder of within(join(root, name))) rmdirSync(folder);
      return true;
    });
}

/**
 * The processes of a pod, as this machine numbers them, without the one that only holds its sandbox.
 * @param {string} name  the cluster's group
 * @param {string} uid   the pod's
 * @returns {number[]}
 */
export function processesOf(name, uid) {
  const [root = top] = roots().filter((folder) => folder === top || folder.endsWith('/memory'));
  const groups = within(join(root, name)).filter((folder) => folder.includes(`pod${uid}`));
  const ids = groups.flatMap((folder) =>
    readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean),
  );
  return ids.map(Number).filter((id) => {
    try {
      return readFileSync(`/proc/${id}/comm`, 'utf8') !== 'pause\n';
    } catch {
      return false;
    }
  });
}
