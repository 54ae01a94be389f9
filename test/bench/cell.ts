// The managed script alone, between a simulated Drone that loses lines of its live stream as the real one was measured
// to, and whoever reads its stdout: how fast, how whole, and in how much memory its log comes out.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type CellEvent, type LogEvent, type Order, parseCellEvent } from '../../src/protocol/index.ts';
import { type SimulatedDrone, type StreamMode, startSimulatedDrone } from '../../src/try/drone/index.ts';
import { commit, nonce, quick } from '../support/drone-run.ts';

export interface Spoken {
  /** Bytes of stdout, up to the result. */
  readonly bytes: number;
  /** Milliseconds from the first event to the result. */
  readonly took: number;
  /** MiB that the system counted for the process at most. */
  readonly peak: number;
  readonly verdict: string;
  readonly lost: number;
  readonly doubled: number;
}

const slug = 'octo/hello';

/** Each says which it is. */
export const lineOf = (n: number): string => `line ${n} of a build`;

/** A Drone whose one step writes so many lines at once. @param stream what of them its live stream shows */
export const startDrone = (lines: number, stream: StreamMode): Promise<SimulatedDrone> =>
  startSimulatedDrone({
    users: [{ login: 'bot', token: 'bot-token', write: [slug] }],
    repositories: [
      {
        slug,
        knownCommits: 'any',
        scenario: {
          pendingMs: 0,
          stream,
          stages: [
            {
              name: 'default',
              steps: [
                {
                  name: 'deploy',
                  ms: 0,
                  lines: function* said() {
                    for (let n = 1; n <= lines; n++) yield `${lineOf(n)}\n`;
                  },
                },
              ],
            },
          ],
        },
      },
    ],
  });

const orderFor = (server: string): Order => ({
  v: 1,
  id: 'a'.repeat(32),
  kind: 'build',
  drone: { server, token: 'bot-token' },
  repository: slug,
  ref: 'refs/heads/main',
  commit,
  nonce,
  params: {},
  log: 'full',
  redact: [],
  limits: { ...quick, lost: 60_000, reconnect: 60_000 },
});

/** Counts which numbers came, whatever the step's other lines are. */
function createCount(lines: number) {
  const seen = new Uint8Array(lines + 1);
  let doubled = 0;
  return {
    add(event: LogEvent): void {
      for (const line of event.lines) {
        const n = Number(/^line (\d+) of/.exec(line)?.[1] ?? 0);
        if (n === 0) continue;
        if (seen[n] === 1) doubled++;
        seen[n] = 1;
      }
    },
    doubled: () => doubled,
    lost: () => seen.subarray(1).filter((one) => one === 0).length,
  };
}

const peakOf = (pid: number): number =>
  Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

export interface SpeakOptions {
  readonly script: string;
  /** Of the simulated Drone. */
  readonly server: string;
  readonly lines: number;
  /** MiB of heap that node may use; absent: as many as it likes. */
  readonly heap?: number;
}

/** Runs one cell to its result. @throws {Error} when it ends without one */
export async function speak({ script, server, lines, heap }: SpeakOptions): Promise<Spoken> {
  const flags = heap === undefined ? [] : [`--max-old-space-size=${heap}`];
  const child = spawn(process.execPath, [...flags, '-e', script], { stdio: ['pipe', 'pipe', 'inherit'], env: {} });
  const count = createCount(lines);
  let began = 0;
  let bytes = 0;
  let rest = '';
  try {
    child.stdin.on('error', () => undefined);
    child.stdin.write(`${JSON.stringify(orderFor(server))}\n`);
    for await (const chunk of child.stdout.setEncoding('utf8') as AsyncIterable<string>) {
      if (bytes === 0) began = performance.now();
      bytes += chunk.length;
      const texts = (rest + chunk).split('\n');
      rest = texts.pop() ?? '';
      for (const text of texts) {
        const event: CellEvent = parseCellEvent(JSON.parse(text));
        if (event.k === 'log') count.add(event);
        if (event.k !== 'result') continue;
        const { verdict } = event;
        const took = performance.now() - began;
        return { bytes, took, peak: peakOf(child.pid ?? 0), verdict, lost: count.lost(), doubled: count.doubled() };
      }
    }
    throw new Error('the cell ended without a result');
  } finally {
    child.kill('SIGKILL');
  }
}
