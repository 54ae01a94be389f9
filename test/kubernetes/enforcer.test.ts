import { beforeAll, expect, it } from 'vitest';
import { until } from '../cluster/run.mjs';
import { describeCluster, nodePod } from './support.ts';

// The tests' own enforcer of network policies, on real packets.

const patient = 120_000;
const serve = `
  const { createServer } = require('node:http');
  for (const port of [8080, 9090]) createServer((_, answer) => answer.end('ok')).listen(port);
  process.on('SIGTERM', () => process.exit(0));`;
const wait = "setInterval(() => {}, 1000); process.on('SIGTERM', () => process.exit(0));";
const knock = (host: string, port: number) => `
  const socket = require('node:net').connect({ host: '${host}', port: ${port}, timeout: 1500 });
  const say = (word) => { console.log(word); process.exit(0); };
  socket.on('connect', () => say('connected')).on('timeout', () => say('timeout')).on('error', (e) => say(e.code));`;

describeCluster('network policies', (get) => {
  let namespace = '';
  let server = '';
  let service = '';

  const asks = async (host: string, port: number): Promise<string> => {
    const script = knock(host, port);
    const said = await get().kube.kubectl(['exec', '--namespace', namespace, 'client', '--', 'node', '-e', script]);
    return said.trim();
  };
  const becomes = (wanted: string, host: string, port: number) =>
    until(`${host}:${port} is ${wanted}`, async () => (await asks(host, port)) === wanted);
  const policy = async (name: string, spec: object): Promise<void> => {
    const apiVersion = 'networking.k8s.io/v1';
    await get().kube.create({ apiVersion, kind: 'NetworkPolicy', metadata: { name, namespace }, spec });
  };

  beforeAll(async () => {
    const { kube } = get();
    namespace = await kube.namespace('policies');
    const running = async (name: string, script: string): Promise<string> => {
      const pod = await kube.create(nodePod(get(), namespace, name, script, { labels: { app: name } }));
      const { status } = await kube.until(pod, 'runs', ({ status: now }) => now.phase === 'Running', patient);
      return status.podIP;
    };
    [server] = await Promise.all([running('server', serve), running('client', wait)]);
    const ports = [{ port: 80, targetPort: 8080 }];
    const made = await kube.create({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'server', namespace },
      spec: { selector: { app: 'server' }, ports },
    });
    service = made.spec.clusterIP;
  }, 2 * patient);

  it(
    'that are not there forbid nothing',
    async () => {
      await becomes('connected', server, 8080);
      await becomes('connected', server, 9090);
      await becomes('connected', service, 80);
      await becomes('connected', get().cluster.nodeAddress, 6443);
    },
    2 * patient,
  );

  it(
    'that allow one port of one pod forbid everything else: other ports, the API server, the kubelet',
    async () => {
      await policy('client', { podSelector: { matchLabels: { app: 'client' } }, policyTypes: ['Egress'] });
      await becomes('timeout', server, 8080);
      await policy('client-to-server', {
        podSelector: { matchLabels: { app: 'client' } },
        policyTypes: ['Egress'],
        egress: [{ to: [{ podSelector: { matchLabels: { app: 'server' } } }], ports: [{ port: 8080 }] }],
      });
      await becomes('connected', server, 8080);
      await becomes('connected', service, 80);
      expect(await asks(server, 9090)).toBe('timeout');
      expect(await asks(get().cluster.nodeAddress, 6443)).toBe('timeout');
      expect(await asks(get().cluster.nodeAddress, 10_250)).toBe('timeout');
    },
    2 * patient,
  );

  it(
    'of the receiver hold as well as those of the sender',
    async () => {
      await policy('server', { podSelector: { matchLabels: { app: 'server' } }, policyTypes: ['Ingress'] });
      await becomes('timeout', server, 8080);
      await policy('server-from-client', {
        podSelector: { matchLabels: { app: 'server' } },
        ingress: [{ from: [{ podSelector: { matchLabels: { app: 'client' } } }] }],
      });
      await becomes('connected', server, 8080);
    },
    2 * patient,
  );
});
