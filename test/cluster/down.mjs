// `npm run cluster:down [-- FOLDER]`: ends what `npm run cluster:up` started, also what is left of it.
import { cluster, folderOf } from './command.mjs';
import { removeCluster } from './handle.mjs';

await cluster(async () => {
  const folder = folderOf();
  console.log((await removeCluster(folder)) ? `cluster: ${folder} is gone` : `cluster: there is none in ${folder}`);
});
