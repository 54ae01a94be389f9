import { beforeAll, expect, it } from 'vitest';
import { type KubernetesClient, type RunnerIdentity, arcBinder, createPodIdentity } from '../../src/gate/index.ts';
import type { Claims } from '../../src/policy/index.ts';
import { Refusal } from '../../src/protocol/index.ts';
import type { KubeObject } from '../support/kube.ts';
import { accountWith, clientWith, grant } from './gate-access.ts';
import { describeCluster, nodePod } from './support.ts';

// Runners in pods of a real cluster: their tokens as the kubelet would project them, and actions-runner-controller's word
// for their jobs.

const long = 120_000;
const rbac = 'rbac.authorization.k8s.io';
const group = 'actions.github.com';
const waits = "setInterval(() => {}, 1000); process.on('SIGTERM', () => process.exit(0));";

// oxlint-disable-next-line typescript/no-explicit-any -- what a cluster shows is looked at field by field
type Loose = any;

/** The fields of the controller's own definition that the gate reads, and its group, kind and status subresource. */
const definition: KubeObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `ephemeralrunners.${group}` },
  spec: {
    group,
    names: {
      kind: 'EphemeralRunner',
      listKind: 'EphemeralRunnerList',
      plural: 'ephemeralrunners',
      singular: 'ephemeralrunner',
    },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              status: {
                type: 'object',
                properties: {
                  workflowRunId: { type: 'integer', format: 'int64' },
                  jobRepositoryName: { type: 'string' },
                },
              },
            },
          },
        },
      },
    ],
  },
};

