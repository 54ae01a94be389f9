// A whole job, from the hook's process over a gate's to a cell's and a Drone, and everything that came out of it anywhere.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { bundle } from '../../scripts/bundle.mjs';
import type { DroneScenario } from '../../src/try/drone/index.ts';
import type { JobResult } from '../../src/try/runner/index.ts';
import { type Lane, type LaneOptions, startLane } from '../faults/lane.ts';

export const droneToken = 'simulated-drone-token';

/** What everybody who sees the job sees. */
export const shown = ['log', 'summary', 'annotations', 'outputs'] as const;
/** What the operator keeps. */
export const kept = ['gate log', 'ledger and audit'] as const;
export type WayOut = (typeof shown)[number] | (typeof kept)[number];
export const ways: readonly WayOut[] = [...shown, ...kept];

export interface Played {
  readonly result: JobResult;
  readonly out: Readonly<Record<WayOut, string>>;
  /** The ways out in which a text stands. */
  readonly where: (text: string) => readonly WayOut[];
}

export interface JobOptions extends LaneOptions {
  /** Before the job. */
  readonly before?: (lane: Lane) => Promise<void>;
}

let built: Promise<{ hook: string; cell: string }> | undefined;
async function make(): Promise<{ hook: string; cell: string }> {
  const outdir = mkdtempSync(join(tmpdir(), 'airlock-built-'));
  const outcomes = await bundle({ outdir, only: ['hook', 'cell'] });
  expect(outcomes.flatMap(({ errors }) => errors ?? [])).toEqual([]);
  return { hook: join(outdir, 'hook/index.js'), cell: join(outdir, 'cell.js') };
}

/** The gate logs all that it ever logs. */
export async function playJob(scenario: DroneScenario, options: JobOptions = {}): Promise<Played> {
  built ??= make();
  const lane = await startLane(await built, scenario, undefined, { logLevel: 'trace', ...options });
  try {
    await options.before?.(lane);
    const lines: string[] = [];
    const result = await lane.job(1, new AbortController().signal, (line) => lines.push(line));
    const out: Played['out'] = {
      log: lines.join('\n'),
      summary: result.summary,
      annotations: JSON.stringify(result.annotations),
      outputs: JSON.stringify([result.outputs, result.steps.map(({ outputs }) => outputs)]),
      'gate log': lane.gateLog(),
      'ledger and audit': lane.files(),
    };
    // Nothing is looked for in what is empty.
    expect(out.log).not.toBe('');
    expect(out['ledger and audit']).toContain('"event":"end"');
    return { result, out, where: (text) => ways.filter((way) => out[way].includes(text)) };
  } finally {
    await lane.close();
  }
}
