import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, expect, it } from 'vitest';
import { openCluster, removeCluster } from '../cluster/handle.mjs';
import { buildImage } from '../cluster/images.mjs';
import { must, until } from '../cluster/run.mjs';
import { root } from '../support/tree.ts';
import { describeCluster, describeOwnCluster, nodePod } from './support.ts';

// The tests' own cluster, on which all other tests of Kubernetes stand.

const patient = 120_000;
/** The limit of a test is above that of its waits, which say what did not come. */
const long = 2 * patient;
const echo = "process.stdin.once('data', (text) => { console.log('heard ' + text); process.exit(0); })";
const forever = "setInterval(() => {}, 1000); process.on('SIGTERM', () => process.exit(0)); console.log('runs');";
const phase = (wanted: string) => (pod: { status?: { phase?: string } }) => pod.status?.phase === wanted;

describeCluster('a cluster', (get) => {
  it('has one node, which is ready', async () => {
    const { kube } = get();
    const nodes = await kube.list('v1', 'Node');
    expect(nodes.map((node) => node.metadata.name)).toEqual(['node1']);
    expect(nodes[0].status.conditions).toContainEqual(expect.objectContaining({ type: 'Ready', status: 'True' }));
  });

  it(
    'runs a pod and attaches to it',
    async () => {
      const { cluster, kube } = get();
      const namespace = await kube.namespace('attach');
      const pod = await kube.create(nodePod(get(), namespace, 'echo', echo, { stdin: true }));
      await kube.until(pod, 'runs', phase('Running'), patient);
      // Its stdin stays open: whoever closes it is detached from the pod's stdout too.
      const [program, ...args] = [...cluster.kubectl, 'attach', '--stdin', '--quiet', '--namespace', namespace];
      const attached = spawn(program, [...args, 'echo'], { stdio: ['pipe', 'pipe', 'inherit'], timeout: patient });
      attached.stdin.write('an order\n');
      const lines = createInterface({ input: attached.stdout })[Symbol.asyncIterator]();
      expect((await lines.next()).value).toBe('heard an order');
      attached.kill();
      await kube.until(pod, 'succeeds', phase('Succeeded'), patient);
      await kube.remove(pod, { grace: 1 });
      await kube.gone(pod);
    },
    long,
  );

  it(
    'runs an image that is made of a folder, named by its digest',
    async () => {
      const { cluster, kube } = get();
      const scratch = mkdtempSync(join(tmpdir(), 'airlock-image-'));
      try {
        mkdirSync(join(scratch, 'root'));
        writeFileSync(join(scratch, 'root/busybox'), readFileSync('/bin/busybox'), { mode: 0o755 });
        writeFileSync(join(scratch, 'root/word'), `${randomBytes(8).toString('hex')}\n`);
        const source = { name: 'airlock.test/own:local', root: join(scratch, 'root') };
        const config = { Entrypoint: ['/busybox', 'cat', '/word'] };
        const digest = await buildImage({ ...source, config }, join(scratch, 'image.tar'));
        expect(await buildImage({ ...source, config }, join(scratch, 'again.tar'))).toBe(digest);
        const image = await cluster.importImage(join(scratch, 'image.tar'));
        expect(image).toEqual({ name: source.name, digest, reference: `airlock.test/own@${digest}` });

        const namespace = await kube.namespace('image');
        const containers = [{ name: 'main', image: image.reference, imagePullPolicy: 'Never' }];
        const pod = await kube.create({
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: 'own', namespace },
          spec: { restartPolicy: 'Never', containers },
        });
        await kube.until(pod, 'succeeds', phase('Succeeded'), patient);
        expect(await kube.log(namespace, 'own')).toBe(readFileSync(join(scratch, 'root/word'), 'utf8'));
      } finally {
        rmSync(scratch, { recursive: true, force: true });
      }
    },
    long,
  );

  it('lets a service account do what its role says, and nothing else', async () => {
    const { kube } = get();
    const namespace = await kube.namespace('rights');
    const rbac = 'rbac.authorization.k8s.io';
    const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }];
    await kube.create({ apiVersion: `${rbac}/v1`, kind: 'Role', metadata: { name: 'r', namespace }, rules });
    await kube.create({
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata: { name: 'r', namespace },
      roleRef: { apiGroup: rbac, kind: 'Role', name: 'r' },
      subjects: [{ kind: 'ServiceAccount', name: 'default', namespace }],
    });
    const account = kube.as(await kube.token(namespace, 'default'));
    expect(await until('the role is known', () => account.list('v1', 'Pod', namespace))).toEqual([]);
    await expect(account.list('v1', 'Secret', namespace)).rejects.toThrow(
      `secrets is forbidden: User "system:serviceaccount:${namespace}:default" cannot list resource "secrets"`,
    );
  });

  it('answers a token for another audience with 401', async () => {
    const { kube } = get();
    const namespace = await kube.namespace('audience');
    const token = await kube.token(namespace, 'default', { audiences: ['airlock'], seconds: 600 });
    expect((await kube.as(token).ask('GET', '/api/v1/pods')).status).toBe(401);
  });
});

