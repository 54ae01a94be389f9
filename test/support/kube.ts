import { randomBytes } from 'node:crypto';
import { type Access, type Answered, accessOf, ask, type Asked } from '../cluster/api.mjs';
import { run, until } from '../cluster/run.mjs';

// What tests ask of a Kubernetes, without any of the code under test: objects in and out, waits that end, tokens of
// service accounts, kubectl. An answer that is not a success is an error with the server's own words, except in
// `ask`, which shows it.

// oxlint-disable-next-line typescript/no-explicit-any -- what a cluster shows is looked at field by field
type Loose = any;

export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; [field: string]: unknown };
  [field: string]: unknown;
}

/** Where an object is: as it was made, or by kind and name. */
export type Place = Pick<KubeObject, 'apiVersion' | 'kind'> & { metadata: { name: string; namespace?: string } };

export class KubeError extends Error {
  readonly answer: Answered;
  constructor(what: string, answer: Answered) {
    super(`${what}: ${answer.status} ${answer.body?.message ?? JSON.stringify(answer.body)}`);
    this.answer = answer;
  }
}

/** The plural by which the API knows a kind; regular for all that tests use. */
function pluralOf(kind: string): string {
  const word = kind.toLowerCase();
  if (/[^aeiou]y$/.test(word)) return `${word.slice(0, -1)}ies`;
  return /(?:s|x|ch)$/.test(word) && word !== 'endpoints' ? `${word}es` : word.replace(/s?$/, 's');
}

/** The path of all objects of one kind in one namespace; without a namespace, of the whole cluster. */
export function listPath(apiVersion: string, kind: string, namespace?: string): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return `${root}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${pluralOf(kind)}`;
}

export const pathOf = ({ apiVersion, kind, metadata }: Place): string =>
  `${listPath(apiVersion, kind, metadata.namespace)}/${metadata.name}`;

const within = (limit: number | undefined): { limit?: number } => (limit === undefined ? {} : { limit });

const mergePatch = 'application/merge-patch+json';

export interface TokenOptions {
  /** Default: the API server's own, so that the token opens it. */
  audiences?: readonly string[];
  /** At least 600. Default: 3,600. */
  seconds?: number;
  /** Binds the token to a pod, as a projected volume does. */
  pod?: { name: string; uid: string };
}

export class Kube {
  readonly access: Access;
  readonly #kubectl: readonly string[];
  readonly #namespaces: string[] = [];

  /** @param kubectl how it is started, when the test needs it: `cluster.kubectl`. */
  constructor(access: Access, kubectl: readonly string[] = []) {
    this.access = access;
    this.#kubectl = kubectl;
  }

  static ofFile(kubeconfig: string): Kube {
    return new Kube(accessOf(kubeconfig));
  }

  /** The same API server, asked with another's token. */
  as(token: string): Kube {
    return new Kube({ server: this.access.server, ca: this.access.ca, token });
  }

  /** Any call; whatever the answer is. */
  ask(method: string, path: string, asked?: Asked): Promise<Answered> {
    return ask(this.access, method, path, asked);
  }

  async #must(method: string, path: string, asked?: Asked): Promise<Loose> {
    const answer = await this.ask(method, path, asked);
    if (answer.status >= 300) throw new KubeError(`${method} ${path}`, answer);
    return answer.body;
  }

  create(object: KubeObject): Promise<Loose> {
    const { apiVersion, kind, metadata } = object;
    return this.#must('POST', listPath(apiVersion, kind, metadata.namespace), { body: object });
  }

  /** As the server would have made it, but it does not. */
  dryRun(object: KubeObject): Promise<Answered> {
    const { apiVersion, kind, metadata } = object;
    return this.ask('POST', `${listPath(apiVersion, kind, metadata.namespace)}?dryRun=All`, { body: object });
  }

  get(place: Place): Promise<Loose> {
    return this.#must('GET', pathOf(place));
  }

  /** @param selector of labels, such as `app=gate`. */
  async list(apiVersion: string, kind: string, namespace?: string, selector = ''): Promise<Loose[]> {
    const query = selector === '' ? '' : `?labelSelector=${encodeURIComponent(selector)}`;
    const { items } = await this.#must('GET', `${listPath(apiVersion, kind, namespace)}${query}`);
    return items;
  }

  replace(object: KubeObject): Promise<Loose> {
    return this.#must('PUT', pathOf(object), { body: object });
  }

  patch(place: Place, change: object): Promise<Loose> {
    return this.#must('PATCH', pathOf(place), { body: change, type: mergePatch });
  }

  patchStatus(place: Place, status: object): Promise<Loose> {
    return this.#must('PATCH', `${pathOf(place)}/status`, { body: { status }, type: mergePatch });
  }

  /** Nothing happens if it is not there. Resolves at once, see `gone`. */
  async remove(place: Place, { grace }: { grace?: number } = {}): Promise<void> {
    const query = grace === undefined ? '' : `?gracePeriodSeconds=${grace}`;
    const answer = await this.ask('DELETE', `${pathOf(place)}${query}`);
    if (answer.status >= 300 && answer.status !== 404) throw new KubeError(`DELETE ${pathOf(place)}`, answer);
  }

  async gone(place: Place, limit?: number): Promise<void> {
    const path = pathOf(place);
    await until(`${path} is gone`, async () => (await this.ask('GET', path)).status === 404, within(limit));
  }

  /** The object, as soon as it is there and is what the test waits for. */
  until(place: Place, what: string, holds: (object: Loose) => boolean, limit?: number): Promise<Loose> {
    return until(
      `${place.metadata.name} ${what}`,
      async () => {
        const object = await this.get(place);
        return holds(object) ? object : undefined;
      },
      within(limit),
    );
  }

  /** A new namespace that takes pods, until `removeNamespaces`. @returns its name */
  async namespace(prefix: string, labels: Record<string, string> = {}): Promise<string> {
    const name = `${prefix}-${randomBytes(4).toString('hex')}`;
    this.#namespaces.push(name);
    await this.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: name } };
    await this.until(account, 'is there', () => true);
    return name;
  }

  /** Those that `namespace` made, with everything in them; does not wait for their end. */
  async removeNamespaces(): Promise<void> {
    for (const name of this.#namespaces.splice(0))
      await this.remove({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }

  /** A token of a service account, by TokenRequest. */
  async token(namespace: string, account: string, options: TokenOptions = {}): Promise<string> {
    const { audiences = [], seconds = 3_600, pod } = options;
    const boundObjectRef = pod === undefined ? undefined : { apiVersion: 'v1', kind: 'Pod', ...pod };
    const path = `${listPath('v1', 'ServiceAccount', namespace)}/${account}/token`;
    const { status } = await this.#must('POST', path, {
      body: {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { audiences, expirationSeconds: seconds, boundObjectRef },
      },
    });
    return status.token;
  }

  /** What a pod's only container has written so far. */
  async log(namespace: string, pod: string): Promise<string> {
    const { body } = await this.ask('GET', `${listPath('v1', 'Pod', namespace)}/${pod}/log`);
    return typeof body === 'string' ? body : JSON.stringify(body);
  }

  /** What kubectl writes; rejects with its complaint. */
  async kubectl(args: readonly string[], input = ''): Promise<string> {
    const { code, stdout, stderr } = await run([...this.#kubectl, ...args], { input });
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${code ?? 'a signal'}: ${stderr}`);
    return stdout;
  }
}
