// A recorded job, played again and again through the built hook and the real gate, with cells that a figure chooses.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CellEngine } from '../../src/gate/index.ts';
import { loadPolicy } from '../../src/policy/index.ts';
import { type JobClaims, startIssuer } from '../../src/try/issuer.ts';
import { startBench } from '../gate/support/bench.ts';
import { type PlayedCall, parseRecording, playRecording } from '../replay/play.ts';

/** Files that are measured, or needed for it. */
export interface Place {
  /** Where the recordings are. */
  readonly root: string;
  /** The built hook. */
  readonly hook: string;
}

export interface PlayedJob {
  readonly calls: readonly PlayedCall[];
  /** Wall time of each hook process, milliseconds. */
  readonly times: readonly number[];
}

export interface Jobs {
  /** Plays the job once more, as another one: a job has one task only. @throws {Error} when it did not succeed */
  readonly play: () => Promise<PlayedJob>;
  readonly close: () => Promise<void>;
}

export async function startJobs({ root, hook }: Place, cells: CellEngine): Promise<Jobs> {
  const folder = await mkdtemp(join(tmpdir(), 'airlock-bench-'));
  const policy = loadPolicy(await readFile(join(root, 'test/replay/policy.yaml'), 'utf8'), 'policy.yaml');
  const issuer = await startIssuer({ issuer: policy.identity.issuer });
  const keys = { file: join(folder, 'keys.json') };
  await writeFile(keys.file, JSON.stringify(issuer.keys));
  const limits = { ...policy.limits, perRepository: { atOnce: 1000, perHour: 100_000 }, tasksPerRun: 100_000 };
  const bench = await startBench({
    cells,
    change: ({ drones }) => ({ ...policy, drones, limits, identity: { ...policy.identity, keys, bind: 'none' } }),
  });
  const recording = parseRecording(await readFile(join(root, 'test/fixtures/contract/run-bash.json'), 'utf8'));
  const stage = {
    folder,
    builds: () => [],
    cellsStarted: () => 0,
    admit: (claims: JobClaims) => issuer.admit(claims),
    runner: async (name: string) => {
      const listening = await bench.runner(name);
      return {
        environment: { AIRLOCK_GATE: `unix:${listening.path}`, AIRLOCK_ID_TOKEN_HOST: issuer.host },
        close: () => listening.close(),
      };
    },
  };
  let number = 0;
  return {
    play: async () => {
      number++;
      const times: number[] = [];
      const onCall = (took: number): unknown => times.push(took);
      const calls = await playRecording(recording, stage, hook, { job: String(number), onCall });
      const failed = calls.find(({ exitCode }) => exitCode !== 0);
      if (failed !== undefined) throw new Error(`a measured job did not succeed: ${failed.stdout}${failed.stderr}`);
      return { calls, times };
    },
    close: async () => {
      await bench.stop();
      await issuer.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
