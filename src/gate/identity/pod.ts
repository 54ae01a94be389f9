// Who calls, in Kubernetes: a projected token with this gate's audience, which the API server knows, bound to a pod that
// has the caller's address (DESIGN.md, Identity). A token that was carried off works from no other pod, and not for longer
// than its pod lives.

import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { Failure, Refusal } from '../../protocol/index.ts';
import { type KubernetesClient, isStatus } from '../kubernetes/index.ts';
import { type RunnerIdentity, isRunnerId } from './runner.ts';

export interface PodIdentityOptions {
  readonly client: KubernetesClient;
  /** What the projected token was made for; `airlock`. */
  readonly audience: string;
  /** `namespace/name` of every service account that runners may have. */
  readonly serviceAccounts: readonly string[];
  /** `ignore`: the caller's address is not the pod's, because something between them changes it. */
  readonly address: 'check' | 'ignore';
  /** Milliseconds for one question, and how long its answer counts. */
  readonly limit?: number;
  readonly remember?: number;
}

/** What a transport knows of a caller beside the call. All of it but the address is attacker-controlled. */
export interface Caller {
  readonly address: string;
  readonly authorization: string | undefined;
}

export interface PodIdentity {
  /** @throws {Refusal} `runner-not-known` (401) @throws {Failure} `gate-failed` (503): the cluster could not be asked */
  identify(caller: Caller): Promise<RunnerIdentity>;
}

/** Of a runner in a pod. */
export interface PodRunner {
  readonly namespace: string;
  readonly pod: string;
  readonly uid: string;
}

const runnerId = ({ namespace, pod, uid }: PodRunner): string => `${namespace}/${pod}:${uid}`;

/** null: the runner is in no pod. */
export function podOfRunner({ id }: RunnerIdentity): PodRunner | null {
  const [, namespace, pod, uid] = /^([a-z0-9-]{1,63})\/([a-z0-9.-]{1,253}):([0-9a-f-]{36})$/.exec(id) ?? [];
  return namespace === undefined || pod === undefined || uid === undefined ? null : { namespace, pod, uid };
}

const one = v.pipe(
  v.strictTuple([v.string()]),
  v.transform(([only]) => only),
);
const podName = 'authentication.kubernetes.io/pod-name';
const podUid = 'authentication.kubernetes.io/pod-uid';

const review = v.object({
  status: v.object({
    authenticated: v.optional(v.boolean(), false),
    audiences: v.optional(v.array(v.string()), []),
    user: v.optional(
      v.object({
        username: v.optional(v.string(), ''),
        // An unbound token is accepted too, only without these (measured).
        extra: v.optional(v.object({ [podName]: v.optional(one), [podUid]: v.optional(one) }), {}),
      }),
      {},
    ),
  }),
});

const addresses = v.object({
  metadata: v.object({ uid: v.string() }),
  status: v.object({
    phase: v.optional(v.string(), ''),
    podIP: v.optional(v.string(), ''),
    podIPs: v.optional(v.array(v.object({ ip: v.string() })), []),
  }),
});

function notKnown(message: string): Refusal {
  return new Refusal({
    code: 'runner-not-known',
    rule: 'runner identity',
    message,
    fix: "the operator has to give runner pods a projected token with this gate's audience (values of the chart)",
    status: 401,
  });
}

const unasked = (cause: unknown): Failure =>
  new Failure('gate-failed', 'the cluster could not be asked who calls; this passes', { cause, status: 503 });

/** An address of IPv4 that came over a socket of IPv6. */
const plainAddress = (address: string): string => address.replace(/^::ffff:/, '');

/** Answers that are remembered at once. */
const maxKnown = 2_000;
/** Questions of one address that are asked at once: a runner has one token, and made-up ones cost the API server work. */
const maxAsking = 4;

