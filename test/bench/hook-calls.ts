// The three hook calls of a job, as the runner makes them, through the real gate. The cell answers at once, so what is
// measured is airlock's own share of a job, and nothing of a build.

import { run } from '../support/run.ts';
import { type Figure, paired, ratioFigure, sum, timed } from './figures.ts';
import { type Jobs, type Place, startJobs } from './jobs.ts';
import { answersAtOnce, standInCells } from './stand-in-cells.ts';

const calls = 3;

export const startInstantJobs = (place: Place): Promise<Jobs> => startJobs(place, standInCells(answersAtOnce));

/** Milliseconds of one job's calls together. */
export const callsOf = async ({ play }: Jobs): Promise<number> => sum((await play()).times);

const emptyNodes = (): Promise<number> =>
  timed(async () => {
    for (let call = 0; call < calls; call++) await run(process.execPath, ['-e', '']);
  });

export async function againstEmptyNodes(place: Place, pairs: number): Promise<Figure> {
  const jobs = await startInstantJobs(place);
  try {
    const found = await paired(pairs, () => callsOf(jobs), emptyNodes);
    return ratioFigure('the three hook calls of a job', 'three empty node processes', found, 3);
  } finally {
    await jobs.close();
  }
}
