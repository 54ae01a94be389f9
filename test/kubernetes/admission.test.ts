import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../cluster/run.mjs';
import type { KubeObject } from '../support/kube.ts';
import { Helm, leastValues, newPlace } from './helm.ts';
import { type Mutation, kinds, mutations } from './mutations/index.ts';
import type { Loose, Outcome } from './mutations/kind.ts';
import { describeCluster } from './support.ts';

// The ValidatingAdmissionPolicy of the chart: in the cells' namespace there is no pod but cells, whoever asks. The tests
// ask as the administrator, whom RBAC forbids nothing, and with Pod Security switched off where it would answer first.

const patient = 120_000;
const place = newPlace();
const { release, cells: namespace } = place;
const policyName = `${place.gate}-${release}-cells`;
const differs = 'a cell differs from its PodTemplate';
const unknown = 'a cell has a field that its PodTemplate does not have';
const marked = 'a cell has other labels or annotations than its PodTemplate';
const named = 'a cell has a name of its own kind, and neither finalizers nor owners';
const unchanged = 'a cell is never changed';

const words: Readonly<Record<Exclude<NonNullable<Outcome['otherwise']>, 'ignored'>, RegExp>> = {
  validation: /^Pod "cell-[0-9a-f]{32}" is invalid: spec\./,
  priority: /must not be provided in pod spec; priority admission controller computed/,
  overhead: /Pod Overhead set without corresponding RuntimeClass defined Overhead/,
  privileged: /privileged: Forbidden: disallowed by cluster policy/,
  namespace: /the namespace of the provided object does not match the namespace sent on the request/,
};

