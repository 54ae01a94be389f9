import { noImage } from '../helm.ts';
import { type Kind, add, core, otherwise, set } from './kind.ts';

// Its container.

const probe = { exec: { command: ['true'] } };
export const container: Kind = {
  schema: `${core}.Container`,
  at: (pod) => pod.spec.containers[0],
  fields: {
    args: set(['process.exit(0)']),
    command: set(['node', '--inspect', '-e']),
    env: add({ name: 'NODE_OPTIONS', value: '--inspect' }),
    envFrom: add({ configMapRef: { name: 'other' } }),
    image: set(noImage.replace(/0$/, '1')),
    imagePullPolicy: set('Always'),
    lifecycle: set({ postStart: probe }),
    livenessProbe: set(probe),
    name: set('other'),
    ports: add({ containerPort: 8080 }),
    readinessProbe: set(probe),
    resizePolicy: add({ resourceName: 'cpu', restartPolicy: 'NotRequired' }),
    resources: set({ limits: { cpu: '1', memory: '256Mi' } }),
    restartPolicy: set('Never'),
    restartPolicyRules: (at) => {
      at.restartPolicy = 'Never';
      at.restartPolicyRules = [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }];
    },
    securityContext: set({ allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }),
    startupProbe: set(probe),
    stdin: set(false),
    stdinOnce: set(true),
    terminationMessagePath: set('/dev/other'),
    terminationMessagePolicy: set('FallbackToLogsOnError'),
    tty: set(true),
    volumeDevices: otherwise('validation', add({ name: 'other', devicePath: '/dev/other' })),
    volumeMounts: (at, field, pod) => {
      pod.spec.volumes = [{ name: 'other', emptyDir: {} }];
      at[field] = [{ name: 'other', mountPath: '/other' }];
    },
    workingDir: set('/tmp'),
  },
};

export const containerSecurity: Kind = {
  schema: `${core}.SecurityContext`,
  at: (pod) => pod.spec.containers[0].securityContext,
  fields: {
    allowPrivilegeEscalation: set(true),
    appArmorProfile: set({ type: 'Unconfined' }),
    capabilities: set({ add: ['SYS_ADMIN'] }),
    privileged: otherwise('privileged', (at) =>
      Object.assign(at, { allowPrivilegeEscalation: true, privileged: true }),
    ),
    procMount: (at, field, pod) => {
      pod.spec.hostUsers = false;
      at[field] = 'Unmasked';
    },
    readOnlyRootFilesystem: set(false),
    runAsGroup: set(0),
    runAsNonRoot: set(false),
    runAsUser: set(1),
    seLinuxOptions: set({ type: 'spc_t' }),
    seccompProfile: set({ type: 'Unconfined' }),
    windowsOptions: set({ runAsUserName: 'other' }),
  },
};
