import { noImage } from '../helm.ts';
import { type Change, type Kind, add, core, ignored, otherwise, set } from './kind.ts';

// The specification of a pod.

const requirement = { key: 'other', operator: 'Exists' };
const otherCell: Change = (at, field, pod) => {
  at[field] = [...(at[field] ?? []), { ...pod.spec.containers[0], name: 'other' }];
};

export const podSpec: Kind = {
  schema: `${core}.PodSpec`,
  at: (pod) => pod.spec,
  fields: {
    activeDeadlineSeconds: (at) => (at.activeDeadlineSeconds += 1),
    affinity: set({
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [requirement] }] },
      },
    }),
    automountServiceAccountToken: set(true),
    containers: otherCell,
    dnsConfig: set({ nameservers: ['192.0.2.9'] }),
    dnsPolicy: set('Default'),
    enableServiceLinks: set(true),
    ephemeralContainers: otherwise('validation', add({ name: 'other', image: noImage })),
    evictionResponders: ignored(add({ name: 'other.example' })),
    hostAliases: add({ ip: '192.0.2.9', hostnames: ['drone.internal'] }),
    hostIPC: set(true),
    hostNetwork: set(true),
    hostPID: set(true),
    hostUsers: set(false),
    hostname: set('other'),
    hostnameOverride: set('other'),
    imagePullSecrets: add({ name: 'other' }),
    initContainers: otherCell,
    nodeName: set('node1'),
    nodeSelector: set({ other: 'node' }),
    os: set({ name: 'linux' }),
    overhead: otherwise('overhead', set({ cpu: '1m' })),
    preemptionPolicy: otherwise('priority', set('Never')),
    priority: otherwise('priority', set(5)),
    priorityClassName: set('system-node-critical'),
    readinessGates: add({ conditionType: 'other.example/gate' }),
    resourceClaims: add({ name: 'other', resourceClaimName: 'other' }),
    resources: set({ limits: { cpu: '1', memory: '256Mi' } }),
    restartPolicy: set('OnFailure'),
    runtimeClassName: set('airlock-test-other'),
    schedulerName: set('other'),
    schedulingGates: add({ name: 'other.example/gate' }),
    schedulingGroup: ignored(set({ podGroupName: 'other' })),
    securityContext: set({ runAsNonRoot: true, runAsUser: 65_534 }),
    serviceAccount: (at) => {
      at.serviceAccountName = undefined;
      at.serviceAccount = 'default';
    },
    serviceAccountName: set('default'),
    setHostnameAsFQDN: set(true),
    shareProcessNamespace: set(true),
    subdomain: set('other'),
    terminationGracePeriodSeconds: set(2),
    tolerations: add({ key: 'other', operator: 'Exists' }),
    topologySpreadConstraints: add({ maxSkew: 1, topologyKey: 'other', whenUnsatisfiable: 'DoNotSchedule' }),
    volumes: add({ name: 'other', emptyDir: {} }),
  },
};

export const podSecurity: Kind = {
  schema: `${core}.PodSecurityContext`,
  at: (pod) => pod.spec.securityContext,
  fields: {
    appArmorProfile: set({ type: 'Unconfined' }),
    fsGroup: set(0),
    fsGroupChangePolicy: set('OnRootMismatch'),
    runAsGroup: set(0),
    runAsNonRoot: set(false),
    runAsUser: set(1),
    seLinuxChangePolicy: set('Recursive'),
    seLinuxOptions: set({ type: 'spc_t' }),
    seccompProfile: set({ type: 'Unconfined' }),
    supplementalGroups: set([0]),
    supplementalGroupsPolicy: set('Strict'),
    sysctls: add({ name: 'kernel.shm_rmid_forced', value: '1' }),
    windowsOptions: set({ runAsUserName: 'other' }),
  },
};
