export { type KubernetesCells, type KubernetesCellsOptions, kubernetesCells } from './kubernetes-cells.ts';
