// The engine's API as far as airlock's containers need it, cells and runners alike: each call with its path, its limit
// and the shape of its answer. Containers are found by their name.

import type { GenericSchema } from 'valibot';
import type { Logger } from '../../log.ts';
import * as answers from './answers.ts';
import { EngineError } from './engine-error.ts';
import { type EngineCall, nameOf, request } from './request.ts';
import type { DockerTiming } from './timing.ts';
import { negotiate, spokenVersions } from './version.ts';

/** All reject with an EngineError. */
export interface Engine {
  /** Agrees on the API's version anew: an engine may have been replaced by another. */
  hello(): Promise<answers.VersionAnswer>;
  info(): Promise<answers.InfoAnswer>;
  image(reference: string): Promise<answers.ImageAnswer>;
  network(name: string): Promise<answers.NetworkAnswer>;
  create(name: string, body: object): Promise<answers.CreateAnswer>;
  inspect(name: string): Promise<answers.ContainerAnswer>;
  start(name: string): Promise<void>;
  /** Ends and deletes it. */
  remove(name: string): Promise<void>;
  /** All containers with these labels, running or not. @param labels `name` or `name=value` */
  list(labels: readonly string[]): Promise<answers.ListAnswer>;
  /** The call with the version that was agreed on; agrees first when nobody has. */
  versioned(call: EngineCall): Promise<EngineCall>;
}

export function createEngine(socket: string, timing: DockerTiming, log: Logger): Engine {
  let version: string | null = null;

  const get = (path: string): EngineCall => ({ method: 'GET', path, limit: timing.call });

  async function hello(): Promise<answers.VersionAnswer> {
    const call = get('/version');
    const seen = answers.read(answers.versionAnswer, (await request(socket, call)).body, nameOf(call));
    const spoken = negotiate(seen);
    if (spoken === null) {
      const theirs = `${seen.MinAPIVersion} to ${seen.ApiVersion}`;
      const detail = `the engine speaks versions ${theirs}, the gate ${spokenVersions}`;
      throw new EngineError({ trouble: 'version', call: nameOf(call), detail });
    }
    version = spoken;
    return seen;
  }

  async function versioned(call: EngineCall): Promise<EngineCall> {
    if (version === null) await hello();
    return { ...call, path: `${version}${call.path}` };
  }

  async function ask<T>(schema: GenericSchema<unknown, T>, call: EngineCall): Promise<T> {
    const sent = await versioned(call);
    return answers.read(schema, (await request(socket, sent)).body, nameOf(sent));
  }

  return {
    hello,
    versioned,
    info: () => ask(answers.infoAnswer, get('/info')),
    image: (reference) => ask(answers.imageAnswer, get(`/images/${reference}/json`)),
    network: (name) => ask(answers.networkAnswer, get(`/networks/${name}`)),
    async create(name, body) {
      const path = `/containers/create?name=${name}`;
      const made = await ask(answers.createAnswer, { method: 'POST', path, body, limit: timing.create });
      for (const warning of made.Warnings ?? []) log.warn({ container: name, warning }, 'the Docker engine warns');
      return made;
    },
    inspect: (name) => ask(answers.containerAnswer, get(`/containers/${name}/json`)),
    async start(name) {
      const path = `/containers/${name}/start`;
      await request(socket, await versioned({ method: 'POST', path, limit: timing.start }));
    },
    async remove(name) {
      const path = `/containers/${name}?force=1&v=1`;
      await request(socket, await versioned({ method: 'DELETE', path, limit: timing.create }));
    },
    list(labels) {
      const filters = encodeURIComponent(JSON.stringify({ label: labels }));
      return ask(answers.listAnswer, get(`/containers/json?all=1&filters=${filters}`));
    },
  };
}
