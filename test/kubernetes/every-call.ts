import { Agent, request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kube } from '../support/kube.ts';

// Every call that an API server knows, from its own discovery: so that a resource of a later Kubernetes is tried too.

export const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'] as const;
export type Verb = (typeof verbs)[number];

export interface Resource {
  /** `/api/v1` or `/apis/GROUP/VERSION`. */
  readonly root: string;
  readonly group: string;
  /** With its subresource, as in `pods/attach`. */
  readonly name: string;
  readonly namespaced: boolean;
}

export async function everyResource(kube: Kube): Promise<readonly Resource[]> {
  const { body } = await kube.ask('GET', '/apis');
  const groups = body.groups as { versions: { groupVersion: string }[] }[];
  const roots = ['/api/v1', ...groups.flatMap(({ versions }) => versions.map((one) => `/apis/${one.groupVersion}`))];
  const found = roots.map(async (root) => {
    const { resources } = (await kube.ask('GET', root)).body as { resources: { name: string; namespaced: boolean }[] };
    const group = root === '/api/v1' ? '' : (root.split('/')[2] ?? '');
    return resources.map(({ name, namespaced }) => ({ root, group, name, namespaced }));
  });
  // Rights do not know versions.
  return [...new Map((await Promise.all(found)).flat().map((one) => [`${one.group}/${one.name}`, one])).values()];
}

const methods = {
  get: 'GET',
  list: 'GET',
  watch: 'GET',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETE',
} as const satisfies Readonly<Record<Verb, string>>;

const ofOne: readonly Verb[] = ['get', 'update', 'patch', 'delete'];

/** Of a subresource there is no list: whoever asks for one gets it. */
export const verbsOf = ({ name }: Resource): readonly Verb[] =>
  name.includes('/') ? verbs.filter((verb) => !['list', 'watch', 'deletecollection'].includes(verb)) : verbs;

/** @param namespace null: of the whole cluster */
function pathOf({ root, name }: Resource, verb: Verb, namespace: string | null, object: string): string {
  const [plural = '', sub] = name.split('/');
  const collection = `${root}${namespace === null ? '' : `/namespaces/${namespace}`}/${plural}`;
  const named = sub !== undefined || ofOne.includes(verb) ? `${collection}/${object}` : collection;
  const query = verb === 'watch' ? 'watch=true&timeoutSeconds=1' : 'dryRun=All';
  return `${named}${sub === undefined ? '' : `/${sub}`}?${query}`;
}

export interface Try {
  readonly resource: Resource;
  readonly verb: Verb;
  readonly namespace: string | null;
  readonly object: string;
}

export const told = ({ resource, verb, namespace }: Try): string =>
  `${verb} ${resource.name}${resource.group === '' ? '' : `.${resource.group}`} in ${namespace ?? 'the cluster'}`;

/** Calls of one token over few connections. */
export class Caller {
  readonly #agent: Agent;
  readonly #kube: Kube;

  constructor(kube: Kube) {
    this.#kube = kube;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 6, ca: kube.access.ca });
  }

  /** @returns the status; whoever asks too much at once asks again */
  async call(method: string, path: string, headers: Readonly<Record<string, string>> = {}): Promise<number> {
    for (;;) {
      const status = await this.#once(method, path, headers);
      if (status !== 429) return status;
      await sleep(50);
    }
  }

  #once(method: string, path: string, headers: Readonly<Record<string, string>>): Promise<number> {
    const { server, token = '' } = this.#kube.access;
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    return new Promise((done, fail) => {
      const body = method === 'GET' ? '' : '{}';
      // By itself Node tells no length of a DELETE, and the rest would be taken for the next call.
      const length = { 'content-type': type, 'content-length': body.length };
      const sent = { authorization: `Bearer ${token}`, ...length, ...headers };
      const call = request(new URL(path, server), { method, agent: this.#agent, headers: sent, timeout: 60_000 });
      call.on('response', (answer) => {
        answer.resume();
        answer.on('end', () => done(answer.statusCode ?? 0)).on('error', fail);
      });
      call.on('timeout', () => call.destroy(new Error(`${method} ${path}: no answer in time`)));
      call.on('error', fail).end(body);
    });
  }

  try({ resource, verb, namespace, object }: Try): Promise<number> {
    return this.call(methods[verb], pathOf(resource, verb, namespace, object));
  }

  end(): void {
    this.#agent.destroy();
  }
}
