import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run, until } from '../cluster/run.mjs';
import { importGateImage } from './gate-image.ts';
import { Helm, type Values, leastValues, merged, newPlace, noImage } from './helm.ts';
import type { Loose } from './mutations/kind.ts';
import { describeCluster } from './support.ts';

// A release from its beginning to its end, with the gate of these sources: helm install, test, upgrade, rollback,
// uninstall.

const patient = 170_000;
const long = 2 * patient;
const place = newPlace();
const { release, gate: namespace, cells, runners } = place;

describeCluster('a release of the chart', (get) => {
  let helm: Helm;
  let values: Values;
  const waiting = ['--wait', '--timeout', '120s'];
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: `${release}-gate-tls`, namespace } };
  const authority = (where: string) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `${release}-gate-ca`, namespace: where },
  });
  const text = (object: Loose, key: string): string => Buffer.from(object.data[key], 'base64').toString();
  const gates = (): Promise<Loose[]> => get().kube.list('v1', 'Pod', namespace, 'app.kubernetes.io/component=gate');
  const lease = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: `${release}-gate`, namespace: cells },
  };
  const test = (): Promise<string> =>
    helm.must(['test', release, '--namespace', namespace, '--logs', '--timeout', '120s']);

  beforeAll(async () => {
    const { cluster } = get();
    helm = new Helm(cluster);
    const image = await importGateImage(cluster);
    const node = cluster.images.node.reference;
    const zeros = /registry\.internal\/library\/node@sha256:0{64}/;
    const policy = readFileSync('examples/policy.yaml', 'utf8').replace(zeros, node);
    values = merged(leastValues(place, cluster), {
      image: { ref: image.reference },
      cells: { image: node },
      gate: { secrets: ['drone-token'] },
      policy: { text: policy.replace('/run/secrets/drone-token', '/run/secrets/drone-token/token') },
    });
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    await get().kube.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } });
    const stringData = { token: 'a-token-of-drone' };
    await get().kube.create({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'drone-token', namespace },
      stringData,
    });
  }, long);

  afterAll(async () => {
    await run([get().cluster.helm, 'uninstall', release, '--namespace', namespace, '--ignore-not-found'], {
      env: { KUBECONFIG: get().cluster.kubeconfig },
    });
    await get().kube.remove({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    helm.end();
  }, long);

  it(
    'passes helm lint, and its notes name the next step',
    async () => {
      const file = helm.values(values);
      expect(await helm.must(['lint', '--strict', await helm.chart(), '--values', file])).toContain(
        '0 chart(s) failed',
      );
      const said = await helm.install(place, values, waiting);
      expect(said).toContain(`The gate listens at https://${release}-gate.${namespace}.svc`);
      expect(said).toContain(`helm test ${release} --namespace ${namespace}`);
    },
    long,
  );

  it(
    'has two gates, both ready and unprivileged, of which one holds the lease',
    async () => {
      const pods = await gates();
      expect(pods.map(({ status }) => status.containerStatuses[0].ready)).toEqual([true, true]);
      for (const { spec } of pods) {
        expect(spec.containers[0].securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      }
      const held = await get().kube.until(lease, 'is held', (object) => object.spec.holderIdentity !== '');
      const [holder] = held.spec.holderIdentity.split('_');
      expect(pods.map(({ metadata }) => metadata.name)).toContain(holder);
      const log = await get().kube.log(namespace, holder);
      expect(log).toContain('cells can be started');
    },
    long,
  );

  it(
    'passes helm test, which leaves no pod',
    async () => {
      expect(await test()).toMatch(/\/v1\/sessions \(.*\): 401 .*"runner-not-known"/);
      const left = await get().kube.list('v1', 'Pod', namespace, 'app.kubernetes.io/component=test');
      expect(left).toEqual([]);
    },
    long,
  );

  it(
    'keeps its certificate over an upgrade and makes a new one when it is told to',
    async () => {
      const { kube } = get();
      const before = await kube.get(secret);
      const certificate = new X509Certificate(text(before, 'tls.crt'));
      expect(certificate.checkIssued(new X509Certificate(text(before, 'ca.crt')))).toBe(true);
      expect(certificate.checkHost(`${release}-gate.${namespace}.svc`)).toBeDefined();
      await helm.act('upgrade', place, values, waiting);
      expect((await kube.get(secret)).data).toEqual(before.data);

      const uid = (await gates()).map(({ metadata }) => metadata.uid as string);
      await helm.act('upgrade', place, merged(values, { tls: { renew: true } }), waiting);
      const after = await kube.get(secret);
      expect(after.data['tls.crt']).not.toBe(before.data['tls.crt']);
      for (const where of [runners, namespace])
        expect((await kube.get(authority(where))).data['ca.crt']).toBe(text(after, 'ca.crt'));
      // The kubelet looks after a pod's files every minute or two, and at once when the pod has changed.
      const now = new Date().toISOString();
      for (const pod of await gates())
        await kube.patch({ apiVersion: 'v1', kind: 'Pod', ...pod }, { metadata: { annotations: { looked: now } } });
      // The running gates take it from their files, without a restart.
      expect((await gates()).map(({ metadata }) => metadata.uid)).toEqual(uid);
      await until('the gates show the new certificate', async () => (await test()).includes('401 '), {
        limit: patient,
      });
    },
    2 * long,
  );

  it(
    'is rolled back from a configuration that was wrong',
    async () => {
      const level = async (): Promise<string | undefined> => {
        const metadata = { name: `${release}-gate`, namespace };
        const { data } = await get().kube.get({ apiVersion: 'v1', kind: 'ConfigMap', metadata });
        return /logLevel: (\w+)/.exec(data['airlock.yaml'])?.[1];
      };
      // Its gates never start: the image is nowhere. Those that run stay.
      await helm.act('upgrade', place, merged(values, { image: { ref: noImage }, gate: { logLevel: 'debug' } }));
      expect(await level()).toBe('debug');
      await helm.must(['rollback', release, '1', '--namespace', namespace, ...waiting]);
      expect(await level()).toBe('info');
    },
    long,
  );

  it(
    'leaves nothing when it is removed',
    async () => {
      const { kube, cluster } = get();
      await helm.uninstall(place);
      for (const name of [cells, runners])
        await kube.gone({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }, patient);
      const kinds = (await kube.kubectl(['api-resources', '--verbs=list', '--output=name'])).trim().split('\n');
      const lasting = kinds.filter((kind) => !kind.startsWith('events')).join(',');
      const label = `app.kubernetes.io/instance=${release}`;
      const all = ['get', lasting, '--all-namespaces', '--selector', label, '--output=name'];
      // The gates' pods end a moment after the Deployment.
      await until('nothing is labelled', async () => (await kube.kubectl(all)) === '', { limit: patient });
      const rest = ['get', 'configmaps,secrets,leases,pods', '--namespace', namespace, '--output=name'];
      const left = (await kube.kubectl(rest)).trim().split('\n');
      expect(left.toSorted()).toEqual(['configmap/kube-root-ca.crt', 'secret/drone-token']);
      const { stdout } = await run([cluster.helm, 'list', '--all-namespaces', '--output', 'json'], {
        env: { KUBECONFIG: cluster.kubeconfig },
      });
      expect(stdout).not.toContain(release);
    },
    long,
  );
});
