// Every figure, one after the other: what is measured at the same time would be measured too.

import { readFile } from 'node:fs/promises';
import { type Engine, againstDockerLogs, againstDockerRun } from './docker.ts';
import type { Figure } from './figures.ts';
import { type Load, memoryFigures } from './gate-memory.ts';
import { againstEmptyNodes } from './hook-calls.ts';
import type { Place } from './jobs.ts';
import { ledgerFigure } from './ledger.ts';
import { fidelity, relayShare } from './relay-share.ts';

export interface Measured extends Place {
  /** The built managed script. */
  readonly cell: string;
  /** This program's own file, which is also the gate of many jobs. */
  readonly program: string;
  readonly engine: Engine | null;
}

/** How much of everything. */
export interface Effort {
  readonly pairs: number;
  /** Of what takes seconds each time. */
  readonly fewPairs: number;
  readonly lines: number;
  readonly load: Load;
}

/** MiB that node may use for a cell's heap: less than its log is long. */
const heap = 48;

export const fullEffort: Effort = { pairs: 15, fewPairs: 5, lines: 200_000, load: { jobs: 200, log: 3072 } };
/** Tries the harness, and measures nothing that could be told. */
export const quickEffort: Effort = { pairs: 1, fewPairs: 1, lines: 2000, load: { jobs: 3, log: 512 } };

export interface Told {
  readonly figures: readonly Figure[];
  readonly notes: readonly string[];
}

/** @param tell each figure as soon as it is there */
export async function measure(place: Measured, effort: Effort, tell: (figure: Figure) => void): Promise<Told> {
  const { cell, engine, program } = place;
  const { pairs, fewPairs, lines, load } = effort;
  const script = await readFile(cell, 'utf8');
  const figures: Figure[] = [];
  const notes = [
    'Hook calls: `prepare_job`, `run_script_step` and `cleanup_job` of a recorded job, one process each, through the real gate with a real proof. The cell answers at once, so no build is in it; GitHub’s token endpoint is plain HTTP on the same machine.',
  ];
  const add = (...found: readonly Figure[]): void => {
    for (const figure of found) tell(figure);
    figures.push(...found);
  };
  add(await againstEmptyNodes(place, pairs));
  if (engine !== null) {
    add(await againstDockerRun(place, engine, pairs));
    const { figure, shown } = await againstDockerLogs(place, engine, fewPairs, lines);
    add(figure);
    notes.push(
      `Log against \`docker logs\`: the whole step, from the hook’s start to its end, with a stand-in for the managed script that writes as fast as it can and waits for nobody. At least ${(shown * 100).toFixed(0)} % of the lines were shown; the gate forgets what a slower hook has not read (256 KiB), and the time is divided by the part that was shown.`,
    );
  }
  const whole = await fidelity(script, lines, heap);
  add(...whole.figures, await relayShare(script, fewPairs, lines));
  notes.push(
    `Cell: the managed script with at most ${heap} MiB of heap, against the simulated Drone, which loses the second half of each batch in its live stream; the lines come from its stored log then. Against \`cat\` nothing is lost. \`cat\` gets the bytes of the live stream from one pipe and writes them to another; the cell parses them, joins them to lines, asks for the stored log, compares, and writes events.`,
  );
  add(...(await memoryFigures(program, load)));
  notes.push(
    'Gate: one process with a runner’s socket, a proved session, a task and an event stream’s worth of log for each job; it also runs the stand-ins for the cells and the test’s own callers. All cells write at the same time and as fast as they can.',
  );
  add(await ledgerFigure(fewPairs));
  notes.push('Ledger: 20 tasks a turn, one after the other, on the disk of the system’s temporary folder.');
  return { figures, notes };
}
