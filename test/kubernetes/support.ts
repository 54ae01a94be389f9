import { afterAll, beforeAll, describe } from 'vitest';
import { isBuilt } from '../cluster/build.mjs';
import { type Cluster, type Options, startCluster } from '../cluster/cluster.mjs';
import { openCluster } from '../cluster/handle.mjs';
import { whyNoCluster } from '../cluster/programs.mjs';
import { Kube, type KubeObject } from '../support/kube.ts';

// A real cluster for the tests: the one that the environment names (.ci/run starts one for all files), else one of the
// file's own where that is possible at once, else none: then the tests are skipped, which the closing line counts.

export interface TestCluster {
  readonly cluster: Cluster;
  /** The administrator's. */
  readonly kube: Kube;
}

function whyNot(): string {
  const reason = whyNoCluster();
  if (reason !== null) return reason;
  return isBuilt() ? '' : 'it is not built yet: node test/cluster/build.mjs takes 8 to 12 minutes, once';
}

const without = (reason: string): string => (reason === '' ? '' : ` (no cluster: ${reason})`);

interface Started {
  cluster: Cluster;
  end(): Promise<void>;
}

async function start(options: Options | 'shared'): Promise<Started> {
  const given = process.env['AIRLOCK_TEST_CLUSTER'] ?? '';
  if (options === 'shared' && given !== '') return { cluster: openCluster(given), end: () => Promise.resolve() };
  const cluster = await startCluster(options === 'shared' ? {} : options);
  return { cluster, end: () => cluster.stop() };
}

function describeWith(name: string, options: Options | 'shared', tests: (get: () => TestCluster) => void): void {
  const reason = whyNot();
  describe(`${name}${without(reason)}`, { skip: reason !== '' }, () => {
    let started: Started | undefined;
    let shown: TestCluster | undefined;
    beforeAll(async () => {
      started = await start(options);
      shown = { cluster: started.cluster, kube: new Kube(started.cluster.admin, started.cluster.kubectl) };
    }, 180_000);
    afterAll(async () => {
      await shown?.kube.removeNamespaces();
      await started?.end();
    }, 120_000);
    tests(() => {
      if (shown === undefined) throw new Error('the cluster is there only while tests run');
      return shown;
    });
  });
}

/** A `describe` of tests that need a cluster and leave it as it is: each works in a namespace of its own. */
export const describeCluster = (name: string, tests: (get: () => TestCluster) => void): void =>
  describeWith(name, 'shared', tests);

/** The same for tests that kill its programs: it is theirs alone. */
export const describeOwnCluster = (name: string, options: Options, tests: (get: () => TestCluster) => void): void =>
  describeWith(name, options, tests);

export interface PodOptions {
  labels?: Record<string, string>;
  stdin?: boolean;
  ports?: readonly { name?: string; containerPort: number }[];
}

/** A pod that runs one script with node, as sealed as Pod Security's `restricted` asks for. */
export function nodePod(
  { cluster }: TestCluster,
  namespace: string,
  name: string,
  script: string,
  { labels = {}, stdin = false, ports = [] }: PodOptions = {},
): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 1,
      securityContext: { runAsNonRoot: true, runAsUser: 65534, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'main',
          image: cluster.images.node.reference,
          imagePullPolicy: 'Never',
          command: ['node', '-e', script],
          stdin,
          ports,
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  };
}
