export { type KubernetesAccess, accessInCluster } from './access.ts';
export { type Attached, type Piece, attach } from './attach.ts';
export { type KubernetesClient, createKubernetesClient, rightsPatience } from './client.ts';
export { KubernetesError, isRightless, isStatus } from './kubernetes-error.ts';
export { listAll } from './list.ts';
export { type Watch, type WatchTiming, defaultWatchTiming, watch } from './watch.ts';
