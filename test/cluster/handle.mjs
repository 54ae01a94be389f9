// A running cluster in the hands of a test. Everything that is needed for it lies in the cluster's folder, so any
// process may take it in hand, not only the one that started it.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { accessOf, ask } from './api.mjs';
import { components } from './components.mjs';
import { processesOf, removeGroup } from './groups.mjs';
import { nodeName } from './layout.mjs';
import { must, run, stepLimit, until } from './run.mjs';

/**
 * @typedef {import('./components.mjs').Component} Component
 *
 * @typedef {object} Kept  what FOLDER/cluster.json holds
 * @property {import('./layout.mjs').Layout} layout
 * @property {number} pid  of the node's first process: whoever kills it ends the whole cluster
 * @property {import('./build.mjs').Built} built
 * @property {Readonly<Partial<Record<'node' | 'pause', Image>>>} images  there from the start
 *
 * @typedef {object} Image
 * @property {string} name       as it was given
 * @property {string} digest     sha256:…
 * @property {string} reference  name by digest; pods may use either, with imagePullPolicy Never or IfNotPresent
 *
 * @typedef {object} Cluster
 * @property {string} folder
 * @property {string} kubeconfig  path; the administrator's
 * @property {import('./api.mjs').Access} admin  the same, read
 * @property {string} server      URL of the API server, also as the node and the pods see it
 * @property {string} ca          PEM
 * @property {string} nodeName
 * @property {string} nodeAddress
 * @property {string} hostAddress  the machine's, for servers of a test that pods call
 * @property {string} podRange
 * @property {string} serviceRange
 * @property {Readonly<Record<'node' | 'pause', Image>>} images
 * @property {string} helm        path
 * @property {readonly string[]} kubectl  the beginning of its command line
 * @property {(argv: readonly string[], options?: import('./run.mjs').RunOptions) => Promise<import('./run.mjs').Outcome>} exec  in the node's namespaces, with the machine's programs
 * @property {(name: Component) => Promise<boolean>} alive
 * @property {(name: Component, signal: 'STOP' | 'CONT' | 'TERM') => Promise<void>} signal
 * @property {(name: Component) => Promise<void>} kill     kill -9; resolves when it is dead
 * @property {(name: Component) => Promise<void>} restart  kills it if it lives; containerd, the API server and the kubelet answer afterwards
 * @property {(archive: string) => Promise<Image>} importImage  of `buildImage`, or of `docker save`
 * @property {(uid: string) => number[]} processes  of a pod, as this machine numbers them
 * @property {(name: Component | 'audit') => string} log  what it has written so far
 * @property {() => Promise<void>} stop  everything, without a trace
 */

/** Whether its first process runs: that one, and no later one of the same number. @param {Pick<Kept, 'layout' | 'pid'>} kept */
function holdsNode({ layout, pid }) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[1] === layout.folder;
  } catch {
    return false;
  }
}

/** @param {number} pid @returns {string[]} */
export const inNode = (pid) => ['nsenter', '--target', `${pid}`, '--mount', '--pid', '--net', '--'];

/** @param {Pick<Kept, 'layout' | 'pid'>} kept */
const ctr = ({ layout, pid }) => [...inNode(pid), 'ctr', '--address', layout.runtime, '--namespace', 'k8s.io'];

/** @param {string} folder @returns {Kept | null} */
const read = (folder) =>
  existsSync(join(folder, 'cluster.json')) ? JSON.parse(readFileSync(join(folder, 'cluster.json'), 'utf8')) : null;

