import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type KubernetesCells, kubernetesCells } from '../../src/gate/cells/kubernetes/index.ts';
import { createKubernetesClient } from '../../src/gate/index.ts';
import { silentLog } from '../../src/gate/log.ts';
import { type FakeApi, startFakeApi } from '../fakes/api-server.ts';
import { obeys, podTemplate, randomId, told } from './cells.ts';
import { accessWith } from './gate-access.ts';

// Which PodTemplate the gate makes cells from, and what it does before it trusts the cluster with one.

// oxlint-disable-next-line typescript/no-explicit-any -- tests change templates field by field
type Loose = any;

const base = '/api/v1/namespaces/n';
const image = 'registry.example/node@sha256:x';
const policy = "pods \"x\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'p' denied request: no";
const quota = 'pods "x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1';
const forbidden = (message: string) => ({ status: 403, body: { message, reason: 'Forbidden' } });
const fine = { status: 201, body: {} };

let api: FakeApi;
let cells: KubernetesCells | undefined;
beforeEach(async () => {
  api = await startFakeApi();
});
afterEach(async () => {
  cells?.close();
  await api.stop();
});

function open(change: (spec: Loose, template: Loose) => void = () => undefined, admission = false): KubernetesCells {
  const template = podTemplate(image, 'n', obeys);
  change(template.template.spec, template.template);
  api.put(`${base}/podtemplates/cells`, template);
  const client = createKubernetesClient(accessWith(api.server, 'token', api.ca));
  cells = kubernetesCells({
    client,
    namespace: 'n',
    template: 'cells',
    image,
    deadline: 60,
    log: silentLog(),
    admission,
  });
  return cells;
}

describe('the template of the cells', () => {
  it('seals as the chart writes it', async () => {
    expect(await open().check()).toBeNull();
  });

  const secure = (spec: Loose): Loose => spec.containers[0].securityContext;
  it.each<[string, (spec: Loose, template: Loose) => void]>([
    ['its specification must not have "hostNetwork"', (spec) => (spec.hostNetwork = true)],
    ['its specification must not have "volumes"', (spec) => (spec.volumes = [{ name: 'x', emptyDir: {} }])],
    ['its specification must not have "initContainers"', (spec) => (spec.initContainers = [{ name: 'x' }])],
    ['its specification must not have "newInKubernetes"', (spec) => (spec.newInKubernetes = 1)],
    ['its container must not have "env"', (spec) => (spec.containers[0].env = [{ name: 'A', value: 'b' }])],
    ['its container must not have "lifecycle"', (spec) => (spec.containers[0].lifecycle = { preStop: {} })],
    ['its container has to be named "cell"', (spec) => (spec.containers[0].name = 'x')],
    [
      `its container's image has to be the policy's image.run (${image})`,
      (spec) => (spec.containers[0].image = 'other'),
    ],
    ['its container\'s command has to be ["node", "-e"]', (spec) => (spec.containers[0].command = ['sh', '-c'])],
    ["its container's args have to be the managed script alone", (spec) => spec.containers[0].args.push('more')],
    ['its container needs stdin: true, and neither stdinOnce nor tty', (spec) => (spec.containers[0].stdinOnce = true)],
    ['its container needs limits of memory and cpu', (spec) => delete spec.containers[0].resources.limits.memory],
    ['its container\'s securityContext must not have "procMount"', (spec) => (secure(spec).procMount = 'Unmasked')],
    ['its container must not run as root', (spec) => (secure(spec).runAsUser = 0)],
    ['its container must not run as root', (spec) => (secure(spec).runAsNonRoot = false)],
    ['its container must not be without seccomp', (spec) => (secure(spec).seccompProfile = { type: 'Unconfined' })],
    [
      'its container needs allowPrivilegeEscalation: false and readOnlyRootFilesystem: true',
      (spec) => (secure(spec).readOnlyRootFilesystem = false),
    ],
    [
      'its container has to drop the capabilities ALL and add none',
      (spec) => (secure(spec).capabilities.add = ['NET_RAW']),
    ],
    ['its container must not be privileged', (spec) => (secure(spec).privileged = true)],
    [
      'it needs the label app.kubernetes.io/instance, by which cells are found again',
      (_, { metadata }) => delete metadata.labels['app.kubernetes.io/instance'],
    ],
    ['it has to say automountServiceAccountToken: false', (spec) => delete spec.automountServiceAccountToken],
    ['it has to say restartPolicy: Never', (spec) => (spec.restartPolicy = 'Always')],
    ['it has to say enableServiceLinks: false', (spec) => delete spec.enableServiceLinks],
    ['it needs terminationGracePeriodSeconds of at least 1', (spec) => (spec.terminationGracePeriodSeconds = 0)],
    [
      "it needs activeDeadlineSeconds of at least 60, which the policy's limits add up to",
      (spec) => (spec.activeDeadlineSeconds = 59),
    ],
    ['it has to say securityContext.runAsNonRoot: true', (spec) => delete spec.securityContext.runAsNonRoot],
    ['it must not run as root', (spec) => (spec.securityContext.runAsUser = 0)],
    [
      'it needs a securityContext.seccompProfile, for example RuntimeDefault',
      (spec) => (spec.securityContext.seccompProfile = { type: 'Unconfined' }),
    ],
    [
      'its securityContext must not have "sysctls"',
      (spec) => (spec.securityContext.sysctls = [{ name: 'a', value: 'b' }]),
    ],
    ['it has to have exactly one container', (spec) => spec.containers.push(spec.containers[0])],
  ])('does not when %s', async (problem, change) => {
    const opened = open(change);
    expect(await opened.check()).toBe(`the cells' PodTemplate does not seal: ${problem}`);
    expect(await told(opened.start(randomId()))).toMatchObject({ code: 'no-cell-engine' });
    expect(api.paths().filter((path) => path.includes('/pods/'))).toEqual([]);
  });
});

