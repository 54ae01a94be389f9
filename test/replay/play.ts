// Plays one recording through the built hook: every call as a fresh process, with the recorded input, environment and
// files, against a real gate. Only paths, the id token's address and `state` (what our own hook wrote) are replaced.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import type { Lab } from '../../src/try/lab.ts';
import { run } from '../support/run.ts';
import { claimsOf } from './claims.ts';

const recordingSchema = v.looseObject({
  runner: v.string(),
  workflow: v.string(),
  calls: v.array(
    v.looseObject({
      input: v.looseObject({ command: v.string(), responseFile: v.string() }),
      env: v.record(v.string(), v.string()),
      cwd: v.string(),
      files: v.record(v.string(), v.string()),
    }),
  ),
});
export type Recording = v.InferOutput<typeof recordingSchema>;
type RecordedCall = Recording['calls'][number];

/** @throws {v.ValiError} when it is not a recording of a runner's hook calls */
export const parseRecording = (text: string): Recording => v.parse(recordingSchema, JSON.parse(text));

/** What a call did, counted from outside: by the process, by Drone and by the cell engine. */
export interface PlayedCall {
  readonly command: string;
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Builds that Drone made during this call, as `ref@commit`. */
  readonly builds: readonly string[];
  /** What they had to be. */
  readonly claimed: string;
  readonly cells: number;
}

const recordedHome = '/home/runner';
/** Files that the runner makes, empty, before each call. */
const commandFiles = ['GITHUB_OUTPUT', 'GITHUB_STEP_SUMMARY', 'GITHUB_ENV', 'GITHUB_STATE', 'GITHUB_PATH'];
const callLimit = 120_000;

/** The recorded paths point into this folder instead. */
const moved = <T>(value: T, home: string): T => JSON.parse(JSON.stringify(value).replaceAll(recordedHome, home)) as T;

async function layOut(call: RecordedCall): Promise<void> {
  const temp = call.env['RUNNER_TEMP'] ?? dirname(dirname(call.input.responseFile));
  await mkdir(dirname(call.input.responseFile), { recursive: true });
  await writeFile(call.input.responseFile, '');
  for (const [name, text] of Object.entries(call.files)) await writeFile(join(temp, name), text);
  for (const name of commandFiles) {
    const path = call.env[name];
    if (path === undefined) continue;
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, '');
  }
}

/** What is needed of a lab. */
type Stage = Pick<Lab, 'admit' | 'builds' | 'cellsStarted' | 'folder' | 'runner'>;

const allBuilds = (lab: Stage): string[] => lab.builds().map((build) => `${build.ref}@${build.after}`);

export interface PlayOptions {
  /** Tells jobs apart when several are played: becomes the run's and the check run's number. */
  readonly job?: string;
  /** Wall time of each hook process, milliseconds. */
  readonly onCall?: (took: number) => void;
}

/** Plays every call of a recording in its order. */
export async function playRecording(
  recording: Recording,
  lab: Stage,
  hook: string,
  { job, onCall }: PlayOptions = {},
): Promise<PlayedCall[]> {
  const runner = await lab.runner(job === undefined ? 'replayed' : `replayed-${job}`);
  const home = join(lab.folder, 'home');
  const recorded = claimsOf(recording.calls[0]?.env ?? {});
  const claims = job === undefined ? recorded : { ...recorded, run_id: job, check_run_id: job };
  const idToken = lab.admit(claims);
  const played: PlayedCall[] = [];
  let state: unknown = null;

  for (const original of recording.calls) {
    const call = moved(original, home);
    await layOut(call);
    await mkdir(call.cwd, { recursive: true });
    const env = { ...call.env, ...runner.environment };
    // A job without the permission has neither: nothing is added then.
    if (env['ACTIONS_ID_TOKEN_REQUEST_URL'] !== undefined) {
      env['ACTIONS_ID_TOKEN_REQUEST_URL'] = idToken.url;
      env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] = idToken.token;
    }
    const before = { builds: allBuilds(lab).length, cells: lab.cellsStarted() };
    const input = JSON.stringify({ ...call.input, state });
    const began = performance.now();
    const ended = await run(process.execPath, [hook], { env, input, cwd: call.cwd, limit: callLimit });
    onCall?.(performance.now() - began);
    const response = await readFile(call.input.responseFile, 'utf8');
    if (ended.code === 0 && response !== '') state = (JSON.parse(response) as { state?: unknown }).state ?? state;
    played.push({
      command: call.input.command,
      exitCode: ended.code,
      stdout: ended.stdout,
      stderr: ended.stderr,
      builds: allBuilds(lab).slice(before.builds),
      claimed: `${claims['ref']}@${claims['sha']}`,
      cells: lab.cellsStarted() - before.cells,
    });
  }
  await runner.close();
  return played;
}
