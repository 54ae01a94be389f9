// The same against what Docker itself takes, on the engine that the tests use: `docker run` of the same image doing
// nothing, and `docker logs` of the same lines.

import { processCells, silentLog } from '../../src/gate/index.ts';
import { run } from '../support/run.ts';
import { type Figure, paired, ratioFigure, timed } from './figures.ts';
import { callsOf, startInstantJobs } from './hook-calls.ts';
import { type Place, startJobs } from './jobs.ts';
import { running, succeeded } from './stand-in-cells.ts';

export interface Engine {
  /** `unix:///…` */
  readonly host: string;
  /** An image with node. */
  readonly image: string;
}

const limit = 120_000;

async function docker({ host }: Engine, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run('docker', ['--host', host, ...args], { limit });
  if (code !== 0) throw new Error(`docker ${args[0] ?? ''}: ${stderr.trim()}`);
  return stdout.trim();
}

export const versionOf = (engine: Engine): Promise<string> =>
  docker(engine, ['version', '--format', '{{.Server.Version}}']);

export async function againstDockerRun(place: Place, engine: Engine, pairs: number): Promise<Figure> {
  const jobs = await startInstantJobs(place);
  const nothing = ['run', '--rm', '--network', 'none', engine.image, 'node', '-e', ''];
  try {
    const found = await paired(
      pairs,
      () => callsOf(jobs),
      () => timed(() => docker(engine, nothing)),
    );
    return ratioFigure('the three hook calls of a job', '`docker run` of an empty node script', found, 2);
  } finally {
    await jobs.close();
  }
}

const line = (n: number): string => `line ${n} of a build that says what it does and is neither short nor very long`;

/** Stands for the managed script: on its order it writes so many lines as fast as they are taken, then a result. */
const chatter = (lines: number): string => `
const line = ${line.toString()};
const say = (text) => process.stdout.write(text + '\\n') || new Promise((go) => process.stdout.once('drain', go));
require('node:readline').createInterface({ input: process.stdin }).once('line', async () => {
  await say(${JSON.stringify(running)});
  for (let n = 1; n <= ${lines}; n += 50) {
    const batch = Array.from({ length: 50 }, (_, at) => line(n + at));
    await say(JSON.stringify({ k: 'log', n, step: 'default/deploy', lines: batch }));
  }
  await say(${JSON.stringify(succeeded)});
});
`;

/** How many of the lines a text holds. */
const shownIn = (stdout: string): number => stdout.split('\n').filter((text) => text.trim().startsWith('line ')).length;

/**
 * The step's whole process, its start and its proof included, against `docker logs` of a container that has ended; for
 * each line shown, because the gate forgets lines that a slower hook has not read yet.
 * @returns with the smallest part of the lines that came through, 1: all of them each time
 */
export async function againstDockerLogs(
  place: Place,
  engine: Engine,
  pairs: number,
  lines: number,
): Promise<{ readonly figure: Figure; readonly shown: number }> {
  const jobs = await startJobs(place, processCells({ script: chatter(lines), log: silentLog() }));
  const script = `const line = ${line.toString()}; let n = 0; while (n++ < ${lines}) console.log(line(n));`;
  const container = await docker(engine, ['create', '--network', 'none', engine.image, 'node', '-e', script]);
  let shown = 1;
  try {
    await docker(engine, ['start', container]);
    await docker(engine, ['wait', container]);
    const found = await paired(
      pairs,
      async () => {
        const { calls, times } = await jobs.play();
        const part = shownIn(calls[1]?.stdout ?? '') / lines;
        shown = Math.min(shown, part);
        return (times[1] ?? Number.NaN) / part;
      },
      () => timed(() => docker(engine, ['logs', container])),
    );
    const what = `${lines.toLocaleString('en-US')} lines from cell through gate and hook, for each line shown`;
    return { figure: ratioFigure(what, '`docker logs` of the same lines', found, 1), shown };
  } finally {
    await docker(engine, ['rm', '--force', container]);
    await jobs.close();
  }
}
