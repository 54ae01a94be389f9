import { randomBytes } from 'node:crypto';
import { afterAll, expect } from 'vitest';
import { Failure } from '../../src/protocol/index.ts';
import type { Cell } from '../../src/gate/cells/engine.ts';
import {
  type KubernetesCells,
  type KubernetesCellsOptions,
  kubernetesCells,
} from '../../src/gate/cells/kubernetes/index.ts';
import type { KubernetesClient } from '../../src/gate/index.ts';
import { silentLog } from '../../src/gate/log.ts';
import { obedient } from '../docker/scripts.ts';
import { type Right, accountWith, cellRights, clientWith } from './gate-access.ts';
import type { TestCluster } from './support.ts';

// Cells of an installation of its own: a namespace with a PodTemplate as sealed as the chart's, and a service account with
// the chart's rights.

// oxlint-disable-next-line typescript/no-explicit-any -- tests change templates field by field
type Loose = any;

/** Obeys lines as a cell does: silent before the first, and gone at once when it is told to end. */
export const obeys = obedient.replace("console.log('up');", "process.on('SIGTERM', () => process.exit(143));");

export const randomId = (): string => randomBytes(16).toString('hex');
export const podOf = (id: string, namespace: string) =>
  ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: `cell-${id}`, namespace } }) as const;

export function podTemplate(image: string, namespace: string, script: string): Loose {
  return {
    apiVersion: 'v1',
    kind: 'PodTemplate',
    metadata: { name: 'cells', namespace },
    template: {
      metadata: {
        labels: {
          'app.kubernetes.io/name': 'airlock',
          'app.kubernetes.io/instance': 'test',
          'app.kubernetes.io/component': 'cell',
        },
      },
      spec: {
        restartPolicy: 'Never',
        activeDeadlineSeconds: 600,
        terminationGracePeriodSeconds: 1,
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 65534,
          runAsGroup: 65534,
          seccompProfile: { type: 'RuntimeDefault' },
        },
        containers: [
          {
            name: 'cell',
            image,
            imagePullPolicy: 'Never',
            command: ['node', '-e'],
            args: [script],
            stdin: true,
            resources: { limits: { cpu: '1', memory: '256Mi' }, requests: { cpu: '10m', memory: '32Mi' } },
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ['ALL'] },
            },
          },
        ],
      },
    },
  };
}

export interface Place {
  readonly namespace: string;
  readonly client: KubernetesClient;
  readonly template: Loose;
  readonly cells: (options?: Partial<KubernetesCellsOptions>) => KubernetesCells;
}

const made = new Set<KubernetesCells>();
afterAll(() => {
  for (const cells of made) cells.close();
});

export interface PlaceOptions {
  readonly script?: string;
  readonly rights?: readonly Right[];
  /** Changes the template before it is made. */
  readonly change?: (spec: Loose, template: Loose) => void;
  /** False: no template is made. */
  readonly make?: boolean;
}

const restricted = { 'pod-security.kubernetes.io/enforce': 'restricted' };

export async function place(on: TestCluster, options: PlaceOptions = {}): Promise<Place> {
  const { script = obeys, rights = cellRights, change, make = true } = options;
  const namespace = await on.kube.namespace('cells', restricted);
  const template = podTemplate(on.cluster.images.node.reference, namespace, script);
  change?.(template.template.spec, template);
  if (make) await on.kube.create(template);
  const client = clientWith(on, await accountWith(on, namespace, 'gate', rights));
  return {
    namespace,
    client,
    template,
    cells(more = {}) {
      const cells = kubernetesCells({
        client,
        namespace,
        template: 'cells',
        image: on.cluster.images.node.reference,
        deadline: 60,
        log: silentLog(),
        admission: false,
        ...more,
      });
      made.add(cells);
      return cells;
    },
  };
}

export const linesOf = (cell: Cell): AsyncIterator<string> => cell.lines[Symbol.asyncIterator]();

/** The cell's next line. */
export async function lineOf(lines: AsyncIterator<string>): Promise<string> {
  const next = await lines.next();
  if (next.done === true) throw new Error('the cell wrote nothing more');
  return next.value;
}

/** The failure with which a promise rejects: its code, what the author reads, what the operator reads, and why. */
export async function told(promise: Promise<unknown>): Promise<{
  readonly code: string;
  readonly author: string;
  readonly operator: string;
  readonly detail: string;
}> {
  const error: unknown = await promise.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof Failure)) throw error;
  const cause = error.cause as Error | undefined;
  const detail = (cause?.cause as Error | undefined)?.message ?? '';
  return { code: error.code, author: error.message, operator: cause?.message ?? '', detail };
}

/** No pod of this installation is left. */
export async function nothingLeft({ kube }: TestCluster, namespace: string): Promise<void> {
  const names = async (): Promise<string[]> =>
    (await kube.list('v1', 'Pod', namespace)).map((pod: Loose) => pod.metadata.name as string);
  await expect.poll(names, { timeout: 60_000, interval: 100 }).toEqual([]);
}
