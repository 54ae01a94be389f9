import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, until } from '../cluster/run.mjs';
import { Caller, type Resource, type Try, everyResource, told, verbs, verbsOf } from './every-call.ts';
import { Helm, leastValues, merged, newPlace } from './helm.ts';
import { everybodysGolden, gatesGolden, ofEverybody, ofTheGate } from './rights.ts';
import { describeCluster } from './support.ts';

// What a stolen token is worth: a runner's nothing, the gate's exactly what its Roles say. Everything that the API server
// knows is tried with each, in every namespace that matters, as dry runs.

const patient = 120_000;
const place = newPlace();
const { release, gate, cells, runners } = place;

const ofGate = ofTheGate(place);

describeCluster('a stolen token', (get) => {
  let helm: Helm;
  let resources: readonly Resource[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'airlock-escape-'));
  const token: Record<string, string> = {};
  const callers: Caller[] = [];

  const callerOf = (who: string): Caller => {
    const caller = new Caller(get().kube.as(token[who] ?? ''));
    callers.push(caller);
    return caller;
  };

  function tries(): readonly Try[] {
    return resources.flatMap((resource) => {
      const namespaces = resource.namespaced ? [null, cells, runners, gate, 'kube-system'] : [null];
      return namespaces.flatMap((namespace) =>
        verbsOf(resource).map((verb) => ({ resource, verb, namespace, object: 'other' })),
      );
    });
  }

  /** Whatever is not refused, of all that there is. */
  async function open(caller: Caller): Promise<{ tried: number; passed: string[] }> {
    const all = tries();
    const passed: string[] = [];
    const next = all[Symbol.iterator]();
    const lane = async (): Promise<void> => {
      for (const one of next) if ((await caller.try(one)) !== 403) passed.push(told(one));
    };
    await Promise.all(Array.from({ length: 6 }, lane));
    return { tried: all.length, passed };
  }

  async function canDo(who: string, namespace: string): Promise<readonly string[]> {
    const { cluster, kube } = get();
    const file = join(folder, `${who}.json`);
    const list = (name: string, entry: object) => [{ name, ...entry }];
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'c',
      clusters: list('c', {
        cluster: {
          server: cluster.server,
          'certificate-authority-data': Buffer.from(kube.access.ca).toString('base64'),
        },
      }),
      users: list('c', { user: { token: token[who] } }),
      contexts: list('c', { context: { cluster: 'c', user: 'c' } }),
    };
    writeFileSync(file, JSON.stringify(config));
    const [program = '', sub = ''] = cluster.kubectl;
    const { code, stdout, stderr } = await run([
      program,
      sub,
      '--kubeconfig',
      file,
      'auth',
      'can-i',
      '--list',
      '-n',
      namespace,
    ]);
    expect([code, stderr]).toEqual([0, '']);
    return stdout
      .trim()
      .split('\n')
      .map((line) => line.trim().replace(/\s+/g, ' '))
      .toSorted();
  }

  beforeAll(async () => {
    const { cluster, kube } = get();
    helm = new Helm(cluster);
    await helm.install(place, leastValues(place, cluster));
    resources = await everyResource(kube);
    token['runner'] = await kube.token(runners, 'airlock-runner');
    token['cell'] = await kube.token(cells, `${release}-cell`);
    token['gate'] = await kube.token(gate, `${release}-gate`);
    await until('the roles are known', async () => {
      const listed = await kube.as(token['gate'] ?? '').ask('GET', `/api/v1/namespaces/${cells}/pods`);
      return listed.status === 200;
    });
  }, 2 * patient);

  afterAll(async () => {
    for (const caller of callers) caller.end();
    await helm.uninstall(place);
    await get().kube.remove({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: gate } });
    helm.end();
    rmSync(folder, { recursive: true });
  }, 2 * patient);

  describe.each(['runner', 'cell'])('of a %s', (who) => {
    it(
      'opens nothing at all',
      async () => {
        const { tried, passed } = await open(callerOf(who));
        expect(passed.toSorted()).toEqual(ofEverybody.toSorted());
        expect(tried).toBeGreaterThan(1_000);
      },
      patient,
    );

    it(
      'has the rights that every account has',
      async () => {
        for (const namespace of [runners, cells, gate])
          expect(await canDo(who, namespace)).toEqual(everybodysGolden.toSorted());
      },
      patient,
    );
  });

  it("of a runner's pod is no credential of the API server at all: it has another audience", async () => {
    const { kube } = get();
    const projected = await kube.token(runners, 'airlock-runner', { audiences: ['airlock'], seconds: 600 });
    for (const path of ['/api', '/version', '/apis/authorization.k8s.io/v1', `/api/v1/namespaces/${runners}/pods`])
      expect([path, (await kube.as(projected).ask('GET', path)).status]).toEqual([path, 401]);
  });

  describe('of the gate', () => {
    it(
      'opens what its Roles say and nothing else',
      async () => {
        const { tried, passed } = await open(callerOf('gate'));
        expect(passed.toSorted()).toEqual(ofGate.toSorted());
        expect(tried).toBeGreaterThan(1_000);
      },
      patient,
    );

    it(
      'opens one PodTemplate and one Lease by name',
      async () => {
        const caller = callerOf('gate');
        const named = (group: string, plural: string) =>
          resources.find(({ group: its, name, root }) => its === group && name === plural && root.endsWith('/v1'))!;
        const leases = named('coordination.k8s.io', 'leases');
        const templates = named('', 'podtemplates');
        const passed: string[] = [];
        for (const [resource, object] of [
          [leases, `${release}-gate`],
          [leases, 'other'],
          [templates, `${release}-cell`],
          [templates, 'other'],
        ] as const)
          for (const verb of verbs)
            for (const namespace of [cells, runners, gate])
              if ((await caller.try({ resource, verb, namespace, object })) !== 403)
                passed.push(`${object}: ${told({ resource, verb, namespace, object })}`);
        const lease = `leases.coordination.k8s.io in ${cells}`;
        expect(passed.toSorted()).toEqual(
          [
            // A creation has no name yet.
            `${release}-gate: create ${lease}`,
            `other: create ${lease}`,
            `${release}-gate: get ${lease}`,
            `${release}-gate: update ${lease}`,
            `${release}-cell: get podtemplates in ${cells}`,
          ].toSorted(),
        );
      },
      patient,
    );

    it(
      'has the rights of the golden list',
      async () => {
        const golden = gatesGolden(place);
        expect(await canDo('gate', cells)).toEqual(golden.cells.toSorted());
        expect(await canDo('gate', runners)).toEqual(golden.runners.toSorted());
        for (const namespace of [gate, 'kube-system'])
          expect(await canDo('gate', namespace)).toEqual(golden.everywhere.toSorted());
      },
      patient,
    );

    it(
      'reads EphemeralRunners where jobs are bound by them, and changes none',
      async () => {
        const bound = merged(leastValues(place, get().cluster), { runners: { bindArc: true } });
        await helm.act('upgrade', place, bound);
        const right = 'ephemeralrunners.actions.github.com [] [] [get]';
        await until('the role is known', async () => (await canDo('gate', runners)).includes(right));
        expect(await canDo('gate', cells)).not.toContain(right);
      },
      patient,
    );

    it('gets nobody to act for: no impersonation, no token of another account', async () => {
      const caller = callerOf('gate');
      const path = `/api/v1/namespaces/${cells}/pods`;
      for (const headers of [
        { 'impersonate-user': 'system:admin' },
        { 'impersonate-user': `system:serviceaccount:${runners}:airlock-runner` },
        { 'impersonate-user': 'x', 'impersonate-group': 'system:masters' },
      ])
        expect(await caller.call('GET', path, headers)).toBe(403);
    });
  });

  it.each(['runner', 'cell', 'gate'])('of a %s opens nothing beside the resources', async (who) => {
    const caller = callerOf(who);
    const { nodeAddress } = get().cluster;
    for (const path of ['/metrics', '/logs/', '/debug/pprof/', '/configz', '/flagz', '/statusz'])
      expect([path, await caller.call('GET', path)]).toEqual([path, 403]);
    for (const path of ['/pods', '/metrics', '/exec/x/y/z', '/run/x/y/z', '/containerLogs/x/y/z', '/configz'])
      expect([path, await caller.call('GET', `https://${nodeAddress}:10250${path}`)]).toEqual([path, 403]);
  });
});