describe('before it starts a cell, the gate asks without a trace', () => {
  const none =
    "no ValidatingAdmissionPolicy refuses a pod that differs from the cells' PodTemplate: install the chart's, or see its typeChecking";

  it('whether a pod that differs is refused, by a policy and by nothing else', async () => {
    const opened = open(undefined, true);
    expect(await opened.check()).toBe(none);
    api.play('dryRun', fine, forbidden(policy));
    expect(await opened.check()).toBeNull();
    // A quota is asked after the policies: whoever is refused by it was let through.
    api.play('dryRun', forbidden(quota), forbidden(quota));
    expect(await opened.check()).toBe(none);
    api.play('dryRun', forbidden(quota), forbidden(policy));
    expect(await opened.check()).toBeNull();
    expect(api.paths().filter((path) => path.includes('/pods/'))).toEqual([]);
  });

  it('whether the cell itself is taken', async () => {
    const opened = open(undefined, true);
    await opened.check();
    api.play('dryRun', forbidden(policy));
    expect(await opened.check()).toMatch(
      /^the ValidatingAdmissionPolicy refuses a cell: it compares with another PodTemplate than the gate, or a webhook changes pods \(/,
    );
  });
});

describe('a cell', () => {
  it('whose pod was changed on the way is ended, and its differing fields are told', async () => {
    const opened = open();
    await opened.check();
    const template = podTemplate(image, 'n', obeys).template;
    const id = randomId();
    const spec = { ...template.spec, hostNetwork: true, restartPolicy: 'Always' };
    const metadata = { name: `cell-${id}`, uid: 'u', labels: { ...template.metadata.labels, more: 'x' } };
    api.play('POST', { status: 201, body: { metadata, spec } });
    api.put(`${base}/pods/cell-${id}`, { metadata, spec });
    expect(await told(opened.start(id))).toMatchObject({
      code: 'cell-start-failed',
      operator: 'the cluster made a pod that differs from its template in restartPolicy, hostNetwork, labels',
    });
    await expect.poll(() => api.get(`${base}/pods/cell-${id}`), { timeout: 10_000 }).toBeUndefined();
    // Never "forget": with a grace of 0 its process would outlive it.
    expect(api.bodies[api.calls.findIndex((call) => call.startsWith('DELETE'))]).toMatchObject({
      gracePeriodSeconds: 1,
    });
  });

  it('of another installation is never adopted', async () => {
    const opened = open();
    const id = randomId();
    const { spec, metadata } = podTemplate(image, 'n', obeys).template;
    const labels = { ...metadata.labels, 'app.kubernetes.io/instance': 'another' };
    api.put(`${base}/pods/cell-${id}`, { metadata: { labels }, spec });
    expect(await told(opened.adopt(id))).toMatchObject({
      code: 'cell-lost',
      author: `the cell ${id} cannot be found again: a pod of its name belongs to something else`,
    });
  });
});
