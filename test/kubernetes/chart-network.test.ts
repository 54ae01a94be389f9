import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../cluster/run.mjs';
import { Helm, leastValues, merged, newPlace } from './helm.ts';
import { describeCluster, nodePod } from './support.ts';

// The chart's NetworkPolicies on real packets, by the tests' own enforcer: who reaches whom, and nobody else.

const patient = 120_000;
const place = newPlace();
const { release, gate, cells, runners } = place;
const serve = `
  const { createServer } = require('node:net');
  for (const port of [3128, 8443, 9180])
    createServer((socket) => socket.on('error', () => {}).end()).listen(port);
  process.on('SIGTERM', () => process.exit(0));`;

const component = (name: string) => ({
  'app.kubernetes.io/name': 'airlock',
  'app.kubernetes.io/instance': release,
  'app.kubernetes.io/component': name,
});

/** Ports of the stand-ins. */
const drone = 8443;
const proxy = 3128;
const gatePort = 8443;
const operator = 9180;

describeCluster('the network policies of the chart', (get) => {
  let helm: Helm;
  let outside = '';
  const address: Record<string, string> = {};

  /** Where there is something that could be reached: name, host, port. */
  const targets = (): readonly (readonly [string, string, number])[] => {
    const { nodeAddress, hostAddress } = get().cluster;
    return [
      ['the gate', address['gate'] ?? '', gatePort],
      ["the gate's operator", address['gate'] ?? '', operator],
      ['Drone', address['drone'] ?? '', drone],
      ['another port of Drone', address['drone'] ?? '', operator],
      ['the proxy', address['proxy'] ?? '', proxy],
      ['the API server', nodeAddress, 6443],
      ['the kubelet', nodeAddress, 10_250],
      ['a runner', address['runner'] ?? '', operator],
      ['a cell', address['cell'] ?? '', operator],
      ['another pod', address['other'] ?? '', operator],
      ['a metadata address', '169.254.169.254', 80],
      ['the internet', '192.0.2.80', 443],
      ['the machine', hostAddress, 22],
    ];
  };

  const knock = (list: readonly (readonly [string, string, number])[]): string => `
    const { connect } = require('node:net');
    const one = ([name, host, port]) => new Promise((done) => {
      const socket = connect({ host, port, timeout: 2500 });
      const say = (word) => { socket.destroy(); done([name, word]); };
      socket.on('connect', () => say('connected')).on('timeout', () => say('silent')).on('error', (e) => say(e.code));
    });
    Promise.all(${JSON.stringify(list)}.map(one)).then((all) => console.log(JSON.stringify(all)));`;

  /** Names of what a pod can connect to. */
  async function reached(namespace: string, pod: string): Promise<string[]> {
    // A pod always reaches itself.
    const others = targets().filter(([, host]) => host !== address[pod]);
    const args = ['exec', '--namespace', namespace, pod, '--', 'node', '-e', knock(others)];
    const all = JSON.parse(await get().kube.kubectl(args)) as [string, string][];
    return all.filter(([, word]) => word === 'connected').map(([name]) => name);
  }

  beforeAll(async () => {
    const { cluster, kube } = get();
    helm = new Helm(cluster);
    outside = await kube.namespace('outside');
    const pods: [string, string, Record<string, string>][] = [
      ['drone', outside, {}],
      ['proxy', outside, {}],
      ['other', outside, {}],
    ];
    const start = async ([name, namespace, labels]: (typeof pods)[number]) => {
      const pod = await kube.create(nodePod(get(), namespace, name, serve, { labels }));
      const { status } = await kube.until(pod, 'runs', ({ status: now }) => now.phase === 'Running', patient);
      address[name] = status.podIP;
    };
    await Promise.all(pods.map(start));
    const values = merged(leastValues(place, cluster), {
      // The stand-ins of the cells' namespace are no cells.
      cells: { admission: false },
      networkPolicies: {
        drone: [{ cidr: `${address['drone']}/32`, ports: [drone] }],
        proxy: [{ cidr: `${address['proxy']}/32`, ports: [proxy] }],
      },
    });
    await helm.install(place, values);
    const own: typeof pods = [
      ['gate', gate, component('gate')],
      ['runner', runners, { any: 'label' }],
      ['cell', cells, component('cell')],
    ];
    const limits = { cpu: '100m', memory: '128Mi' };
    await Promise.all(
      own.map(async ([name, namespace, labels]) => {
        const pod = nodePod(get(), namespace, name, serve, { labels });
        const { containers } = pod['spec'] as { containers: object[] };
        Object.assign(containers[0]!, { resources: { limits, requests: limits } });
        await kube.create(pod);
        const { status } = await kube.until(pod, 'runs', ({ status: now }) => now.phase === 'Running', patient);
        address[name] = status.podIP;
      }),
    );
  }, 2 * patient);

  afterAll(async () => {
    const { kube } = get();
    await helm.uninstall(place);
    await kube.remove({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: gate } });
    helm.end();
  }, 2 * patient);

  it(
    'forbid something: from outside them everything that is there is reached',
    async () => {
      const all = ['the gate', "the gate's operator", 'a runner', 'a cell'];
      const open = ['Drone', 'another port of Drone', 'the proxy', 'the API server', 'the kubelet'];
      await until(
        'what nobody protects is reached',
        async () => {
          const found = await reached(outside, 'other');
          return open.every((name) => found.includes(name)) && !all.some((name) => found.includes(name));
        },
        { limit: patient },
      );
    },
    2 * patient,
  );

  describe.each([
    ['cell', () => cells, ['Drone']],
    ['runner', () => runners, ['the gate', 'the proxy']],
    ['gate', () => gate, ['the proxy', 'the API server']],
  ] as const)('a %s', (pod, namespace, allowed) => {
    it(
      `reaches ${allowed.join(' and ')}, and nothing else`,
      async () => {
        let found: string[] = [];
        await until(
          `${pod} is walled in`,
          async () => {
            found = await reached(namespace(), pod);
            return JSON.stringify(found) === JSON.stringify(allowed);
          },
          { limit: patient },
        ).catch(() => undefined);
        expect(found).toEqual(allowed);
      },
      2 * patient,
    );
  });
});
