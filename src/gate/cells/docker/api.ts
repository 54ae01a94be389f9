// The engine's API as cells use it: a cell is found by the name that is made from its id.

import type { Logger } from '../../log.ts';
import type { ContainerAnswer, CreateAnswer, ListAnswer } from './answers.ts';
import { type Attached, attach } from './attach.ts';
import { type Engine, createEngine } from './engine.ts';
import { containerName, installationLabel, type Specification } from './specification.ts';
import type { DockerTiming } from './timing.ts';

/** All reject with an EngineError. */
export interface EngineApi extends Pick<Engine, 'hello' | 'info' | 'image' | 'network'> {
  create(id: string, body: Specification): Promise<CreateAnswer>;
  inspect(id: string): Promise<ContainerAnswer>;
  attach(id: string): Promise<Attached>;
  start(id: string): Promise<void>;
  /** Ends and deletes it. */
  remove(id: string): Promise<void>;
  /** All cells of an installation, running or not. */
  list(installation: string): Promise<ListAnswer>;
}

export function createApi(socket: string, timing: DockerTiming, log: Logger): EngineApi {
  const engine = createEngine(socket, timing, log);
  return {
    ...engine,
    create: (id, body) => engine.create(containerName(id), body),
    inspect: (id) => engine.inspect(containerName(id)),
    async attach(id) {
      const path = `/containers/${containerName(id)}/attach?stream=1&stdin=1&stdout=1&stderr=1`;
      return attach(socket, await engine.versioned({ method: 'POST', path, limit: timing.attach }));
    },
    start: (id) => engine.start(containerName(id)),
    remove: (id) => engine.remove(containerName(id)),
    list: (installation) => engine.list([`${installationLabel}=${installation}`]),
  };
}
