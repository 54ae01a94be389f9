// docs/benchmarks.md, made whole from the figures of one run: nothing in it is written by hand.

import type { Figure } from './figures.ts';

export interface Circumstances {
  /** `v20.20.2` */
  readonly node: string;
  readonly cores: number;
  /** The Docker engine's version; null: none was at hand, so the figures against it are missing. */
  readonly engine: string | null;
  /** Runnable processes on average over the last minute, when the run began and when it ended. */
  readonly load: readonly [before: number, after: number];
}

const judged = (met: boolean | null): string => (met === null ? '–' : met ? 'yes' : '**no**');

export const rowOf = ({ what, against, value, spread, target, met }: Figure): string =>
  `| ${what} | ${against} | ${value} | ${spread} | ${target || '–'} | ${judged(met)} |`;

function machineOf({ node, cores, engine, load }: Circumstances): string {
  const [before, after] = load.map((one) => one.toFixed(1));
  const docker = engine === null ? 'no Docker engine: the figures against it are missing' : `Docker engine ${engine}`;
  return `${cores} shared processor cores, Node ${node}, ${docker}; load average ${before} at the beginning, ${after} at the end.`;
}

export const pageOf = (figures: readonly Figure[], notes: readonly string[], circumstances: Circumstances): string =>
  `# Benchmarks

Written by \`npm run bench\`. A ratio is the median of pairs that were run in turn (A B B A …) in one go, so that it holds
on a slower or busier machine too; times themselves are not told. The spread is the smallest and the largest pair.

${machineOf(circumstances)}

| what | against | figure | spread | target | met |
| --- | --- | --- | --- | --- | --- |
${figures.map(rowOf).join('\n')}

What they are:

${notes.map((note) => `- ${note}`).join('\n')}
`;
