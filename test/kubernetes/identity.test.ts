import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type PodIdentity, arcBinder, createKubernetesClient, createPodIdentity } from '../../src/gate/index.ts';
import { podOfRunner } from '../../src/gate/identity/pod.ts';
import type { Claims } from '../../src/policy/index.ts';
import { Failure, Refusal } from '../../src/protocol/index.ts';
import { type FakeApi, startFakeApi } from '../fakes/api-server.ts';
import { accessWith } from './gate-access.ts';

// Who calls, as an API server tells it. What a real one answers to real tokens: runners.test.ts.

const uid = '0a0b0c0d-0000-4000-8000-000000000001';
const pods = '/api/v1/namespaces/runners/pods';
const user = (more: object = {}, name = 'system:serviceaccount:runners:runner') => ({
  username: name,
  extra: {
    'authentication.kubernetes.io/pod-name': ['r1'],
    'authentication.kubernetes.io/pod-uid': [uid],
    'authentication.kubernetes.io/node-name': ['node1'],
    ...more,
  },
});
const yes = { authenticated: true, audiences: ['airlock'], user: user() };
const bearer = (token: string): string => `Bearer ${token}`;

let api: FakeApi;
let known: PodIdentity;
beforeEach(async () => {
  api = await startFakeApi();
  api.review = () => yes;
  put({});
  known = create();
});
afterEach(() => api.stop());

function put(status: object, metadata: object = {}): void {
  api.put(`${pods}/r1`, {
    metadata,
    status: { phase: 'Running', podIP: '10.0.0.7', podIPs: [{ ip: '10.0.0.7' }, { ip: 'fd00::7' }], ...status },
  });
  // The server makes the uid; here it is the token's.
  api.get(`${pods}/r1`).metadata.uid = uid;
}

const create = (more: object = {}): PodIdentity =>
  createPodIdentity({
    client: createKubernetesClient(accessWith(api.server, 'token', api.ca)),
    audience: 'airlock',
    serviceAccounts: ['runners/runner'],
    address: 'check',
    remember: 60_000,
    ...more,
  });

async function refused(promise: Promise<unknown>): Promise<readonly [string, number, string]> {
  const error: unknown = await promise.catch((reason: unknown) => reason);
  if (error instanceof Refusal || error instanceof Failure) return [error.code, error.status, error.message];
  throw new Error('it did not fail as expected', { cause: error });
}
const reviews = (): number => api.calls.filter((call) => call.includes('tokenreviews')).length;