describeOwnCluster('the programs of a cluster', { enforcer: false }, (get) => {
  it(
    'are killed and started again one by one, and a pod goes on',
    async () => {
      const { cluster, kube } = get();
      const namespace = await kube.namespace('faults');
      const pod = await kube.create(nodePod(get(), namespace, 'steady', forever));
      const before = await kube.until(pod, 'runs', phase('Running'), patient);
      const processes = cluster.processes(before.metadata.uid);
      expect(processes.length).toBeGreaterThan(0);

      await cluster.kill('kube-apiserver');
      expect(await cluster.alive('kube-apiserver')).toBe(false);
      await expect(kube.get(pod)).rejects.toThrow(/ECONNREFUSED|ECONNRESET/);
      await cluster.restart('kube-apiserver');
      for (const name of ['containerd', 'kubelet', 'kube-controller-manager'] as const) await cluster.restart(name);

      // Only a kubelet, a scheduler and controllers that work make this one run.
      const next = await kube.create(nodePod(get(), await kube.namespace('faults'), 'next', forever));
      await kube.until(next, 'runs', phase('Running'), patient);
      const after = await kube.get(pod);
      expect(after.status.containerStatuses[0]).toMatchObject({ restartCount: 0, state: { running: {} } });
      expect(cluster.processes(before.metadata.uid)).toEqual(processes);
    },
    long,
  );

  it('can be frozen', async () => {
    const { cluster } = get();
    await cluster.signal('kube-scheduler', 'STOP');
    const state = async () => {
      const pid = readFileSync(join(cluster.folder, 'pids/kube-scheduler'), 'utf8');
      const { stdout } = await cluster.exec(['cat', `/proc/${pid}/stat`]);
      return / ([A-Z]) /.exec(stdout)?.[1];
    };
    await until('it stands still', async () => (await state()) === 'T');
    await cluster.signal('kube-scheduler', 'CONT');
    await until('it goes on', async () => (await state()) !== 'T');
  });

  it('see nothing of the network but this machine', async () => {
    const { cluster } = get();
    const { stdout } = await cluster.exec(['ip', 'route', 'get', '192.0.2.1']);
    expect(stdout).toBe('');
  });
});

describeCluster('a second cluster', (get) => {
  const folder = join(tmpdir(), `airlock-cluster-${randomBytes(4).toString('hex')}`);
  afterAll(() => removeCluster(folder));

  it(
    'stands beside the first, ends with the process that started it, and leaves nothing',
    async () => {
      const script = `
        import { startCluster } from ${JSON.stringify(join(root, 'test/cluster/cluster.mjs'))};
        await startCluster({ folder: ${JSON.stringify(folder)}, enforcer: false });
        console.log('up');
        setInterval(() => {}, 1000);`;
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      expect((await lines.next()).value).toBe('up');
      const second = openCluster(folder);
      const first = get().cluster;
      expect(second.nodeAddress).not.toBe(first.nodeAddress);
      const { layout } = JSON.parse(readFileSync(join(folder, 'cluster.json'), 'utf8'));
      expect(await must(['ip', 'link'])).toContain(layout.link);

      child.kill('SIGKILL');
      await until('it has ended', async () => !(await must(['ps', '-eo', 'args'])).includes(folder));
      expect(() => openCluster(folder)).toThrow(`the cluster in ${folder} has ended`);
      expect(await removeCluster(folder)).toBe(true);
      expect(existsSync(folder)).toBe(false);
      await until('its link is gone', async () => !(await must(['ip', 'route'])).includes(layout.podRange));
      expect(await must(['find', '/sys/fs/cgroup', '-name', layout.group])).toBe('');
      expect(await first.alive('kube-apiserver')).toBe(true);
    },
    long,
  );
});
