import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../cluster/run.mjs';
import { Helm, type Values, leastValues, merged, newPlace, noImage } from './helm.ts';
import { describeCluster } from './support.ts';

// What the chart makes of different values: every object is one that the API server takes word for word, and a cell made
// from its PodTemplate passes Pod Security, the quota and the admission policy.

const patient = 120_000;
const place = newPlace();
const { release, gate, cells, runners } = place;
const ca = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
const runtimeClass = `airlock-test-${release}`;
const pulls = [{ name: 'registry' }];
const tolerations = [{ key: 'cells', operator: 'Exists', effect: 'NoSchedule' }];

const variants: Readonly<Record<string, Values>> = {
  'the defaults': {},
  'an own Secret for the certificate': { tls: { mode: 'existingSecret', existingSecret: 'own', ca } },
  'cert-manager': { tls: { mode: 'certManager', issuerRef: { name: 'ours', kind: 'ClusterIssuer' }, ca } },
  'an own policy and no network policies': {
    policy: { text: '', existingSecret: 'policy', key: 'own.yaml' },
    networkPolicies: { enabled: false },
  },
  'actions-runner-controller, a proxy and DNS for runners': {
    runners: { bindArc: true },
    networkPolicies: { proxy: [{ cidr: '192.0.2.4/32', ports: [3128] }], dns: { runners: true } },
    selfTest: { accept: [{ what: 'node:22', reason: 'the nodes are reached by their own people only' }] },
  },
  'a sandbox for cells, on nodes of their own': {
    imagePullSecrets: pulls,
    gate: { replicas: 3, nodeSelector: { pool: 'gates' }, podAnnotations: { team: 'a' }, clusterIP: '' },
    cells: {
      runtimeClassName: runtimeClass,
      userNamespaces: true,
      imagePullSecrets: pulls,
      nodeSelector: { pool: 'cells' },
      tolerations,
      dnsPolicy: 'Default',
      priorityClassName: 'system-node-critical',
      resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1500m', memory: '1024Mi' } },
    },
  },
};

const text = { type: 'string' };
const fields = (properties: object) => ({ type: 'object', properties });
const certificates = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'certificates.cert-manager.io' },
  spec: {
    group: 'cert-manager.io',
    scope: 'Namespaced',
    names: { kind: 'Certificate', plural: 'certificates' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: fields({
            spec: fields({
              secretName: text,
              dnsNames: { type: 'array', items: text },
              ipAddresses: { type: 'array', items: text },
              privateKey: fields({ algorithm: text, size: { type: 'integer' }, rotationPolicy: text }),
              issuerRef: fields({ name: text, kind: text, group: text }),
            }),
          }),
        },
      },
    ],
  },
};

describeCluster('the chart with', (get) => {
  let helm: Helm;

  beforeAll(async () => {
    const { cluster, kube } = get();
    helm = new Helm(cluster);
    for (const name of [gate, cells, runners])
      await kube.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    await kube.create(certificates);
    const scheduling = { nodeSelector: { pool: 'cells' }, tolerations };
    const at = { apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name: runtimeClass } };
    await kube.create({ ...at, handler: 'runc', scheduling });
    await until('certificates are known', async () => {
      return (await kube.ask('GET', '/apis/cert-manager.io/v1/certificates')).status === 200;
    });
  }, patient);

  afterAll(async () => {
    const { kube } = get();
    for (const name of [gate, cells, runners])
      await kube.remove({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    await kube.remove(certificates);
    await kube.remove({ apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name: runtimeClass } });
    helm.end();
  }, patient);

  it.each(Object.keys(variants))(
    '%s is taken by the API server, every field of it',
    async (name) => {
      const { cluster, kube } = get();
      const values = helm.values(merged(leastValues(place, cluster), variants[name] ?? {}));
      expect(await helm.must(['lint', '--strict', await helm.chart(), '--values', values])).toContain(
        '0 chart(s) failed',
      );
      const made = await helm.must(['template', release, await helm.chart(), '--namespace', gate, '--values', values]);
      const said = await kube.kubectl(['apply', '--dry-run=server', '--validate=strict', '--filename', '-'], made);
      for (const kind of ['deployment.apps', 'podtemplate', 'validatingadmissionpolicy.admissionregistration.k8s.io'])
        expect(said).toContain(`${kind}/`);
      expect(said.includes('certificate.cert-manager.io/')).toBe(name === 'cert-manager');
      expect(said.includes('networkpolicy')).toBe(!name.includes('no network policies'));
    },
    patient,
  );

  it.each(['the defaults', 'a sandbox for cells, on nodes of their own'])(
    '%s makes a template whose cells pass every plugin of the API server',
    async (name) => {
      const { cluster, kube } = get();
      const values = merged(leastValues(place, cluster), variants[name] ?? {});
      const own = { cells: { createNamespace: false }, runners: { createNamespace: false } };
      await helm.install(place, merged(values, own));
      const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: cells } };
      const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
      await kube.patch(namespace, { metadata: { labels } });
      const { template } = await kube.get({
        apiVersion: 'v1',
        kind: 'PodTemplate',
        metadata: { name: `${release}-cell`, namespace: cells },
      });
      const cell = (image: string) => ({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { ...template.metadata, name: `cell-${'a'.repeat(32)}`, namespace: cells },
        spec: { ...template.spec, containers: [{ ...template.spec.containers[0], image }] },
      });
      await until('the policy is enforced', async () => (await kube.dryRun(cell('other'))).status === 403);
      expect(await kube.dryRun(cell(noImage))).toMatchObject({ status: 201 });
      await helm.uninstall(place);
    },
    2 * patient,
  );
});