export function createPodIdentity(options: PodIdentityOptions): PodIdentity {
  const { client, audience, serviceAccounts, address: compare, limit = 5_000, remember = 10_000 } = options;
  const accounts = new Set(serviceAccounts.map((account) => `system:serviceaccount:${account.replace('/', ':')}`));
  const known = new Map<string, { readonly until: number; readonly runner: Promise<RunnerIdentity> }>();

  async function reviewed(token: string): Promise<PodRunner> {
    const spec = { token, audiences: [audience] };
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec };
    const path = '/apis/authentication.k8s.io/v1/tokenreviews';
    const answer = await client.call({ method: 'POST', path, body, limit }, { repeatable: true });
    const { authenticated, audiences, user } = v.parse(review, answer.body).status;
    if (!authenticated || !audiences.includes(audience))
      throw notKnown('the token of this runner is not one of this cluster for this gate, or its pod is gone');
    if (!accounts.has(user.username ?? ''))
      throw notKnown('the token is not of a service account that runners have here');
    const { [podName]: pod, [podUid]: uid } = user.extra ?? {};
    if (pod === undefined || uid === undefined) throw notKnown('the token is bound to no pod');
    const [, , namespace = ''] = (user.username ?? '').split(':');
    return { namespace, pod, uid };
  }

  async function checkAddress({ namespace, pod, uid }: PodRunner, address: string): Promise<void> {
    let body: unknown;
    try {
      ({ body } = await client.call({ method: 'GET', path: `/api/v1/namespaces/${namespace}/pods/${pod}`, limit }));
    } catch (error) {
      if (isStatus(error, 404)) throw notKnown("the token's pod is gone");
      throw error;
    }
    const { metadata, status } = v.parse(addresses, body);
    if (metadata.uid !== uid) throw notKnown("the token's pod is gone; another one has its name");
    // A pod that has ended keeps its token and is told with its address, which another pod may have by now.
    if (status.phase === 'Succeeded' || status.phase === 'Failed') throw notKnown("the token's pod has ended");
    const own = [status.podIP ?? '', ...(status.podIPs ?? []).map(({ ip }) => ip)];
    if (!own.includes(plainAddress(address))) throw notKnown('the call does not come from the pod of its token');
  }

  const asking = new Map<string, number>();

  /** @throws {Refusal} the address has too many questions already */
  async function inTurn<T>(address: string, work: () => Promise<T>): Promise<T> {
    const before = asking.get(address) ?? 0;
    if (before >= maxAsking && compare === 'check') throw notKnown('this address brings too many tokens at once');
    asking.set(address, before + 1);
    try {
      return await work();
    } finally {
      const left = (asking.get(address) ?? 1) - 1;
      if (left > 0) asking.set(address, left);
      else asking.delete(address);
    }
  }

  async function ask(token: string, address: string): Promise<RunnerIdentity> {
    try {
      const runner = await reviewed(token);
      if (compare === 'check') await checkAddress(runner, address);
      const id = runnerId(runner);
      if (!isRunnerId(id) || podOfRunner({ id, ephemeral: true }) === null)
        throw notKnown("the token's pod has a name that is not understood");
      return { id, ephemeral: true };
    } catch (error) {
      if (error instanceof Refusal) throw error;
      throw unasked(error);
    }
  }

  function forget(): void {
    const now = performance.now();
    for (const [key, { until }] of known) if (until <= now || known.size > maxKnown) known.delete(key);
  }

  return {
    identify({ authorization, address }) {
      const [, token] = /^Bearer ([\x21-\x7e]{1,8000})$/.exec(authorization ?? '') ?? [];
      if (token === undefined) return Promise.reject(notKnown('the call brings no token of its runner'));
      const key = createHash('sha256').update(`${address}\n${token}`).digest('hex');
      forget();
      const before = known.get(key);
      if (before !== undefined) return before.runner;
      const runner = inTurn(address, () => ask(token, address));
      known.set(key, { until: performance.now() + remember, runner });
      // A no is asked again: the pod's address may not have been known yet.
      runner.catch(() => known.delete(key));
      return runner;
    },
  };
}
