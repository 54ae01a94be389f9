// `node test/cluster/build.mjs`: what a cluster is made of, built once for each machine. Kubernetes takes 8 to 12
// minutes on two cores and 7 GB of disk the first time, helm two more; then both are found in the cache.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cached, cachedPath } from './cache.mjs';
import { find, searchPath } from './programs.mjs';

const limit = Number(process.env['AIRLOCK_CLUSTER_BUILD_LIMIT_MS'] ?? 40 * 60_000);
const helmVersion = 'v4.3.1';
const folder = fileURLToPath(new URL('hyper', import.meta.url));

/**
 * @typedef {object} Built
 * @property {string} hyper  path: every program of Kubernetes, etcd and kubectl in one file
 * @property {string} helm
 * @property {string} pause  what a pod's sandbox runs, and what the node's namespaces begin with
 */

/** @returns {{ [program in keyof Built]: import('./cache.mjs').Recipe }} */
function recipes() {
  const env = {
    CGO_ENABLED: '0',
    GOFLAGS: '-buildvcs=false',
    PATH: searchPath.join(delimiter),
  };
  const go = execFileSync(find('go') ?? 'go', ['version'], {
    encoding: 'utf8',
    timeout: 30_000,
    env: { ...process.env, ...env },
    cwd: folder,
  });
  const texts = ['main.go', 'go.mod', 'go.sum'].map((name) => readFileSync(`${folder}/${name}`));
  const version = /^\s*k8s\.io\/kubernetes v(\d+)\.(\d+)\.(\d+)$/m.exec(String(texts[1]));
  if (version === null) throw new Error('hyper/go.mod names no version of k8s.io/kubernetes');
  const [, major, minor, patch] = version;
  // Without these the API server says that it is v0.0.0-master, and charts believe it.
  const says = {
    gitVersion: `v${major}.${minor}.${patch}`,
    gitMajor: major,
    gitMinor: minor,
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
  };
  const flags = Object.entries(says).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`);
  return {
    hyper: {
      name: 'hyper',
      inputs: [go, ...texts],
      script: `cd "$2"; go build -trimpath -ldflags '-s -w ${flags.join(' ')}' -o "$1" .`,
      args: [folder],
      env,
      limit,
    },
    helm: {
      name: 'helm',
      inputs: [go],
      script: `GOBIN="$1.d" go install -trimpath helm.sh/helm/v4/cmd/helm@${helmVersion}; mv "$1.d/helm" "$1"; rmdir "$1.d"`,
      env,
      limit,
    },
    pause: {
      name: 'pause',
      inputs: [readFileSync(new URL('pause.c', import.meta.url))],
      script: 'gcc -Os -static -s -Wall -Werror -o "$1" "$2"',
      args: [fileURLToPath(new URL('pause.c', import.meta.url))],
    },
  };
}

/** Whether a cluster comes up at once. Never throws. */
export function isBuilt() {
  try {
    return Object.values(recipes()).every((recipe) => recipe.name === 'pause' || existsSync(cachedPath(recipe)));
  } catch {
    return false;
  }
}

/**
 * Builds what is not there yet.
 * @param {(line: string) => void} [say]
 * @returns {Promise<Built>}
 */
export async function build(say) {
  const { hyper, helm, pause } = recipes();
  // One after the other: each keeps every core busy by itself.
  return { pause: await cached(pause, say), hyper: await cached(hyper, say), helm: await cached(helm, say) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // With it end the compilers that it has started.
  process.on('SIGTERM', () => process.exit(143));
  try {
    await build((line) => console.log(`cluster: ${line}`));
  } catch (error) {
    console.error(`cluster: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
