// The programs of a cluster and how each is started, in the order in which they are.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeName } from './layout.mjs';

/** @typedef {'containerd' | 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'kube-proxy' | 'kubelet' | 'enforcer'} Component */

const store = 'http://127.0.0.1:2379';
const peers = 'http://127.0.0.1:2380';

/** @param {string} text */
const linesOf = (text) => text.split('\n').map((line) => line.trim());

/**
 * @param {import('./layout.mjs').Layout} layout
 * @param {string} hyper  path
 * @returns {Record<Component, readonly string[]>}
 */
export function components(layout, hyper) {
  const { folder, nodeAddress, podRange, serviceRange } = layout;
  const at = (/** @type {string} */ name) => join(folder, name);
  const key = (/** @type {string} */ name) => join(folder, 'pki', name);
  /** @param {string} name @param {string} flags one in each line */
  const program = (name, flags) => [hyper, name, ...linesOf(flags)];
  const client = (/** @type {string} */ name) => `--kubeconfig=${at(`${name}.kubeconfig`)}`;
  return {
    containerd: ['containerd', '--config', at('containerd.toml')],

    // Only the node's own loopback sees it, so it needs no certificates; nothing in it has to outlive the machine.
    etcd: program(
      'etcd',
      `--name=only
       --data-dir=${at('etcd')}
       --unsafe-no-fsync
       --log-level=warn
       --listen-client-urls=${store}
       --advertise-client-urls=${store}
       --listen-peer-urls=${peers}
       --initial-advertise-peer-urls=${peers}
       --initial-cluster=only=${peers}`,
    ),

    'kube-apiserver': program(
      'kube-apiserver',
      `--secure-port=6443
       --bind-address=0.0.0.0
       --advertise-address=${nodeAddress}
       --etcd-servers=${store}
       --service-cluster-ip-range=${serviceRange}
       --tls-cert-file=${key('apiserver.crt')}
       --tls-private-key-file=${key('apiserver.key')}
       --client-ca-file=${key('ca.crt')}
       --kubelet-certificate-authority=${key('ca.crt')}
       --kubelet-client-certificate=${key('apiserver-kubelet-client.crt')}
       --kubelet-client-key=${key('apiserver-kubelet-client.key')}
       --kubelet-preferred-address-types=InternalIP
       --service-account-issuer=https://kubernetes.default.svc
       --service-account-key-file=${key('sa.pub')}
       --service-account-signing-key-file=${key('sa.key')}
       --authorization-mode=Node,RBAC
       --enable-admission-plugins=NodeRestriction
       --audit-policy-file=${at('audit.json')}
       --audit-log-path=${at('log/audit.ndjson')}
       --profiling=false`,
    ),

    // With the default of 20 calls a second it takes five seconds to start, and until then no pod is admitted.
    'kube-controller-manager': program(
      'kube-controller-manager',
      `${client('kube-controller-manager')}
       --root-ca-file=${key('ca.crt')}
       --service-account-private-key-file=${key('sa.key')}
       --use-service-account-credentials=true
       --kube-api-qps=500
       --kube-api-burst=1000
       --flex-volume-plugin-dir=${at('kubelet/volume-plugins')}
       --leader-elect=false
       --bind-address=127.0.0.1
       --profiling=false`,
    ),

    'kube-scheduler': program(
      'kube-scheduler',
      `${client('kube-scheduler')}
       --leader-elect=false
       --bind-address=127.0.0.1
       --profiling=false`,
    ),

    // The limits of the kernel's table of connections belong to the machine: 0 leaves them alone.
    'kube-proxy': program(
      'kube-proxy',
      `${client('kube-proxy')}
       --proxy-mode=nftables
       --cluster-cidr=${podRange}
       --hostname-override=${nodeName}
       --bind-address=${nodeAddress}
       --healthz-bind-address=127.0.0.1:10256
       --metrics-bind-address=127.0.0.1:10249
       --oom-score-adj=0
       --conntrack-max-per-core=0
       --conntrack-tcp-timeout-established=0
       --conntrack-tcp-timeout-close-wait=0`,
    ),

    kubelet: program(
      'kubelet',
      `${client('kubelet')}
       --config=${at('kubelet.json')}
       --node-ip=${nodeAddress}
       --hostname-override=${nodeName}
       --root-dir=${at('kubelet')}
       --cert-dir=${at('kubelet/pki')}`,
    ),

    enforcer: [process.execPath, fileURLToPath(new URL('enforcer/main.mjs', import.meta.url)), folder, podRange],
  };
}