describe('a runner in a pod', () => {
  it.each(['10.0.0.7', '::ffff:10.0.0.7', 'fd00::7'])('is known by its token and its address %s', async (address) => {
    const runner = await known.identify({ authorization: bearer('t'), address });
    expect(runner).toEqual({ id: `runners/r1:${uid}`, ephemeral: true });
    expect(podOfRunner(runner)).toEqual({ namespace: 'runners', pod: 'r1', uid });
    expect(api.bodies[0].spec).toEqual({ token: 't', audiences: ['airlock'] });
  });

  const not = 'the token of this runner is not one of this cluster for this gate, or its pod is gone';
  it.each<[string, object, string]>([
    ['is not believed', { authenticated: false, error: 'invalid bearer token' }, not],
    ['is answered about with nothing', {}, not],
    ['is for another audience', { ...yes, audiences: ['other'] }, not],
    ['is for no audience', { ...yes, audiences: undefined }, not],
    [
      'is of another account',
      { ...yes, user: user({}, 'system:serviceaccount:runners:default') },
      'the token is not of a service account that runners have here',
    ],
    [
      'is of the account of another namespace',
      { ...yes, user: user({}, 'system:serviceaccount:other:runner') },
      'the token is not of a service account that runners have here',
    ],
    [
      'is of no service account',
      { ...yes, user: user({}, 'runners:runner') },
      'the token is not of a service account that runners have here',
    ],
    ['is bound to no pod', { ...yes, user: { username: user().username } }, 'the token is bound to no pod'],
    [
      'is bound to a pod without a uid',
      { ...yes, user: user({ 'authentication.kubernetes.io/pod-uid': undefined }) },
      'the token is bound to no pod',
    ],
  ])('whose token %s is refused', async (_, status, message) => {
    api.review = () => status;
    expect(await refused(known.identify({ authorization: bearer('t'), address: '10.0.0.7' }))).toEqual([
      'runner-not-known',
      401,
      message,
    ]);
  });

  it.each<[string, () => void, string]>([
    ['is gone', () => api.remove(`${pods}/r1`), "the token's pod is gone"],
    [
      'was made anew under its name',
      () => api.put(`${pods}/r1`, { metadata: {}, status: { podIP: '10.0.0.7' } }),
      "the token's pod is gone; another one has its name",
    ],
    [
      'has another address',
      () => put({ podIP: '10.0.0.8', podIPs: [] }),
      'the call does not come from the pod of its token',
    ],
    [
      'has no address',
      () => put({ podIP: undefined, podIPs: undefined }),
      'the call does not come from the pod of its token',
    ],
    ['has ended', () => put({ phase: 'Succeeded' }), "the token's pod has ended"],
    ['has failed', () => put({ phase: 'Failed' }), "the token's pod has ended"],
  ])('whose pod %s is refused', async (_, change, message) => {
    api.remove(`${pods}/r1`);
    put({});
    api.remove(`${pods}/r1`);
    put({});
    change();
    const at = api.get(`${pods}/r1`);
    if (at !== undefined && message.includes('another one')) at.metadata.uid = '0a0b0c0d-0000-4000-8000-000000000009';
    expect(await refused(known.identify({ authorization: bearer('t'), address: '10.0.0.7' }))).toEqual([
      'runner-not-known',
      401,
      message,
    ]);
  });

  it('calls from anywhere where the operator ignores addresses', async () => {
    expect(
      (await create({ address: 'ignore' }).identify({ authorization: bearer('t'), address: '1.2.3.4' })).id,
    ).toContain('r1');
  });

  it.each([
    undefined,
    '',
    'Bearer ',
    'Basic dTpw',
    'bearer t',
    'Bearer a b',
    `Bearer ${'x'.repeat(8_001)}`,
    'Bearer é',
  ])('that brings %j in place of a token is refused, and nobody is asked', async (authorization) => {
    expect(await refused(known.identify({ authorization, address: '10.0.0.7' }))).toEqual([
      'runner-not-known',
      401,
      'the call brings no token of its runner',
    ]);
    expect(api.calls).toEqual([]);
  });

  it('is asked about once for all its calls of a while, and each time after a no', async () => {
    const call = (token: string, address = '10.0.0.7') => known.identify({ authorization: bearer(token), address });
    await Promise.all([call('t'), call('t'), call('t')]);
    await call('t');
    expect(reviews()).toBe(1);
    // The same token from elsewhere is another question.
    await refused(call('t', '10.0.0.8'));
    expect(reviews()).toBe(2);
    await refused(call('t', '10.0.0.8'));
    expect(reviews()).toBe(3);
    const brief = create({ remember: 1 });
    await brief.identify({ authorization: bearer('t'), address: '10.0.0.7' });
    await new Promise((done) => setTimeout(done, 20));
    await brief.identify({ authorization: bearer('t'), address: '10.0.0.7' });
    expect(reviews()).toBe(5);
  });

  it('cannot make the gate ask without end', async () => {
    api.play('tokenreviews', 'hang', 'hang', 'hang', 'hang');
    const slow = create({ limit: 1_000 });
    const many = Array.from({ length: 20 }, (_, n) =>
      refused(slow.identify({ authorization: bearer(`t${n}`), address: '10.0.0.7' })),
    );
    const said = await Promise.all(many);
    expect(said.filter(([, , message]) => message === 'this address brings too many tokens at once')).toHaveLength(16);
    expect((await slow.identify({ authorization: bearer('t'), address: '10.0.0.7' })).id).toContain('r1');
  });

  it('is told that it passes when the cluster cannot be asked, without a word of its token', async () => {
    api.play('tokenreviews', { status: 403, body: { message: 'no' } });
    const error: unknown = await known
      .identify({ authorization: bearer('secret-token'), address: '10.0.0.7' })
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'gate-failed',
      status: 503,
      message: 'the cluster could not be asked who calls; this passes',
    });
    expect(JSON.stringify([(error as Error).cause, String((error as Error).cause)])).not.toContain('secret-token');
    api.review = () => ({ ...yes, user: user({ 'authentication.kubernetes.io/pod-uid': ['a', 'b'] }) });
    expect((await refused(known.identify({ authorization: bearer('t'), address: '10.0.0.7' })))[0]).toBe('gate-failed');
  });
});

