import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { text } from '../support/tree.ts';
import { Helm, leastValues, newPlace } from './helm.ts';
import type { Loose } from './mutations/kind.ts';
import { describeCluster } from './support.ts';

// The values for actions-runner-controller: the pod that its controller makes of them, made here in its place, runs in
// the runners' namespace, and what it holds is worth something to the gate and nothing to the API server.

const patient = 120_000;
const place = newPlace();
const { release, gate, runners } = place;
const values: Loose = parse(text('deploy/arc/values.yaml'));

/** What the pod says of itself, beside its token. */
const look = `
  const { readFileSync, writeFileSync } = require('node:fs');
  const { AIRLOCK_GATE_CA: ca, AIRLOCK_RUNNER_TOKEN: token } = process.env;
  const tries = (path) => { try { writeFileSync(path + '/x', 'x'); return 'writes'; } catch (error) { return error.code; } };
  const writes = Object.fromEntries(['/home/runner/_work', '/home/runner/_diag', '/home/runner/_state', '/tmp', '/etc', '/run/airlock/token'].map((path) => [path, tries(path)]));
  const has = (path) => { try { readFileSync(path); return true; } catch { return false; } };
  const account = has('/var/run/secrets/kubernetes.io/serviceaccount/token');
  console.log(JSON.stringify({ uid: process.getuid(), ca: readFileSync(ca, 'utf8'), token: readFileSync(token, 'utf8'), writes, account }));`;

describeCluster("a runner's pod of actions-runner-controller", (get) => {
  let helm: Helm;
  let pod: Loose;
  let said: Loose;

  beforeAll(async () => {
    const { cluster, kube } = get();
    helm = new Helm(cluster);
    await helm.install(place, leastValues(place, cluster));
    const spec = structuredClone(values.template.spec);
    const [runner] = spec.containers;
    // As the controller does: one variable more, labels, a name. The image and its program stand in for the runner's.
    Object.assign(runner, {
      image: cluster.images.node.reference,
      imagePullPolicy: 'Never',
      command: ['node', '-e', look],
    });
    runner.env.push({ name: 'ACTIONS_RUNNER_INPUT_JITCONFIG', value: 'e30=' });
    spec.volumes.find(({ name }: Loose) => name === 'ca').configMap.name = `${release}-gate-ca`;
    const labels = { 'actions.github.com/scale-set-name': 'airlock', 'app.kubernetes.io/component': 'runner' };
    const metadata = { name: 'airlock-runner-1', namespace: runners, labels };
    pod = await kube.create({ apiVersion: 'v1', kind: 'Pod', metadata, spec });
    await kube.until(pod, 'has ended', ({ status }) => ['Succeeded', 'Failed'].includes(status.phase), patient);
    said = JSON.parse(await kube.log(runners, metadata.name));
  }, 2 * patient);

  afterAll(async () => {
    await helm.uninstall(place);
    await get().kube.remove({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: gate } });
    helm.end();
  }, patient);

  it('is one that Pod Security calls restricted, without any Docker daemon or mode that has rights', async () => {
    const { metadata } = await get().kube.get({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: runners } });
    expect(metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'restricted' });
    expect(values.containerMode).toBeUndefined();
    expect(pod.spec.containers.map(({ name }: Loose) => name)).toEqual(['runner']);
    expect(pod.spec.initContainers).toBeUndefined();
    expect(values.template.spec.containers[0].command).toBeUndefined();
  });

  it('writes in memory alone and has no token of the API server', () => {
    expect(said).toMatchObject({ uid: 1001, account: false });
    const { '/etc': etc, '/run/airlock/token': token, ...own } = said.writes;
    expect(new Set(Object.values(own))).toEqual(new Set(['writes']));
    expect([etc, token]).toEqual(['EROFS', 'EROFS']);
    const media = pod.spec.volumes.flatMap(({ emptyDir }: Loose) => (emptyDir === undefined ? [] : [emptyDir.medium]));
    expect(new Set(media)).toEqual(new Set(['Memory']));
  });

  it('trusts the authority of the gate', async () => {
    const at = { apiVersion: 'v1', kind: 'Secret', metadata: { name: `${release}-gate-tls`, namespace: gate } };
    const { data } = await get().kube.get(at);
    expect(said.ca).toBe(Buffer.from(data['ca.crt'], 'base64').toString());
  });

  it('holds a token that says which pod it is, to the gate only', async () => {
    const { kube } = get();
    const spec = { token: said.token, audiences: ['airlock'] };
    const { body } = await kube.ask('POST', '/apis/authentication.k8s.io/v1/tokenreviews', {
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec },
    });
    expect(body.status).toMatchObject({
      authenticated: true,
      audiences: ['airlock'],
      user: {
        username: `system:serviceaccount:${runners}:airlock-runner`,
        extra: { 'authentication.kubernetes.io/pod-uid': [pod.metadata.uid] },
      },
    });
    expect((await kube.as(said.token).ask('GET', '/api')).status).toBe(401);
  });

  it('finds gate, authority and token where the chart puts them when its release is called airlock', () => {
    const env = Object.fromEntries(
      values.template.spec.containers[0].env.map(({ name, value }: Loose) => [name, value]),
    );
    expect(env).toEqual({
      AIRLOCK_GATE: 'https://airlock-gate.airlock.svc',
      AIRLOCK_GATE_CA: '/run/airlock/ca/ca.crt',
      AIRLOCK_RUNNER_TOKEN: '/run/airlock/token/token',
      ACTIONS_RUNNER_CONTAINER_HOOKS: '/home/runner/hook/index.js',
      ACTIONS_RUNNER_REQUIRE_JOB_CONTAINER: 'true',
    });
    const { audience } = parse(text('deploy/helm/airlock/values.yaml')).gate;
    const [{ projected }] = values.template.spec.volumes;
    expect(projected.sources).toEqual([{ serviceAccountToken: { path: 'token', audience, expirationSeconds: 600 } }]);
    expect(text('images/runner/Dockerfile')).toContain(
      `ACTIONS_RUNNER_CONTAINER_HOOKS=${env['ACTIONS_RUNNER_CONTAINER_HOOKS']}`,
    );
  });
});
