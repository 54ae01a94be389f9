// A real Kubernetes for tests: API server, controllers, scheduler, kubelet and containerd on one node that is a set of
// namespaces of this machine. What happens in it is invisible outside, nothing in it reaches further than this machine,
// and killing one process ends all of it.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ask } from './api.mjs';
import { build } from './build.mjs';
import { kubeletApiGroup, makeCertificates } from './certificates.mjs';
import { makeGroup } from './groups.mjs';
import { importInto, inNode, openCluster, remove } from './handle.mjs';
import { ownImages } from './images.mjs';
import { layoutOf, nodeName, places } from './layout.mjs';
import { searchPath, whyNoCluster } from './programs.mjs';
import { must, run, until } from './run.mjs';
import { writeSettings } from './settings.mjs';

/**
 * @typedef {import('./handle.mjs').Cluster} Cluster
 *
 * @typedef {object} Options
 * @property {string} [folder]    empty or absent; default: one of its own in the folder for temporary files
 * @property {boolean} [enforcer] whether NetworkPolicies are enforced; default: they are
 * @property {boolean} [outlive]  whether the cluster goes on when this process ends; default: it ends with it
 * @property {string} [network]   first two numbers of all its addresses; default: 10.88
 * @property {(line: string) => void} [say]
 */

/**
 * Takes the first place that nobody has: the kernel lets only one have a link of that name.
 * @param {string} folder @param {string} network
 */
async function takePlace(folder, network) {
  for (let place = 0; place < places; place += 1) {
    const layout = layoutOf(folder, place, network);
    const { code, stderr } = await run([
      'ip',
      'link',
      'add',
      layout.link,
      'type',
      'veth',
      'peer',
      'name',
      `${layout.link}n`,
    ]);
    if (code === 0) return layout;
    if (!stderr.includes('File exists')) throw new Error(`no link to a node can be made: ${stderr}`);
  }
  throw new Error(`${places} clusters run on this machine already`);
}

/**
 * The number of the node's first process, which has the cluster's folder as its argument.
 * @param {string} pause @param {string} folder @param {boolean} outlive
 */
async function makeNode(pause, folder, outlive) {
  const bound = outlive ? [] : ['setpriv', '--pdeathsig', 'KILL', '--'];
  const namespaces = ['unshare', '--mount', '--pid', '--net', '--fork', '--kill-child', '--mount-proc', '--'];
  const [program, ...args] = [...bound, ...namespaces, pause, folder];
  const child = spawn(program, args, {
    stdio: 'ignore',
    detached: outlive,
    env: { ...process.env, PATH: searchPath.join(delimiter) },
  });
  child.unref();
  child.on('error', () => undefined);
  return until('the node has namespaces', () => {
    if (child.exitCode !== null) throw new Error('unshare has ended');
    const [inner] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').split(' ').filter(Boolean);
    // Until the program is there, it may still be about to make its namespaces.
    return inner !== undefined && readFileSync(`/proc/${inner}/comm`, 'utf8') === 'pause\n' ? Number(inner) : undefined;
  });
}

/** @param {import('./layout.mjs').Layout} layout @param {number} pid */
async function connect(layout, pid) {
  const { link, hostAddress, nodeAddress, podRange, serviceRange, folder } = layout;
  const furnish = fileURLToPath(new URL('node.sh', import.meta.url));
  await must(['ip', 'link', 'set', `${link}n`, 'netns', `${pid}`]);
  await must(['ip', 'address', 'add', `${hostAddress}/24`, 'dev', link]);
  await must(['ip', 'link', 'set', link, 'up']);
  await must([...inNode(pid), 'sh', furnish, folder, `${link}n`, `${nodeAddress}/24`]);
  for (const range of [podRange, serviceRange]) await must(['ip', 'route', 'add', range, 'via', nodeAddress]);
}

/** @param {Cluster} cluster */
async function settle({ admin }) {
  await ask(admin, 'POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    body: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'airlock-test-kubelet-api' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:kubelet-api-admin' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: kubeletApiGroup }],
    },
  });
  await until('the node is ready', async () => {
    const { body } = await ask(admin, 'GET', `/api/v1/nodes/${nodeName}`);
    /** @type {{ type: string, status: string }[]} */
    const conditions = body.status?.conditions ?? [];
    return conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
  });
  // Without it no pod is admitted.
  await until('there is a default service account', async () => {
    const { status } = await ask(admin, 'GET', '/api/v1/namespaces/default/serviceaccounts/default');
    return status === 200;
  });
}

/**
 * Starts a cluster and waits until it takes pods: 5 to 10 seconds, if everything is built.
 * @param {Options} [options]
 * @returns {Promise<Cluster>}
 */
export async function startCluster({ enforcer = true, outlive = false, network = '10.88', say, ...options } = {}) {
  const reason = whyNoCluster();
  if (reason !== null) throw new Error(`no cluster can be started: ${reason}`);
  const built = await build(say);
  const archives = await ownImages(built.pause);
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'airlock-cluster-'));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (existsSync(join(folder, 'cluster.json'))) throw new Error(`there is a cluster in ${folder} already`);
  // Both would be hidden by the node's own, and a socket's path has at most 107 bytes.
  if (/^\/(?:run|var\/log)\//.test(folder) || folder.length > 80)
    throw new Error(`${folder}: choose a short folder that is not below /run or /var/log`);

  const layout = await takePlace(folder, network);
  let pid = 0;
  try {
    pid = await makeNode(built.pause, folder, outlive);
    writeSettings(layout);
    makeGroup(layout.group);
    await Promise.all([makeCertificates(layout), connect(layout, pid)]);
    /** @type {import('./handle.mjs').Kept} */
    const kept = { layout, pid, built, images: {} };
    const file = join(folder, 'cluster.json');
    writeFileSync(file, JSON.stringify(kept));
    const early = openCluster(folder);
    const importAll = async () => {
      await early.restart('containerd');
      return { pause: await importInto(kept, archives.pause), node: await importInto(kept, archives.node) };
    };
    const serve = async () => {
      await early.restart('etcd');
      await early.restart('kube-apiserver');
    };
    const [images] = await Promise.all([importAll(), serve()]);
    writeFileSync(file, JSON.stringify({ ...kept, images }));
    /** @type {import('./components.mjs').Component[]} */
    const rest = ['kube-controller-manager', 'kube-scheduler', 'kube-proxy', 'kubelet'];
    await Promise.all((enforcer ? [...rest, /** @type {const} */ ('enforcer')] : rest).map(early.restart));
    await settle(early);
    if (enforcer) await until('network policies are enforced', () => early.log('enforcer').includes('in force'));
    return openCluster(folder);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    if (pid === 0) await run(['ip', 'link', 'delete', layout.link]);
    await remove({ layout, pid });
    throw new Error(`the cluster did not come up: ${text}`, { cause: error });
  }
}
