// `npm run cluster:up [-- FOLDER]`: a cluster that goes on when this command has ended, until `npm run cluster:down`.
// The first time on a machine it is built, which takes 8 to 12 minutes on two cores.
import { cluster, folderOf } from './command.mjs';
import { startCluster } from './cluster.mjs';

await cluster(async () => {
  const began = Date.now();
  const { folder, kubeconfig } = await startCluster({
    folder: folderOf(),
    outlive: true,
    say: (line) => console.log(`cluster: ${line}`),
  });
  console.log(`cluster: up in ${((Date.now() - began) / 1_000).toFixed(1)} s`);
  console.log(`export KUBECONFIG=${kubeconfig} AIRLOCK_TEST_CLUSTER=${folder}`);
});
