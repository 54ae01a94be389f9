export { type ClusterLedgerOptions, openClusterLedger } from './open.ts';
