export * from './docker-cells.ts';
