// Where the cells of a try run: in Docker when that can be done here, else as child processes, and in one line which,
// and what that does not show.

import type { Logger } from '../../gate/index.ts';
import { type DockerPlace, openPlace } from './place.ts';
import { Unavailable } from './unavailable.ts';

export const engines = ['docker', 'process'] as const;
export type EngineName = (typeof engines)[number];

export interface Choice {
  /** null: child processes. */
  readonly place: DockerPlace | null;
  /** One line for whoever watches. */
  readonly says: string;
}

export interface ChoiceOptions {
  /** Absent: Docker if possible. */
  readonly engine?: EngineName | undefined;
  /** A real Drone is asked, which no internal network reaches. */
  readonly realDrone?: boolean;
  readonly log: Logger;
  readonly environment?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for an engine's first answer. */
  readonly answer?: number | undefined;
}

const lost = 'not shown are the sealed container, its one known image and its network';

const processes = (why: string): Choice => ({
  place: null,
  says: `Cells are child processes here, because ${why}: ${lost}.`,
});

/** @throws {Unavailable} Docker was demanded and cannot be had */
export async function chooseEngine(options: ChoiceOptions): Promise<Choice> {
  const { engine, realDrone = false, log, environment = process.env, signal, answer } = options;
  if (engine === 'process') return processes('--engine process says so');
  try {
    if (realDrone) throw new Unavailable('a real Drone cannot be reached from the internal network of such cells');
    const place = await openPlace({ log, environment, signal, answer });
    return { place, says: place.says };
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    if (engine === 'docker') throw new Unavailable(`--engine docker cannot be had: ${error.message}`, { cause: error });
    return processes(error.message);
  }
}
