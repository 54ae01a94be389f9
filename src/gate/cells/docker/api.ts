// The engine's API as far as cells need it: ten calls, each with its path, its limit and the shape of its answer.

import type { GenericSchema } from 'valibot';
import type { Logger } from '../../log.ts';
import * as answers from './answers.ts';
import { type Attached, attach } from './attach.ts';
import { EngineError } from './engine-error.ts';
import { type EngineCall, nameOf, request } from './request.ts';
import { containerName, installationLabel, type Specification } from './specification.ts';
import type { DockerTiming } from './timing.ts';
import { negotiate, spokenVersions } from './version.ts';

/** All reject with an EngineError. Containers are found by the name that is made from a cell's id. */
export interface EngineApi {
  /** Agrees on the API's version anew: an engine may have been replaced by another. */
  hello(): Promise<answers.VersionAnswer>;
  info(): Promise<answers.InfoAnswer>;
  image(reference: string): Promise<answers.ImageAnswer>;
  network(name: string): Promise<answers.NetworkAnswer>;
  create(id: string, body: Specification): Promise<answers.CreateAnswer>;
  inspect(id: string): Promise<answers.ContainerAnswer>;
  attach(id: string): Promise<Attached>;
  start(id: string): Promise<void>;
  /** Ends and deletes it. */
  remove(id: string): Promise<void>;
  /** All cells of an installation, running or not. */
  list(installation: string): Promise<answers.ListAnswer>;
}

export function createApi(socket: string, timing: DockerTiming, log: Logger): EngineApi {
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

  /** With the version that was agreed on; agrees first when nobody has. */
  async function versioned(call: EngineCall): Promise<EngineCall> {
    if (version === null) await hello();
    return { ...call, path: `${version}${call.path}` };
  }

  async function ask<T>(schema: GenericSchema<unknown, T>, call: EngineCall): Promise<T> {
    const sent = await versioned(call);
    return answers.read(schema, (await request(socket, sent)).body, nameOf(sent));
  }

  const container = (id: string): string => `/containers/${containerName(id)}`;

  return {
    hello,
    info: () => ask(answers.infoAnswer, get('/info')),
    image: (reference) => ask(answers.imageAnswer, get(`/images/${reference}/json`)),
    network: (name) => ask(answers.networkAnswer, get(`/networks/${name}`)),
    async create(id, body) {
      const path = `/containers/create?name=${containerName(id)}`;
      const made = await ask(answers.createAnswer, { method: 'POST', path, body, limit: timing.create });
      for (const warning of made.Warnings ?? []) log.warn({ cell: id, warning }, 'the Docker engine warns');
      return made;
    },
    inspect: (id) => ask(answers.containerAnswer, get(`${container(id)}/json`)),
    async attach(id) {
      const path = `${container(id)}/attach?stream=1&stdin=1&stdout=1&stderr=1`;
      return attach(socket, await versioned({ method: 'POST', path, limit: timing.attach }));
    },
    async start(id) {
      await request(socket, await versioned({ method: 'POST', path: `${container(id)}/start`, limit: timing.start }));
    },
    async remove(id) {
      const path = `${container(id)}?force=1&v=1`;
      await request(socket, await versioned({ method: 'DELETE', path, limit: timing.create }));
    },
    list(installation) {
      const filters = JSON.stringify({ label: [`${installationLabel}=${installation}`] });
      return ask(answers.listAnswer, get(`/containers/json?all=1&filters=${encodeURIComponent(filters)}`));
    },
  };
}
