import { beforeAll, expect, it } from 'vitest';
import { rightsFindings } from '../../src/cli/doctor/rights.ts';
import type { ClusterConfig } from '../../src/config/index.ts';
import { clusterSurroundings, defaultTiming, everywhere, probeFrom, silentLog } from '../../src/gate/index.ts';
import { buildScript } from '../cell/cells.ts';
import { type Place, nothingLeft, place } from './cells.ts';
import { cellRights, ledgerRights } from './gate-access.ts';
import { describeCluster } from './support.ts';

// The self-test in a real cluster: what a cell finds without a NetworkPolicy and with one that is enforced.

const long = 240_000;
const drone = { server: 'http://192.0.2.1', token: 'workflow' } as const;

describeCluster("the test of the cells' network", (get) => {
  let script = '';
  beforeAll(async () => {
    script = await buildScript();
  }, long);

  async function reached({ client, namespace, cells }: Place): Promise<readonly string[]> {
    const around = clusterSurroundings({ client, namespace, ports: [] });
    const { tried } = await probeFrom({
      cells: cells(),
      timing: defaultTiming,
      log: silentLog(),
      drone,
      token: false,
      signal: new AbortController().signal,
      attempts: async (cell) => [...(await around(cell)), ...everywhere([drone])],
    });
    expect(new Set(tried.map(({ what }) => what))).toEqual(
      new Set(['api-server', 'node', 'metadata', 'internet', 'names']),
    );
    return tried.flatMap(({ what, port, found }) => (found === 'connected' ? [`${what}:${port}`] : []));
  }

  it(
    'finds the API server and the kubelet where nothing keeps a cell from them, and neither where a policy does',
    async () => {
      const { kube, cluster } = get();
      const one = await place(get(), { script });
      const api = `api-server:${new URL(cluster.server).port}`;
      expect(await reached(one)).toEqual([api, 'node:10250']);
      await kube.create({
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'none', namespace: one.namespace },
        spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
      });
      await expect.poll(() => reached(one), { timeout: long / 2, interval: 1000 }).toEqual([]);
      await nothingLeft(get(), one.namespace);
    },
    long,
  );

  it(
    'goes with a look at rights: those that the gate needs are ok, and one more is not',
    async () => {
      const needed = await place(get(), { script, rights: [...cellRights, ...ledgerRights] });
      const more = await place(get(), { script, rights: [...cellRights, { resources: ['secrets'], verbs: ['get'] }] });
      const look = async ({ client, namespace }: Place) => {
        const config = { kubernetes: { namespace }, runners: { serviceAccounts: [] } };
        return rightsFindings(client, config as unknown as ClusterConfig);
      };
      expect(await look(needed)).toMatchObject([{ verdict: 'ok', found: 'no more than it needs' }]);
      expect(await look(more)).toMatchObject([{ verdict: 'NOT OK', found: 'also get secrets' }]);
    },
    long,
  );
});
