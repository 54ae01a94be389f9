// The cell's own share of the relay: the same lines from a simulated Drone through the managed script, and through `cat`
// from one pipe into another. And whether all of them arrive, in how much memory.

import { spawn } from 'node:child_process';
import { type Spoken, lineOf, speak, startDrone } from './cell.ts';
import { type Figure, memoryFigure, paired, ratioFigure, timed } from './figures.ts';

/** Until `cat` has written everything that it was given. */
function cat(text: string): Promise<void> {
  const child = spawn('cat', [], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(text);
  child.stdout.resume();
  return new Promise((done, fail) => {
    child.on('error', fail).on('close', () => done());
  });
}

/** What Drone's live stream says of a line, as it stands there. */
const framed = (n: number): string => `data: {"pos":${n - 1},"out":"${lineOf(n)}\\n","time":0}\n\n\n`;

export async function relayShare(script: string, pairs: number, lines: number): Promise<Figure> {
  const text = Array.from({ length: lines }, (_, at) => framed(at + 1)).join('');
  const drone = await startDrone(lines, 'complete');
  try {
    const found = await paired(
      pairs,
      async () => (await speak({ script, server: drone.url, lines })).took,
      () => timed(() => cat(text)),
    );
    const what = `a cell from its first event to its result, ${lines.toLocaleString('en-US')} lines of log`;
    return ratioFigure(what, '`cat` of the same lines through the same pipes', found);
  } finally {
    await drone.close();
  }
}

export interface Fidelity {
  readonly figures: readonly Figure[];
  readonly spoken: Spoken;
}

/** @param heap MiB that node may use for the cell's heap */
export async function fidelity(script: string, lines: number, heap: number): Promise<Fidelity> {
  const drone = await startDrone(lines, 'lossy');
  try {
    const spoken = await speak({ script, server: drone.url, lines, heap });
    const { lost, doubled, peak, verdict } = spoken;
    const what = `${lines.toLocaleString('en-US')} lines, half of which the live stream loses`;
    return {
      spoken,
      figures: [
        {
          what: `${what}: not shown, shown twice`,
          against: 'the stored log',
          value: `${lost}, ${doubled}`,
          spread: `verdict ${verdict}`,
          target: '0, 0',
          met: lost === 0 && doubled === 0 && verdict === 'success',
        },
        memoryFigure(`the cell’s resident memory, ${what}`, peak, 256),
      ],
    };
  } finally {
    await drone.close();
  }
}
