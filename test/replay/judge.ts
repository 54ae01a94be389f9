// What a recording may have done, whatever it was: at most one build for an allowed step, of the claimed branch and
// commit; and for a refused call one annotation with a code, and nothing else.

import { type FailureCode, type RefusalCode, failureCodes, refusalCodes } from '../../src/protocol/index.ts';
import { annotationsOf } from './annotations.ts';
import type { PlayedCall } from './play.ts';

export interface Judgement {
  /** `allowed`: a build was triggered. */
  readonly verdict: 'allowed' | 'refused';
  /** Of the refused calls, in their order. */
  readonly codes: readonly string[];
  readonly builds: number;
  readonly cells: number;
  /** Broken rules; empty: all is well. */
  readonly problems: readonly string[];
}

const known: ReadonlySet<string> = new Set<RefusalCode | FailureCode>([...refusalCodes, ...failureCodes]);

function refusedProblems(call: PlayedCall, codes: readonly string[]): string[] {
  const problems: string[] = [];
  if (codes.length !== 1) problems.push(`${codes.length} annotations instead of one`);
  for (const code of codes) if (!known.has(code)) problems.push(`unknown code ${code}`);
  if (call.builds.length > 0) problems.push(`${call.builds.length} builds by a refused call`);
  if (call.cells > 0) problems.push(`${call.cells} cells by a refused call`);
  return problems;
}

function allowedProblems(call: PlayedCall, codes: readonly string[]): string[] {
  const problems: string[] = [];
  const wanted = call.command === 'run_script_step' ? 1 : 0;
  if (call.command === 'run_container_step') problems.push('a container step was allowed');
  if (codes.length > 0) problems.push(`exit code 0 with the annotation ${codes.join(', ')}`);
  if (call.builds.length !== wanted) problems.push(`${call.builds.length} builds instead of ${wanted}`);
  if (call.cells > 1) problems.push(`${call.cells} cells by one call`);
  for (const build of call.builds)
    if (build !== call.claimed) problems.push(`build of ${build}, claimed was ${call.claimed}`);
  return problems;
}

export function judge(calls: readonly PlayedCall[]): Judgement {
  const codes: string[] = [];
  const problems: string[] = [];
  calls.forEach((call, index) => {
    const found = annotationsOf(call.stdout, call.stderr);
    const own = call.exitCode === 0 ? allowedProblems(call, found) : refusedProblems(call, found);
    if (call.exitCode !== 0) codes.push(...found);
    if (call.stderr !== '') own.push('wrote to stderr');
    problems.push(...own.map((problem) => `call ${index + 1} (${call.command}): ${problem}`));
  });
  const builds = calls.reduce((sum, call) => sum + call.builds.length, 0);
  const cells = calls.reduce((sum, call) => sum + call.cells, 0);
  if (builds > 1) problems.push(`${builds} builds for one job`);
  return { verdict: builds > 0 ? 'allowed' : 'refused', codes, builds, cells, problems };
}
