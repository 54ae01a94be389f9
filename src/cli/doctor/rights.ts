// The gate's own rights in the cluster, against what it needs: whatever is beyond is what an attacker would have too.

import * as v from 'valibot';
import type { ClusterConfig } from '../../config/index.ts';
import type { KubernetesClient } from '../../gate/index.ts';
import { type Finding, bad, good, weak } from './finding.ts';
import { sentenceOf } from './probe.ts';

/** Verbs by `group/resource`. */
type Rights = Readonly<Record<string, readonly string[]>>;

/** Every service account has them (measured): questions about itself, and public certificates. */
const everybody: Rights = {
  'authorization.k8s.io/selfsubjectaccessreviews': ['create'],
  'authorization.k8s.io/selfsubjectrulesreviews': ['create'],
  'authentication.k8s.io/selfsubjectreviews': ['create'],
  'certificates.k8s.io/clustertrustbundles': ['get', 'list', 'watch'],
};
const anywhere: Rights = { ...everybody, 'authentication.k8s.io/tokenreviews': ['create'] };
const withCells: Rights = {
  ...anywhere,
  '/pods': ['create', 'get', 'list', 'watch', 'delete'],
  '/pods/attach': ['create', 'get'],
  '/pods/log': ['get'],
  '/podtemplates': ['get'],
  '/configmaps': ['create', 'get', 'list', 'update', 'delete'],
  'coordination.k8s.io/leases': ['create', 'get', 'update'],
};
const withRunners: Rights = { ...anywhere, '/pods': ['get'], 'actions.github.com/ephemeralrunners': ['get'] };

const names = v.optional(v.nullable(v.array(v.string())), []);
const review = v.object({
  status: v.object({
    incomplete: v.optional(v.boolean(), false),
    resourceRules: v.optional(
      v.nullable(v.array(v.object({ verbs: v.array(v.string()), apiGroups: names, resources: names }))),
      [],
    ),
  }),
});
type Review = v.InferOutput<typeof review>['status'];

const limit = 10_000;

/** What is beyond, as `verb group/resource`. */
function beyond({ resourceRules }: Review, needed: Rights): readonly string[] {
  const all = (resourceRules ?? []).flatMap(({ verbs, apiGroups, resources }) =>
    (apiGroups ?? []).flatMap((group) =>
      (resources ?? []).flatMap((resource) => verbs.map((verb) => [verb, `${group}/${resource}`] as const)),
    ),
  );
  const more = all.filter(([verb, at]) => !Object.hasOwn(needed, at) || !(needed[at] ?? []).includes(verb));
  return [...new Set(more.map(([verb, at]) => `${verb} ${at.replace(/^\//, '')}`))];
}

async function rightsIn(client: KubernetesClient, namespace: string, needed: Rights): Promise<Finding> {
  const what = `rights of the gate in ${namespace}`;
  const wanted = 'no more than it needs';
  const path = '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews';
  try {
    const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace } };
    const { status } = v.parse(review, (await client.call({ method: 'POST', path, body, limit })).body);
    const more = beyond(status, needed);
    if (more.length > 0)
      return bad(what, wanted, `also ${more.slice(0, 8).join(', ')}`, "take them away: the chart's Roles are enough");
    if (status.incomplete)
      return weak(what, wanted, 'no more as far as the cluster tells', 'compare by hand: kubectl auth can-i --list');
    return good(what, wanted);
  } catch (error) {
    return bad(what, wanted, sentenceOf(error), 'look at the way to the API server');
  }
}

export function rightsFindings(client: KubernetesClient, config: ClusterConfig): Promise<readonly Finding[]> {
  const { namespace } = config.kubernetes;
  const theirs = new Set(config.runners.serviceAccounts.map((name) => name.split('/')[0] ?? ''));
  theirs.delete(namespace);
  return Promise.all([
    rightsIn(client, namespace, withCells),
    ...[...theirs].map((runners) => rightsIn(client, runners, withRunners)),
  ]);
}