describeCluster('a runner in a pod of a real cluster', (get) => {
  let namespace = '';
  let client: KubernetesClient;

  beforeAll(async () => {
    const { kube } = get();
    namespace = await kube.namespace('runners');
    for (const name of ['runner', 'other'])
      await kube.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } });
    const gates = await kube.namespace('gate');
    const token = await accountWith(get(), gates, 'gate', []);
    await grant(
      get(),
      namespace,
      'gate',
      [
        { resources: ['pods'], verbs: ['get'] },
        { groups: [group], resources: ['ephemeralrunners'], verbs: ['get'] },
      ],
      gates,
    );
    const review = { apiVersion: `${rbac}/v1`, metadata: { name: `airlock-test-${gates}` } };
    const rules = [{ apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] }];
    await kube.create({ ...review, kind: 'ClusterRole', rules });
    const roleRef = { apiGroup: rbac, kind: 'ClusterRole', name: review.metadata.name };
    await kube.create({
      ...review,
      kind: 'ClusterRoleBinding',
      roleRef,
      subjects: [{ kind: 'ServiceAccount', name: 'gate', namespace: gates }],
    });
    client = clientWith(get(), token);
    const made = await kube.ask('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      body: definition,
    });
    expect([201, 409]).toContain(made.status);
    await kube.until(definition, 'is served', ({ status }) =>
      (status?.conditions ?? []).some(({ type, status: is }: Loose) => type === 'Established' && is === 'True'),
    );
  }, long);

  async function pod(name: string, more: object = {}, account = 'runner'): Promise<Loose> {
    const { kube } = get();
    const object: Loose = nodePod(get(), namespace, name, waits);
    object.spec.serviceAccountName = account;
    Object.assign(object.metadata, more);
    await kube.create(object);
    return kube.until(object, 'has its address', ({ status }) => (status?.podIP ?? '') !== '', long);
  }
  const tokenOf = ({ metadata, spec }: Loose, audience = 'airlock'): Promise<string> =>
    get().kube.token(namespace, spec.serviceAccountName, {
      audiences: [audience],
      pod: { name: metadata.name, uid: metadata.uid },
    });

  const identity = () =>
    createPodIdentity({
      client,
      audience: 'airlock',
      serviceAccounts: [`${namespace}/runner`],
      address: 'check',
      remember: 1,
    });
  const told = async (token: string, address: string): Promise<readonly [string, number, string] | RunnerIdentity> => {
    try {
      return await identity().identify({ authorization: `Bearer ${token}`, address });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return [error.code, error.status, error.message];
    }
  };

  it(
    'is known by the token that is bound to it, at its own address, for as long as it is there',
    async () => {
      const { kube } = get();
      const one = await pod('one');
      const two = await pod('two');
      const strange = await pod('strange', {}, 'other');
      const { podIP } = one.status;
      const token = await tokenOf(one);
      expect(await told(token, podIP)).toEqual({ id: `${namespace}/one:${one.metadata.uid}`, ephemeral: true });

      const no = (message: string) => ['runner-not-known', 401, message];
      const notOne = no('the token of this runner is not one of this cluster for this gate, or its pod is gone');
      expect(await told(await tokenOf(one, 'other'), podIP)).toEqual(notOne);
      expect(await told(await kube.token(namespace, 'runner'), podIP)).toEqual(notOne);
      expect(await told(await kube.token(namespace, 'runner', { audiences: ['airlock'] }), podIP)).toEqual(
        no('the token is bound to no pod'),
      );
      expect(await told(await tokenOf(strange), strange.status.podIP)).toEqual(
        no('the token is not of a service account that runners have here'),
      );
      const [head, body, signature = ''] = token.split('.');
      const changed = `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
      expect(await told(changed, podIP)).toEqual(notOne);
      expect(await told('made-up', podIP)).toEqual(notOne);
      expect(await told(token, two.status.podIP)).toEqual(no('the call does not come from the pod of its token'));

      const elsewhere = await kube.namespace('elsewhere');
      const same = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'runner', namespace: elsewhere } };
      await kube.create(same);
      expect(await told(await kube.token(elsewhere, 'runner', { audiences: ['airlock'] }), podIP)).toEqual(
        no('the token is not of a service account that runners have here'),
      );

      await kube.remove(one, { grace: 1 });
      await kube.gone(one, long);
      // The API server believes a token for 10 s more; the gate has asked for its pod.
      expect([notOne, no("the token's pod is gone")]).toContainEqual(await told(token, podIP));
      const again = await pod('one');
      expect([notOne, no("the token's pod is gone; another one has its name")]).toContainEqual(
        await told(token, again.status.podIP),
      );
    },
    long,
  );

  it(
    'runs the job that the controller says, and no other',
    async () => {
      const { kube } = get();
      const runner = await kube.create({
        apiVersion: `${group}/v1alpha1`,
        kind: 'EphemeralRunner',
        metadata: { name: 'runner-a', namespace },
      });
      const { uid } = runner.metadata;
      const owner = {
        apiVersion: `${group}/v1alpha1`,
        kind: 'EphemeralRunner',
        name: 'runner-a',
        uid,
        controller: true,
      };
      const made = await pod('runner-a', { ownerReferences: [owner] });
      const free = await pod('free');
      const identityOf = ({ metadata }: Loose) => ({
        id: `${namespace}/${metadata.name}:${metadata.uid}`,
        ephemeral: true,
      });
      const check = async (runId: string, repository: string, of: Loose = made): Promise<string> => {
        const claims = { runId, repository } as Claims;
        try {
          await arcBinder(client).check(claims, identityOf(of), AbortSignal.timeout(20_000));
          return 'allowed';
        } catch (error) {
          return error instanceof Refusal ? `${error.code}: ${error.message}` : String(error);
        }
      };
      // The controller tells it a moment later.
      const checking = check('9007199254', 'octo/app');
      await new Promise((done) => setTimeout(done, 600));
      await kube.patchStatus(runner, { workflowRunId: 9_007_199_254, jobRepositoryName: 'octo/app' });
      expect(await checking).toBe('allowed');
      const other = 'job-not-on-runner: GitHub gave this runner a job of another run or repository';
      expect(await check('9007199255', 'octo/app')).toBe(other);
      expect(await check('9007199254', 'octo/other')).toBe(other);
      expect(await check('9007199254', 'octo/app', free)).toBe(
        "job-not-on-runner: this runner's pod was not made for an EphemeralRunner",
      );
      await kube.remove(made, { grace: 1 });
      await kube.gone(made, long);
      expect(await check('9007199254', 'octo/app')).toBe("job-not-on-runner: this runner's pod is gone");
      await pod('runner-a');
      expect(await check('9007199254', 'octo/app')).toBe("job-not-on-runner: this runner's pod is gone");
    },
    long,
  );
});
