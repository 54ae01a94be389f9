// The files that a step writes to be heard: made empty before it, read after it. They are host files; the hook knows
// their paths from its own environment (contract, What is trusted).

import { randomUUID } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseKeyValues } from './key-values.ts';
import { errorMessage, type StepLog } from './step-log.ts';

/** Name in the github context, and how the file's name begins; in the runner's order. */
const kinds = [
  ['path', 'add_path_'],
  ['env', 'set_env_'],
  ['step_summary', 'step_summary_'],
  ['state', 'save_state_'],
  ['output', 'set_output_'],
  ['artifacts', 'artifacts_'],
  ['artifacts_list', 'artifacts_list_'],
] as const;
type Kind = (typeof kinds)[number][0];
export type CommandFiles = ReadonlyMap<Kind, string>;

const maxFileBytes = 16_777_216;
const maxSummaryBytes = 1_048_576;
const summaryHelp =
  'https://docs.github.com/actions/using-workflows/workflow-commands-for-github-actions#adding-a-markdown-summary';

/** What a step has said by file or by command. */
export interface StepEffects {
  setOutput(name: string, value: string): void;
  setEnv(name: string, value: string): void;
  addPath(path: string): void;
  setSummary(markdown: string): void;
  /** The step fails even when its program ended well. */
  fail(): void;
}

export function createCommandFiles(folder: string): CommandFiles {
  const suffix = randomUUID();
  const files = new Map<Kind, string>(kinds.map(([kind, prefix]) => [kind, join(folder, `${prefix}${suffix}`)]));
  for (const path of files.values()) writeFileSync(path, '', { mode: 0o600 });
  return files;
}

function readText(path: string): string {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > maxFileBytes) throw new Error(`The file is larger than ${maxFileBytes / 1_048_576} MiB`);
  return size === 0 ? '' : readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
}

function readSummary(path: string, log: StepLog, effects: StepEffects): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size <= maxSummaryBytes) return effects.setSummary(readText(path));
  const sizes = `supports content up to a size of ${maxSummaryBytes / 1024}k, got ${Math.floor(size / 1024)}k`;
  log.issue('error', `$GITHUB_STEP_SUMMARY upload aborted, ${sizes}. For more information see: ${summaryHelp}`);
}

function readEnv(path: string, log: StepLog, effects: StepEffects): void {
  for (const [name, value] of parseKeyValues(readText(path))) {
    if (name.toUpperCase() !== 'NODE_OPTIONS') effects.setEnv(name, value);
    else log.issue('error', "Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' command.");
  }
}

function readFileCommand(kind: Kind, path: string, log: StepLog, effects: StepEffects): void {
  switch (kind) {
    case 'path':
      for (const line of readText(path).split(/\r\n|\r|\n/)) if (line !== '') effects.addPath(line);
      return;
    case 'env':
      return readEnv(path, log, effects);
    case 'step_summary':
      return readSummary(path, log, effects);
    case 'output':
      for (const [name, value] of parseKeyValues(readText(path))) effects.setOutput(name, value);
      return;
    case 'state':
      // State is for the post part of an action, and no action is played; a wrong file fails the step all the same.
      parseKeyValues(readText(path));
      return;
    default:
  }
}

/** Reads them back after a step; each for itself, so that a wrong one loses nothing of the others. */
export function processCommandFiles(files: CommandFiles, log: StepLog, effects: StepEffects): void {
  for (const [kind, path] of files) {
    try {
      readFileCommand(kind, path, log, effects);
    } catch (error) {
      log.issue('error', `Unable to process file command '${kind}' successfully.`);
      log.issue('error', errorMessage(error));
      effects.fail();
    }
  }
}
