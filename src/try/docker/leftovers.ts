// What a try that was killed has left on the engine: its door ended with it, its network and its cells did not. Each try
// looks for that when it begins. A running door means that somebody is at work there.

import { setTimeout as sleep } from 'node:timers/promises';
import { EngineError } from '../../gate/cells/docker/engine-error.ts';
import { installationLabel } from '../../gate/cells/docker/specification.ts';
import type { Engine } from './engine.ts';

/** On networks and doors: the name of the run that made them. */
export const tryLabel = 'airlock.try';
export const installationOf = (run: string): string => `try-${run}`;

/** Milliseconds for which a network without a door may belong to a try that is just beginning. */
const fresh = 300_000;
const runName = /^[0-9a-f]{12}$/;

interface Labelled {
  readonly Id?: string;
  readonly Created?: string;
  readonly State?: string;
  readonly Labels?: Readonly<Record<string, string>> | null;
}

const filtered = (label: string): string => encodeURIComponent(JSON.stringify({ label: [label] }));

async function labelled(engine: Engine, path: string, label: string): Promise<readonly Labelled[]> {
  const found = await engine.call('GET', `${path}filters=${filtered(label)}`);
  return Array.isArray(found) ? (found as Labelled[]) : [];
}

const runOf = ({ Labels }: Labelled): string => Labels?.[tryLabel] ?? '';

/** Removes the containers of a label, running or not. */
export async function removeContainers(engine: Engine, label: string): Promise<void> {
  for (const { Id } of await labelled(engine, '/containers/json?all=1&', label))
    if (Id !== undefined) await engine.call('DELETE', `/containers/${Id}?force=1&v=1`).catch(() => undefined);
}

/** Milliseconds for containers that are being removed just now to leave their network. */
const leave = 30_000;

async function removeNetwork(engine: Engine, id: string): Promise<void> {
  const until = performance.now() + leave;
  for (;;) {
    try {
      await engine.call('DELETE', `/networks/${id}`);
      return;
    } catch (error) {
      if (error instanceof EngineError && error.status === 404) return;
      if (performance.now() > until) throw error;
    }
    await sleep(100);
  }
}

/** Everything of one run: cells, door, network. @throws {EngineError} when its network cannot be removed */
export async function removeRun(engine: Engine, run: string): Promise<void> {
  await removeContainers(engine, `${installationLabel}=${installationOf(run)}`);
  await removeContainers(engine, `${tryLabel}=${run}`);
  const networks = await labelled(engine, '/networks?', `${tryLabel}=${run}`);
  for (const { Id } of networks) if (Id !== undefined) await removeNetwork(engine, Id);
}

/** @returns how many runs were cleared away */
export async function removeLeftovers(engine: Engine, now = Date.now(), age = fresh): Promise<number> {
  const doors = await labelled(engine, '/containers/json?', tryLabel);
  const alive = new Set(doors.map(runOf));
  let removed = 0;
  for (const network of await labelled(engine, '/networks?', tryLabel)) {
    const run = runOf(network);
    const made = Date.parse(network.Created ?? '');
    if (!runName.test(run) || alive.has(run) || !(now - made > age)) continue;
    const gone = await removeRun(engine, run).then(
      () => true,
      () => false,
    );
    if (gone) removed++;
  }
  return removed;
}
