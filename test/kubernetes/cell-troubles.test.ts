import { expect, it } from 'vitest';
import type { Failure } from '../../src/protocol/index.ts';
import { cellRights } from './gate-access.ts';
import { nothingLeft, place, podOf, randomId, told } from './cells.ts';
import { describeCluster } from './support.ts';

// What goes wrong between a gate and a real cluster, and what author and operator read of it.

const long = 120_000;
const tell = 'tell the operator of the gate';
const unfit = `the gate cannot start sealed cells in its cluster; ${tell}`;
const quota = `the quota of the cells' namespace is used up; run the job again later, or ${tell}`;

describeCluster('a cell that cannot be started', (get) => {
  it(
    'for want of its image says so at once',
    async () => {
      const image = 'airlock.test/absent:1';
      const { cells, namespace } = await place(get(), { change: (spec) => (spec.containers[0].image = image) });
      expect(await told(cells({ image }).start(randomId()))).toEqual({
        code: 'cell-start-failed',
        author: `the image of the cells is not on the cluster's nodes; ${tell}`,
        operator:
          "a node does not have the image of the cells and may not, or cannot, pull it: see the PodTemplate's image, imagePullPolicy and imagePullSecrets",
        detail: expect.stringMatching(/^ErrImageNeverPull: .*not present with pull policy of Never/),
      });
      await nothingLeft(get(), namespace);
    },
    long,
  );

  it(
    'for want of its program says so',
    async () => {
      // The image has node under this path only; a working directory that is a file cannot be entered.
      const { cells } = await place(get(), { change: (spec) => (spec.containers[0].workingDir = '/proc/version') });
      expect(await told(cells().start(randomId()))).toMatchObject({
        code: 'cell-start-failed',
        author: expect.stringMatching(/^the cluster (?:started a cell that ended at once|could not start a cell)/),
        detail: expect.stringMatching(/its process could not be started|RunContainerError|CreateContainerError/),
      });
    },
    long,
  );

  it(
    'for want of room on any node waits for some, not for ever',
    async () => {
      const { cells, namespace } = await place(get(), {
        change: (spec) => (spec.nodeSelector = { 'airlock.test/nowhere': 'x' }),
      });
      expect(await told(cells({ timing: { start: 2_000 } }).start(randomId()))).toEqual({
        code: 'cell-start-failed',
        author: `no node of the cluster had room for a cell within 2 s; run the job again later, or ${tell}`,
        operator: 'a cell could not be scheduled: add room, or change the nodeSelector or resources of its PodTemplate',
        detail: expect.stringMatching(/^0\/1 nodes are available/),
      });
      await nothingLeft(get(), namespace);
    },
    long,
  );

  it(
    'for want of quota says so, and the gate stays ready for when a place is free',
    async () => {
      const { kube } = get();
      const { cells: open, namespace } = await place(get());
      const one = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'one', namespace } };
      await kube.create({ ...one, spec: { hard: { pods: '1' } } });
      await kube.until(one, 'counts', ({ status }) => status?.used?.pods === '0');
      const cells = open();
      const cell = await cells.start(randomId());
      expect(await told(cells.start(randomId()))).toEqual({
        code: 'cell-start-failed',
        author: quota,
        operator: 'the ResourceQuota of the namespace of the cells is below limits.tasksAtOnce of the policy',
        detail: expect.stringContaining('exceeded quota: one'),
      });
      expect(await cells.check()).toBeNull();
      // Without any policy: a full quota refuses the pod that only a policy should, and must not be taken for one.
      expect(await open({ admission: true }).check()).toMatch(
        /^no ValidatingAdmissionPolicy refuses a pod that differs/,
      );
      await cell.remove();
    },
    long,
  );

  it(
    'because of the Pod Security level of its namespace says so',
    async () => {
      const { cells } = await place(get(), {
        // Sealed as the gate sees it, but not as the level "restricted" does.
        change: (spec) => (spec.securityContext.seccompProfile = { type: 'Localhost', localhostProfile: 'x' }),
      });
      const fine = await cells().check();
      expect(fine).toBeNull();
      const { cells: other } = await place(get(), {
        change: (spec) => (spec.containers[0].securityContext.seLinuxOptions = { user: 'x' }),
      });
      expect(await other().check()).toMatch(
        /^the PodTemplate of the cells does not fit the Pod Security level of its namespace \(POST .*violates PodSecurity/,
      );
      expect(await told(other().start(randomId()))).toMatchObject({ code: 'cell-start-failed', author: unfit });
    },
    long,
  );

  it.each([
    ['to templates', 0, 'podtemplates'],
    ['to pods', 1, 'pods'],
  ])(
    'for want of the right %s says so',
    async (_, at, resource) => {
      const rights = [[], cellRights.filter(({ resources }) => !resources.includes('pods'))][at] ?? [];
      const { cells } = await place(get(), { rights });
      const problem = await cells().check();
      expect(problem).toMatch(
        /^the gate's service account lacks a right in the namespace of the cells: see its Role \(/,
      );
      expect(problem).toContain(`cannot ${at === 0 ? 'get' : 'create'} resource \\"${resource}\\"`);
      expect(await told(cells().start(randomId()))).toMatchObject({ code: 'cell-start-failed', author: unfit });
    },
    long,
  );

  it.each(['get', 'create'])(
    'for want of the right to %s an attached connection says so',
    async (missing) => {
      const rights = cellRights.map((right) =>
        right.resources.includes('pods/attach')
          ? { ...right, verbs: right.verbs.filter((verb) => verb !== missing) }
          : right,
      );
      const { cells, namespace } = await place(get(), { rights });
      expect(await told(cells().start(randomId()))).toMatchObject({
        code: 'cell-start-failed',
        author: unfit,
        operator: "the gate's service account lacks a right in the namespace of the cells: see its Role",
      });
      await nothingLeft(get(), namespace);
    },
    long,
  );

  it(
    'whose name is taken leaves the pod of that name alone',
    async () => {
      const { kube } = get();
      const { cells: open, namespace, template } = await place(get());
      const id = randomId();
      const pod = { ...podOf(id, namespace), spec: template.template.spec };
      await kube.create(pod);
      expect(await told(open().start(id))).toMatchObject({
        code: 'cell-start-failed',
        author: 'a pod with the name of this cell is there already; run the job again',
        operator: 'a pod with the name of a new cell is there already: does something else make cell- pods?',
        detail: expect.stringContaining('already exists'),
      });
      expect((await kube.get(pod)).metadata.deletionTimestamp).toBeUndefined();
      await expect(open().start('x')).rejects.toThrow(TypeError);
    },
    long,
  );

  it(
    'as its template says, because something in the cluster changes pods, is ended',
    async () => {
      const { kube } = get();
      const { cells, namespace } = await place(get());
      // Fills in a request, as admission plugins and webhooks of real clusters do.
      const limits = [{ type: 'Container', defaultRequest: { 'ephemeral-storage': '1Mi' } }];
      await kube.create({ apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'x', namespace }, spec: { limits } });
      const said = await told(cells().start(randomId()));
      expect(said).toMatchObject({
        code: 'cell-start-failed',
        author: unfit,
        operator: 'the cluster made a pod that differs from its template in containers',
      });
      await nothingLeft(get(), namespace);
    },
    long,
  );

  it(
    'from its template says why',
    async () => {
      const { kube } = get();
      const { cells: open, namespace, template } = await place(get(), { make: false });
      const cells = open();
      expect(await cells.check()).toBe("the cells' PodTemplate is not there: the chart makes it");
      expect(await told(cells.start(randomId()))).toMatchObject({ code: 'no-cell-engine', author: unfit });
      const failure = (await cells.list().catch((error: unknown) => error)) as Failure;
      expect(failure.code).toBe('no-cell-engine');
      template.template.spec.hostNetwork = true;
      await kube.create(template);
      const problem = 'the cells\' PodTemplate does not seal: its specification must not have "hostNetwork"';
      expect(await cells.check()).toBe(problem);
      expect(cells.ready()).toBe(problem);
      expect((await kube.list('v1', 'Pod', namespace)).length).toBe(0);
    },
    long,
  );

  it(
    'where no policy compares pods with the template says so, and can be where one does',
    async () => {
      const { kube } = get();
      const { cells: open, namespace } = await place(get());
      const cells = open({ admission: true });
      const none =
        "no ValidatingAdmissionPolicy refuses a pod that differs from the cells' PodTemplate: install the chart's, or see its typeChecking";
      expect(await cells.check()).toBe(none);
      const group = 'admissionregistration.k8s.io/v1';
      const name = `t-${namespace}`;
      const policy = { apiVersion: group, kind: 'ValidatingAdmissionPolicy', metadata: { name } };
      const binding = { apiVersion: group, kind: 'ValidatingAdmissionPolicyBinding', metadata: { name } };
      await kube.create({
        ...policy,
        spec: {
          failurePolicy: 'Fail',
          paramKind: { apiVersion: 'v1', kind: 'PodTemplate' },
          matchConstraints: {
            resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
          },
          validations: [{ expression: 'object.spec.containers[0].args == params.template.spec.containers[0].args' }],
        },
      });
      await kube.create({
        ...binding,
        spec: {
          policyName: name,
          validationActions: ['Deny'],
          paramRef: { name: 'cells', namespace, parameterNotFoundAction: 'Deny' },
          matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } },
        },
      });
      try {
        await expect.poll(() => cells.check(), { timeout: 30_000, interval: 200 }).toBeNull();
        // The gate has looked a moment ago; the next cell is made after the change, by a policy that knows it or does not yet.
        const script = "process.on('SIGTERM', () => process.exit(143)); process.stdin.resume();";
        const at = { apiVersion: 'v1', kind: 'PodTemplate', metadata: { name: 'cells', namespace } };
        const { template } = await kube.get(at);
        template.spec.containers[0].args = [script];
        await kube.patch(at, { template });
        const cell = await cells.start(randomId());
        expect((await kube.get(podOf(cell.id, namespace))).spec.containers[0].args).toEqual([script]);
        await cell.remove();
      } finally {
        await kube.remove(binding);
        await kube.remove(policy);
      }
      await expect.poll(() => cells.check(), { timeout: 30_000, interval: 200 }).toBe(none);
    },
    long,
  );
});
