import { expect, it } from 'vitest';
import { buildScript } from '../cell/cells.ts';
import { place, podOf, randomId } from './cells.ts';
import { describeCluster } from './support.ts';

// The managed script itself, in a pod.

describeCluster('the managed script in a pod', (get) => {
  it('ends when it is told to, long before it would be killed', async () => {
    const { cluster, kube } = get();
    const { cells, namespace } = await place(get(), {
      script: await buildScript(),
      change: (spec) => {
        spec.terminationGracePeriodSeconds = 60;
      },
    });
    const cell = await cells().start(randomId());
    const { metadata } = await kube.get(podOf(cell.id, namespace));
    await kube.remove(podOf(cell.id, namespace));
    await kube.gone(podOf(cell.id, namespace), 30_000);
    expect(cluster.processes(metadata.uid)).toEqual([]);
    expect((await cell.ended).reason).toMatch(/^it was (?:removed|told to end \(exit code 143\))$/);
  }, 120_000);
});
