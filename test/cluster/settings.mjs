// The files that the programs of a cluster are set up with. Two of the settings are there for machines on which root
// may not do everything (no CAP_SYS_RESOURCE): nobody may want a lower oom score than it has.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { find, pluginFolder } from './programs.mjs';

export const pauseImage = 'airlock.test/pause:local';

/** Pod to pod traffic is routed (ptp), so that it passes the firewall of the node. @param {import('./layout.mjs').Layout} layout */
const network = ({ folder, podRange }) => ({
  cniVersion: '1.0.0',
  name: 'pods',
  plugins: [
    {
      type: 'ptp',
      ipMasq: false,
      ipam: {
        type: 'host-local',
        dataDir: join(folder, 'addresses'),
        ranges: [[{ subnet: podRange }]],
        routes: [{ dst: '0.0.0.0/0' }],
      },
    },
  ],
});

/** Read by containerd 1.6 and 2. @param {import('./layout.mjs').Layout} layout */
const containerd = ({ folder, runtime }) => `version = 2
root = "${folder}/containerd/root"
state = "${folder}/containerd/state"
[grpc]
  address = "${runtime}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  restrict_oom_score_adj = true
  disable_apparmor = true
[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = "overlayfs"
  default_runtime_name = "runc"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  SystemdCgroup = false
  BinaryName = "${find('runc')}"
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "${pluginFolder}"
  conf_dir = "${folder}/network"
`;

/** @param {import('./layout.mjs').Layout} layout */
const kubelet = ({ folder, nodeAddress, runtime, group }) => ({
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  address: nodeAddress,
  authentication: {
    anonymous: { enabled: false },
    webhook: { enabled: true },
    x509: { clientCAFile: join(folder, 'pki/ca.crt') },
  },
  authorization: { mode: 'Webhook' },
  tlsCertFile: join(folder, 'pki/kubelet-server.crt'),
  tlsPrivateKeyFile: join(folder, 'pki/kubelet-server.key'),
  containerRuntimeEndpoint: `unix://${runtime}`,
  cgroupDriver: 'cgroupfs',
  // Two kubelets below one group would take each other's pods for orphans.
  cgroupRoot: `/${group}`,
  failCgroupV1: false,
  failSwapOn: false,
  oomScoreAdj: 0,
  resolvConf: '',
  podLogsDir: join(folder, 'pod-logs'),
  volumePluginDir: join(folder, 'kubelet/volume-plugins'),
  containerLogMaxSize: '10Mi',
  nodeStatusUpdateFrequency: '4s',
  // Images are imported and cannot be pulled again: none is ever collected, however full the machine's disk is.
  imageGCHighThresholdPercent: 100,
  imageGCLowThresholdPercent: 99,
  evictionHard: {
    'memory.available': '100Mi',
    'nodefs.available': '1%',
    'nodefs.inodesFree': '1%',
    'imagefs.available': '1%',
  },
});

/** What people and service accounts of the tests ask for; what the cluster says to itself is left out. */
const audit = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    { level: 'None', userGroups: ['system:nodes', 'system:serviceaccounts:kube-system'] },
    {
      level: 'None',
      users: ['kube-scheduler', 'kube-controller-manager', 'apiserver', 'kube-proxy'].map((name) => `system:${name}`),
    },
    { level: 'Metadata' },
  ],
};

/** Writes all of them into the cluster's folder. @param {import('./layout.mjs').Layout} layout */
export function writeSettings(layout) {
  const { folder } = layout;
  for (const name of ['log', 'pids', 'network', 'pod-logs', 'kubelet']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'network/10-pods.conflist'), JSON.stringify(network(layout)));
  writeFileSync(join(folder, 'containerd.toml'), containerd(layout));
  writeFileSync(join(folder, 'kubelet.json'), JSON.stringify(kubelet(layout)));
  writeFileSync(join(folder, 'audit.json'), JSON.stringify(audit));
  writeFileSync(join(folder, 'resolv.conf'), 'nameserver 127.0.0.1\n');
}