describe("actions-runner-controller's word for a job", () => {
  const runner = { id: `runners/r1:${uid}`, ephemeral: true };
  const claims = { runId: '123', repository: 'octo/app' } as Claims;
  const runners = '/apis/actions.github.com/v1alpha1/namespaces/runners/ephemeralrunners';
  const right = { workflowRunId: 123, jobRepositoryName: 'Octo/App' };
  const owner = (more: object = {}) => ({
    apiVersion: 'actions.github.com/v1alpha1',
    kind: 'EphemeralRunner',
    name: 'e1',
    uid: '',
    ...more,
  });

  const check = (signal = AbortSignal.timeout(5_000)): Promise<void> =>
    arcBinder(createKubernetesClient(accessWith(api.server, 'token', api.ca))).check(claims, runner, signal);

  function give(status: object | undefined, more: object = {}): void {
    api.put(`${runners}/e1`, { metadata: {}, status });
    put({}, { ownerReferences: [owner({ uid: api.get(`${runners}/e1`).metadata.uid, ...more })] });
  }
  const told = async (): Promise<readonly [string, string]> => {
    const [code, , message] = await refused(check());
    return [code, message];
  };

  it('is believed when it names run and repository', async () => {
    give(right);
    await check();
  });

  it.each([[{ ...right, workflowRunId: 124 }], [{ ...right, jobRepositoryName: 'octo/other' }]])(
    'is a no when it names another job: %j',
    async (status) => {
      give(status);
      expect(await told()).toEqual(['job-not-on-runner', 'GitHub gave this runner a job of another run or repository']);
    },
  );

  it.each([[undefined], [{}], [{ workflowRunId: 123 }], [{ jobRepositoryName: 'octo/app' }]])(
    'is waited for when it comes late: %j',
    async (first) => {
      give(first);
      const checking = check();
      await expect
        .poll(() => api.calls.filter((call) => call.includes('ephemeralrunners')).length, { timeout: 10_000 })
        .toBeGreaterThan(1);
      api.put(`${runners}/e1`, { ...api.get(`${runners}/e1`), status: right });
      await checking;
    },
  );

  it('is waited for no longer than somebody waits', async () => {
    give({});
    await expect(check(AbortSignal.timeout(400))).rejects.toThrow('aborted');
  });

  const gone = (): void => {
    give(right);
    api.remove(`${runners}/e1`);
  };
  const anew = (): void => {
    give(right);
    api.get(`${pods}/r1`).metadata.uid = 'other';
  };
  it.each<[string, () => void, string]>([
    ['the pod has no owner', () => put({}), "this runner's pod was not made for an EphemeralRunner"],
    [
      'the owner is of another kind',
      () => give(right, { kind: 'Job' }),
      "this runner's pod was not made for an EphemeralRunner",
    ],
    [
      'the owner is of another group',
      () => give(right, { apiVersion: 'evil.example/v1' }),
      "this runner's pod was not made for an EphemeralRunner",
    ],
    [
      'the owner has the name of a path',
      () => give(right, { name: '../../../pods/x' }),
      "this runner's EphemeralRunner has a name that is not understood",
    ],
    ['the owner was made anew', () => give(right, { uid: 'another' }), "this runner's EphemeralRunner is gone"],
    ['the owner is gone', gone, "this runner's EphemeralRunner is gone"],
    ['the pod is gone', () => api.remove(`${pods}/r1`), "this runner's pod is gone"],
    ['the pod was made anew', anew, "this runner's pod is gone"],
  ])('is a no when %s', async (_, change, message) => {
    change();
    expect(await told()).toEqual(['job-not-on-runner', message]);
  });

  it('is none for a runner that is in no pod', async () => {
    const binder = arcBinder(createKubernetesClient(accessWith(api.server, 'token', api.ca)));
    expect(
      await refused(binder.check(claims, { id: 'socket-1', ephemeral: true }, AbortSignal.timeout(1_000))),
    ).toMatchObject(['job-not-on-runner', 403, 'this runner is in no pod of the cluster']);
  });
});
