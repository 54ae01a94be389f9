// A gate in a cluster, from its configuration: cells are pods, the ledger is ConfigMaps, runners call over HTTPS. What is
// opened, in which order, and how it is closed again.

import { hostname } from 'node:os';
import type { ClusterConfig } from '../config/index.ts';
import {
  type Audit,
  type Gate,
  type KubernetesCells,
  type KubernetesClient,
  type Listener,
  type Logger,
  type SharedLedger,
  accessInCluster,
  arcBinder,
  cellDeadline,
  createKubernetesClient,
  createPodIdentity,
  createSharedGate,
  kubernetesCells,
  listenForOperator,
  listenOnHttps,
  livePolicy,
  openAudit,
  openClusterLedger,
} from '../gate/index.ts';
import type { Policy } from '../policy/index.ts';
import { Failure } from '../protocol/index.ts';
import { type PolicyWatch, watchPolicy } from './policy-watch.ts';
import { aroundPods, selfTestOf } from './self-test.ts';
import type { Served } from './serve-gate.ts';

/** Whatever was opened, for when something else cannot be. */
interface Opened {
  audit?: Audit;
  ledger?: SharedLedger;
  cells?: KubernetesCells;
  gate?: Gate;
  watch?: PolicyWatch;
  readonly listeners: Listener[];
}

async function close({ audit, ledger, cells, gate, watch, listeners }: Opened): Promise<void> {
  watch?.stop();
  const closing = gate === undefined ? Promise.all([audit?.close(), ledger?.close()]) : gate.stop();
  await Promise.all([closing, ...listeners.map((listener) => listener.close())]);
  cells?.close();
}

/** `ADDRESS:PORT`. */
function placeOf(listen: string): { readonly host: string; readonly port: number } {
  const mark = listen.lastIndexOf(':');
  return { host: listen.slice(0, mark).replace(/[[\]]/g, ''), port: Number(listen.slice(mark + 1)) };
}

async function openGate(
  config: ClusterConfig,
  first: Policy,
  text: string,
  client: KubernetesClient,
  log: Logger,
  opened: Opened,
): Promise<Gate> {
  const audit = (opened.audit = await openAudit(config.audit));
  await audit.write({ event: 'start', policy: first.hash });
  const { name, namespace, template, admission } = config.kubernetes;
  const holder = process.env['AIRLOCK_POD'] ?? hostname();
  const ledger = (opened.ledger = openClusterLedger({ client, namespace, name, holder, log }));
  const image = first.image.run;
  const deadline = cellDeadline(first);
  const cells = (opened.cells = kubernetesCells({ client, namespace, template, image, deadline, admission, log }));
  await cells.check();
  const live = livePolicy(first);
  const binder = first.identity.bind === 'arc' ? arcBinder(client) : undefined;
  opened.watch = watchPolicy({ file: config.policy, text, live, audit, log });
  const selfTest = selfTestOf(config, aroundPods(config, client));
  return (opened.gate = createSharedGate({ policy: live.policy, ledger, audit, cells, log, binder, selfTest }));
}

/** @throws {Failure} or the system's error: nothing is left open */
export async function serveInCluster(
  config: ClusterConfig,
  policy: Policy,
  text: string,
  log: Logger,
): Promise<Served> {
  const access = accessInCluster(process.env);
  if (access === null)
    throw new Failure('gate-failed', 'engine.kubernetes needs a pod: KUBERNETES_SERVICE_HOST and _PORT are not set');
  const client = createKubernetesClient(access);
  const opened: Opened = { listeners: [] };
  const notReady = (): readonly string[] => opened.gate?.notReady() ?? [];
  const warnings = (): readonly string[] =>
    [opened.watch?.problem() ?? null, ...(opened.gate?.warnings() ?? [])].filter((one) => one !== null);
  try {
    const gate = await openGate(config, policy, text, client, log, opened);
    const { certificate, key, audience, serviceAccounts, address, listen } = config.runners;
    const identity = createPodIdentity({ client, audience, serviceAccounts, address });
    opened.listeners.push(await listenOnHttps(gate, { ...placeOf(listen), certificate, key, identity }));
    if (config.listen !== undefined)
      opened.listeners.push(await listenForOperator({ log, notReady }, config.listen, {}, warnings, 'network'));
  } catch (error) {
    await close(opened);
    throw error;
  }
  return { notReady, close: () => close(opened) };
}
