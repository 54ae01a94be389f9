// A copy of the tree with the process that runs its tests.

import { type ChildProcess, fork } from 'node:child_process';
import { copyTree, removeTree } from './copy.ts';
import { type Job, type Outcome, type Report, judge } from './outcome.ts';

export interface Bench {
  /** The copy. */
  readonly path: string;
  /** One job after the other. */
  run(job: Job): Promise<Outcome>;
  /** Ends the process and removes the copy. Idempotent. */
  close(): void;
}

/**
 * @param program serves jobs (worker.ts) when its first argument is `--worker`
 * @param limit milliseconds for one job; what takes longer is killed with all of its processes
 */
export function openBench(program: string, limit: number): Bench {
  const path = copyTree();
  let worker: ChildProcess | undefined;

  function end(): void {
    const { pid } = worker ?? {};
    worker = undefined;
    // The group: tests run in processes of their own.
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }

  return {
    path,
    run: (job) =>
      new Promise((done) => {
        worker ??= fork(program, ['--worker'], {
          cwd: path,
          detached: true,
          stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
        });
        const mine = worker;
        const settle = (outcome: Outcome): void => {
          clearTimeout(timer);
          mine.removeAllListeners();
          done(outcome);
        };
        const broken = (why: string): void => {
          end();
          settle({ kind: 'broken', why });
        };
        const timer = setTimeout(() => broken(`the run did not end within ${limit / 1000} s`), limit);
        mine.once('message', (report: Report) => settle(judge(report)));
        mine.once('exit', () => broken('the process that runs the tests has ended'));
        mine.once('error', ({ message }) => broken(message));
        mine.send(job, (error) => {
          if (error !== null) broken(error.message);
        });
      }),
    close() {
      end();
      removeTree(path);
    },
  };
}
