import { type Kind, core, ignored, otherwise, set, add } from './kind.ts';

// What is smaller than a container, and what is beside the specification.

const localProfile = { type: 'Localhost', localhostProfile: 'other' };

export const parts: readonly Kind[] = [
  {
    schema: `${core}.ResourceRequirements`,
    at: (pod) => pod.spec.containers[0].resources,
    fields: {
      claims: (at, field, pod) => {
        pod.spec.resourceClaims = [{ name: 'other', resourceClaimName: 'other' }];
        at[field] = [{ name: 'other' }];
      },
      limits: (at) => (at.limits.memory = '255Mi'),
      requests: (at) => (at.requests.cpu = '51m'),
    },
  },
  {
    schema: `${core}.Capabilities`,
    at: (pod) => pod.spec.containers[0].securityContext.capabilities,
    fields: { add: set(['NET_RAW']), drop: set(['NET_RAW']) },
  },
  {
    schema: `${core}.SeccompProfile`,
    at: (pod) => pod.spec.securityContext,
    fields: {
      localhostProfile: (at) => (at.seccompProfile = localProfile),
      type: (at) => (at.seccompProfile = { type: 'Unconfined' }),
    },
  },
  {
    schema: `${core}.Toleration`,
    at: (pod) => pod.spec.tolerations[0],
    fields: {
      effect: (at) => Object.assign(at, { effect: 'NoSchedule', tolerationSeconds: undefined }),
      key: set('other'),
      operator: (at) => Object.assign(at, { operator: 'Equal', value: 'true' }),
      tolerationSeconds: set(301),
      value: (at) => Object.assign(at, { operator: 'Equal', value: 'other' }),
    },
  },
];

export const metadata: Kind = {
  schema: 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta',
  at: (pod) => pod.metadata,
  fields: {
    annotations: set({ 'other.example/annotation': '' }),
    creationTimestamp: ignored(set('2020-01-01T00:00:00Z')),
    deletionGracePeriodSeconds: ignored(set(1)),
    deletionTimestamp: ignored(set('2020-01-01T00:00:00Z')),
    finalizers: set(['other.example/finalizer']),
    generateName: set('cell-'),
    generation: ignored(set(7)),
    labels: (at) => (at.labels['other'] = ''),
    managedFields: ignored(set([])),
    name: set('other'),
    namespace: otherwise('namespace', set('default')),
    ownerReferences: add({ apiVersion: 'v1', kind: 'ConfigMap', name: 'other', uid: 'other' }),
    resourceVersion: ignored(set('1')),
    selfLink: ignored(set('/other')),
    uid: ignored(set('other')),
  },
};
