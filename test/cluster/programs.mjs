// The programs of this machine that a cluster is made with, and Debian's packages that bring them.
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A service's user often has no sbin in its path. */
export const searchPath = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/go/bin', '/usr/sbin', '/sbin'];

/** Where Debian has the plugins of the container network. */
export const pluginFolder = '/usr/lib/cni';

/** @type {readonly (readonly [program: string, debian: string])[]} */
const needed = [
  ['containerd', 'containerd'],
  ['ctr', 'containerd'],
  ['runc', 'runc'],
  [join(pluginFolder, 'ptp'), 'containernetworking-plugins'],
  ['nft', 'nftables'],
  ['iptables', 'iptables'],
  ['conntrack', 'conntrack'],
  ['openssl', 'openssl'],
  ['gcc', 'gcc'],
  ['busybox', 'busybox-static'],
  ['ip', 'iproute2'],
  ['unshare', 'util-linux'],
  ['nsenter', 'util-linux'],
  ['setpriv', 'util-linux'],
  ['flock', 'util-linux'],
  ['mount', 'mount'],
  ['tar', 'tar'],
];

/** @param {string} name @returns {string | undefined} */
export function find(name) {
  const places = name.startsWith('/') ? [name] : searchPath.map((folder) => join(folder, name));
  return places.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Debian's packages that are missing here. */
export function missingPackages() {
  return [...new Set(needed.filter(([program]) => find(program) === undefined).map(([, debian]) => debian))];
}

/** Why no cluster can be started here, whatever is built; null: nothing is known against it. */
export function whyNoCluster() {
  if (process.platform !== 'linux') return 'a cluster needs Linux';
  if (process.getuid?.() !== 0) return 'a cluster of its own needs root';
  const missing = missingPackages();
  if (missing.length > 0) return `not installed, Debian's packages: ${missing.join(' ')}`;
  if (!existsSync('/sys/fs/cgroup')) return 'there are no control groups here';
  return find('go') === undefined ? 'Go 1.26 or newer is not installed (Debian 12 has an older one: go.dev/dl)' : null;
}
