// The gate's memory with many jobs at once: a gate in a process of its own, whose cells all write more log than the gate
// keeps, while nobody reads or every runner does. `bench.js --gate` is that process: it tells where its tasks can be
// read, waits for a line on stdin, lets the cells speak, and tells its memory.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import type { CellEngine } from '../../src/gate/index.ts';
import { eventually, startBench } from '../gate/support/bench.ts';
import { type Figure, memoryFigure } from './figures.ts';
import { running, standInCells } from './stand-in-cells.ts';

/** What a gate process is told to do. */
export interface Load {
  readonly jobs: number;
  /** KiB of log that each cell writes. */
  readonly log: number;
}

interface Task {
  readonly socket: string;
  readonly id: string;
}

const perBatch = 50;
const wide = 105;

/** Lines are made when they are read, so that the cells themselves take next to no memory of this process. */
function chattyCells({ log }: Load, go: Promise<void>, done: () => void): CellEngine {
  const text = JSON.stringify(Array.from({ length: perBatch }, (_, at) => `${at}`.padEnd(wide, '.')));
  const batches = Math.ceil((log * 1024) / (perBatch * wide));
  return standInCells(async function* say() {
    yield running;
    await go;
    for (let batch = 0; batch < batches; batch++) {
      yield `{"k":"log","n":${batch * perBatch + 1},"step":"default/deploy","lines":${text}}`;
      await new Promise((next) => setImmediate(next));
    }
    done();
    await new Promise(() => undefined);
  });
}

/** MiB that the system counts for this process, at most so far. */
const peak = (): number => Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;

/** The gate's own process. @param told a `Load` as JSON */
export async function holdJobs(told: string): Promise<void> {
  const load = JSON.parse(told) as Load;
  const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  let go: () => void = () => undefined;
  let spoken = 0;
  const speaking = new Promise<void>((start) => {
    go = start;
  });
  const cells = chattyCells(load, speaking, () => {
    spoken++;
  });
  const bench = await startBench({
    cells,
    policyLimits: 'tasksAtOnce: 1000',
    change: (policy) => ({
      ...policy,
      limits: { ...policy.limits, tasksPerRun: 1000, perRepository: { atOnce: 1000, perHour: 1000 } },
    }),
  });
  const tasks: Task[] = [];
  for (let job = 1; job <= load.jobs; job++) {
    const session = await (await bench.runner()).session();
    const { status, body } = await session.ask({}, { check_run_id: String(job), run_id: String(job) });
    if (status !== 200) throw new Error(`job ${job} was answered ${status}`);
    tasks.push({ socket: session.runner.path, id: body.task });
  }
  console.log(JSON.stringify(tasks));
  await input.next();
  go();
  await eventually(() => spoken === load.jobs);
  console.log(JSON.stringify(peak()));
  await input.next();
  await bench.stop();
}

/** Reads a task's events until the gate is gone. */
const read = ({ socket, id }: Task): void => {
  const path = `/v1/tasks/${id}/events?state=0&log=0`;
  request({ socketPath: socket, path, agent: false }, (response) => response.resume().on('error', () => undefined))
    .on('error', () => undefined)
    .end();
};

/** MiB. @param program this program's own file */
export async function gateMemory(program: string, load: Load, reading: boolean): Promise<number> {
  const child = spawn(process.execPath, [program, '--gate', JSON.stringify(load)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise((done) => child.once('close', done));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`the gate of ${load.jobs} jobs ended`);
    return JSON.parse(value);
  };
  try {
    const tasks = (await next()) as Task[];
    if (reading) for (const task of tasks) read(task);
    child.stdin.write('go\n');
    const found = Number(await next());
    child.stdin.end('end\n');
    await ended;
    return found;
  } finally {
    child.kill('SIGKILL');
  }
}

export async function memoryFigures(program: string, load: Load): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const reading of [false, true]) {
    const who = reading ? 'every runner reading' : 'nobody reading';
    const what = `the gate’s resident memory, ${load.jobs} jobs at once with ${load.log} KiB of log each, ${who}`;
    figures.push(memoryFigure(what, await gateMemory(program, load, reading), 256));
  }
  return figures;
}