/** Ends what is left of a cluster, however it ended. @param {Pick<Kept, 'layout' | 'pid'>} kept */
export async function remove({ layout, pid }) {
  if (holdsNode({ layout, pid })) {
    // While the node lives, the link of this name is its own; afterwards another cluster may have taken the place.
    await run(['ip', 'link', 'delete', layout.link]);
    process.kill(pid, 'SIGKILL');
  }
  await until('the node is gone', () => !holdsNode({ layout, pid }));
  await removeGroup(layout.group);
  rmSync(layout.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

/**
 * @param {string} folder
 * @returns {Cluster} throws if there is none
 */
export function openCluster(folder) {
  const kept = read(folder);
  if (kept === null) throw new Error(`there is no cluster in ${folder}`);
  const { layout, pid, built } = kept;
  if (!holdsNode(kept)) throw new Error(`the cluster in ${folder} has ended`);
  const admin = accessOf(join(folder, 'admin.kubeconfig'));
  const programs = components(layout, built.hyper);
  const pidFile = (/** @type {Component} */ name) => join(folder, 'pids', name);

  /** Whatever is started in the namespace belongs to it, also when its limit has passed outside. @type {Cluster['exec']} */
  const exec = (argv, options = {}) => {
    const seconds = `${Math.ceil((options.limit ?? stepLimit) / 1_000)}`;
    return run([...inNode(pid), 'timeout', '-s', 'KILL', seconds, ...argv], {
      ...options,
      limit: (options.limit ?? stepLimit) + 5_000,
    });
  };
  /** @param {Component} name @param {string} signal */
  const send = async (name, signal) => {
    const { code } = existsSync(pidFile(name))
      ? await exec(['kill', '-s', signal, readFileSync(pidFile(name), 'utf8')])
      : { code: 1 };
    return code === 0;
  };
  /** @param {Component} name */
  const alive = (name) => send(name, '0');
  /** @type {Cluster['kill']} */
  const kill = async (name) => {
    await send(name, 'KILL');
    await until(`${name} is dead`, async () => !(await alive(name)));
  };
  /** What answers when a program has come up; of the others, nobody waits for an answer. @type {Partial<Record<Component, () => Promise<boolean>>>} */
  const answers = {
    containerd: async () => (await run([...ctr(kept), 'version'], { limit: 10_000 })).code === 0,
    'kube-apiserver': async () => (await ask(admin, 'GET', '/readyz', { limit: 5_000 })).status === 200,
    kubelet: async () => {
      const itself = { ...admin, server: `https://${layout.nodeAddress}:10250` };
      return (await ask(itself, 'GET', '/healthz', { limit: 5_000 })).status === 200;
    },
  };
  /** @param {Component} name */
  const start = async (name) => {
    // A session of its own: what ends the test, such as a terminal's interrupt, is not meant for it.
    const detached = 'setsid "$@" >>"$0" 2>&1 </dev/null & echo $!';
    const log = join(folder, 'log', name);
    const id = await must([...inNode(pid), 'sh', '-c', detached, log, ...programs[name]]);
    writeFileSync(pidFile(name), id.trim());
    await until(`${name} answers`, async () => {
      if (!(await alive(name))) throw new Error(`it has ended: ${readFileSync(log, 'utf8').slice(-2_000)}`);
      return (await answers[name]?.()) ?? true;
    });
  };

  return {
    folder,
    kubeconfig: join(folder, 'admin.kubeconfig'),
    admin,
    server: layout.server,
    ca: admin.ca,
    nodeName,
    nodeAddress: layout.nodeAddress,
    hostAddress: layout.hostAddress,
    podRange: layout.podRange,
    serviceRange: layout.serviceRange,
    images: /** @type {Cluster['images']} */ (kept.images),
    helm: built.helm,
    kubectl: [built.hyper, 'kubectl', '--kubeconfig', join(folder, 'admin.kubeconfig')],
    exec,
    alive,
    signal: async (name, signal) => {
      if (!(await send(name, signal))) throw new Error(`${name} does not run`);
    },
    kill,
    restart: async (name) => {
      if (await alive(name)) await kill(name);
      await start(name);
    },
    importImage: (archive) => importInto(kept, archive),
    processes: (uid) => processesOf(layout.group, uid),
    log: (name) => readFileSync(join(folder, 'log', name === 'audit' ? 'audit.ndjson' : name), 'utf8'),
    stop: () => remove(kept),
  };
}

/**
 * The same for whoever knows only the folder.
 * @param {string} folder
 * @returns {Promise<boolean>} whether there was one
 */
export async function removeCluster(folder) {
  const kept = read(folder);
  if (kept !== null) await remove(kept);
  return kept !== null;
}

/** @param {Pick<Kept, 'layout' | 'pid'>} kept @param {string} archive @returns {Promise<Image>} */
export async function importInto(kept, archive) {
  const images = [...ctr(kept), 'images'];
  const said = await must([...images, 'import', '--snapshotter', 'overlayfs', archive]);
  const found = /^unpacking (\S+) \((sha256:[0-9a-f]{64})\)/m.exec(said);
  const [, name, digest] = found ?? [];
  if (name === undefined || digest === undefined) throw new Error(`${archive} holds no image: ${said}`);
  const reference = `${name.replace(/:[^:/]*$/, '')}@${digest}`;
  await must([...images, 'tag', '--force', name, reference]);
  return { name, digest, reference };
}