describeCluster('the admission policy of the chart', (get) => {
  let helm: Helm;
  let template: Loose;
  const templatePlace = { apiVersion: 'v1', kind: 'PodTemplate', metadata: { name: `${release}-cell`, namespace } };
  const runtimeClass = { apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name: 'airlock-test-other' } };
  const path = `/api/v1/namespaces/${namespace}/pods`;

  const goodPod = (digit = 'a'): Loose => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...structuredClone(template.template.metadata), name: `cell-${digit.repeat(32)}`, namespace },
    spec: structuredClone(template.template.spec),
  });
  const dryRun = (body: Loose) => get().kube.ask('POST', `${path}?dryRun=All&fieldValidation=Strict`, { body });
  const mutated = ({ change }: Mutation): Loose => {
    const pod = goodPod();
    change(pod);
    return pod;
  };
  const said = (message: string, pod: Loose): string =>
    `pods "${pod.metadata.name}" is forbidden: ValidatingAdmissionPolicy '${policyName}' with binding '${policyName}' denied request: ${message}`;
  /** What is left when names of one moment are taken out. */
  const lasting = ({ body }: { body: Loose }): Loose => {
    const { uid: _, creationTimestamp: __, managedFields: ___, resourceVersion: ____, ...rest } = body.metadata;
    return { ...body, metadata: rest };
  };

  beforeAll(async () => {
    const { cluster, kube } = get();
    helm = new Helm(cluster);
    await helm.install(place, leastValues(place, cluster));
    await kube.ask('POST', '/apis/node.k8s.io/v1/runtimeclasses', { body: { ...runtimeClass, handler: 'runc' } });
    const labels = { 'pod-security.kubernetes.io/enforce': 'privileged' };
    await kube.patch({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }, { metadata: { labels } });
    template = await kube.get(templatePlace);
    // Enforced a moment after its creation.
    await until('the policy is enforced', async () => {
      const wrong = goodPod();
      wrong.spec.terminationGracePeriodSeconds = 2;
      return (await dryRun(wrong)).status === 403;
    });
  }, 2 * patient);

  afterAll(async () => {
    await helm.uninstall(place);
    const { kube } = get();
    await kube.remove(runtimeClass);
    await kube.remove({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: place.gate } });
    helm.end();
  }, 2 * patient);

  it('is one that the API server finds no fault with', async () => {
    const kind = 'ValidatingAdmissionPolicy';
    const at = { apiVersion: 'admissionregistration.k8s.io/v1', kind, metadata: { name: policyName } };
    const { status } = await get().kube.until(at, 'is checked', (object) => object.status?.typeChecking !== undefined);
    expect(status.typeChecking).toEqual({});
  });

  it('lets a cell pass that equals its template', async () => {
    expect(await dryRun(goodPod())).toMatchObject({ status: 201 });
    expect(await dryRun(goodPod('f'))).toMatchObject({ status: 201 });
  });

  describe('is tried with every field of a pod', () => {
    it('that the API server publishes, and with no other', async () => {
      const { body } = await get().kube.ask('GET', '/openapi/v3/api/v1');
      for (const { schema, fields } of kinds) {
        const published = Object.keys(body.components.schemas[schema].properties);
        expect([schema, Object.keys(fields).sort()]).toEqual([schema, published.sort()]);
      }
      expect(mutations.length).toBeGreaterThanOrEqual(70);
    });

    it.each(mutations.filter((one) => one.otherwise === undefined))('and refuses another $name', async (mutation) => {
      const pod = mutated(mutation);
      const { status, body } = await dryRun(pod);
      expect(status).toBe(403);
      expect([differs, unknown, marked, named].map((message) => said(message, pod))).toContain(body.message);
      expect(body.reason).toBe('Forbidden');
    });

    it.each(mutations.filter(({ otherwise = 'ignored' }) => otherwise !== 'ignored'))(
      'and does not see another $name, which is refused before: $otherwise',
      async (mutation) => {
        const { status, body } = await dryRun(mutated(mutation));
        expect([400, 403, 422]).toContain(status);
        expect(body.message).toMatch(words[mutation.otherwise as keyof typeof words]);
      },
    );

    it.each(mutations.filter(({ otherwise }) => otherwise === 'ignored'))(
      'and another $name is none: the API server takes no notice of it',
      async (mutation) => {
        const answer = await dryRun(mutated(mutation));
        expect(answer.status).toBe(201);
        expect(lasting(answer)).toEqual(lasting(await dryRun(goodPod())));
      },
    );
  });

  it.each([
    'cell-0',
    `cell-${'a'.repeat(31)}`,
    `cell-${'a'.repeat(33)}`,
    `cell-${'g'.repeat(32)}`,
    `x-cell-${'a'.repeat(32)}`,
  ])('lets no pod be called %s', async (name) => {
    const pod = goodPod();
    pod.metadata.name = name;
    expect((await dryRun(pod)).body.message).toBe(said(named, pod));
  });

  it('lets nobody change a cell that is there, and the kubelet do its work', async () => {
    const { kube } = get();
    const pod: KubeObject = goodPod('b');
    await kube.create(pod);
    const at = `${path}/${pod.metadata.name}`;
    const merge = 'application/merge-patch+json';
    const strategic = 'application/strategic-merge-patch+json';
    const tries: [string, string, object][] = [
      [at, merge, { metadata: { labels: { other: '' } } }],
      [at, merge, { metadata: { annotations: { other: '' } } }],
      [at, merge, { metadata: { finalizers: ['other.example/x'] } }],
      [at, merge, { spec: { activeDeadlineSeconds: 60 } }],
      [at, strategic, { spec: { containers: [{ name: 'cell', image: 'airlock.test/other:local' }] } }],
      [`${at}/ephemeralcontainers`, strategic, { spec: { ephemeralContainers: [{ name: 'x', image: 'y' }] } }],
      [`${at}/resize`, strategic, { spec: { containers: [{ name: 'cell', resources: { limits: { cpu: '500m' } } }] } }],
    ];
    for (const [where, type, body] of tries) {
      const answer = await kube.ask('PATCH', `${where}?dryRun=All`, { body, type });
      expect([where, answer.status, answer.body.message]).toEqual([
        where,
        403,
        expect.stringContaining(`denied request: ${unchanged}`),
      ]);
    }
    // Its image is on no node; that it says so shows that the kubelet may write the status.
    const waits = (object: Loose): boolean => object.status?.containerStatuses?.[0]?.state?.waiting !== undefined;
    await kube.until(pod, 'waits for its image', waits, patient);
    await kube.remove(pod, { grace: 1 });
    await kube.gone(pod, patient);
  }, 300_000);

  it(
    'refuses every pod when there is no template',
    async () => {
      const { kube } = get();
      await kube.remove(templatePlace);
      await until('nothing passes', async () => (await dryRun(goodPod())).status !== 201);
      const { body } = await dryRun(goodPod());
      expect(body.message).toMatch(
        /ValidatingAdmissionPolicy '.*' with binding '.*' denied request: .*no params found/,
      );
      const { resourceVersion: _, uid: __, ...metadata } = template.metadata;
      await kube.create({ ...template, metadata });
      await until('a cell passes again', async () => (await dryRun(goodPod())).status === 201);
    },
    patient,
  );

  it(
    'is what refuses: without it most of these pods pass',
    async () => {
      const { kube } = get();
      const kind = 'ValidatingAdmissionPolicyBinding';
      await kube.remove({ apiVersion: 'admissionregistration.k8s.io/v1', kind, metadata: { name: policyName } });
      await until('it is not enforced any more', async () => {
        const wrong = goodPod();
        wrong.metadata.name = 'other';
        return (await dryRun(wrong)).status === 201;
      });
      const refused: string[] = [];
      const meant = mutations.filter(({ otherwise }) => otherwise === undefined);
      for (const mutation of meant) {
        const { status, body } = await dryRun(mutated(mutation));
        if (status !== 201) refused.push(`${mutation.name}: ${body.message}`);
      }
      expect(refused).toEqual([]);
      expect(meant.length).toBeGreaterThanOrEqual(70);
    },
    patient,
  );
});
