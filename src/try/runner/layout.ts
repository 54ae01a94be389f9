// The folders of a runner. A fresh root for each job: a real ephemeral runner has one as well.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface Layout {
  readonly root: string;
  readonly work: string;
  readonly temp: string;
  readonly tools: string;
  readonly actions: string;
  readonly externals: string;
  /** RUNNER_WORKSPACE */
  readonly pipeline: string;
  /** GITHUB_WORKSPACE, and the hook's working directory. Nothing is ever checked out into it. */
  readonly workspace: string;
  readonly home: string;
  readonly workflow: string;
  readonly fileCommands: string;
  readonly responses: string;
}

/** @param repository `owner/name` */
export function createLayout(tempDir: string, repository: string): Layout {
  const root = mkdtempSync(join(realpathSync(tempDir), 'runner-'));
  const name = repository.split('/').at(-1) ?? repository;
  const work = join(root, '_work');
  const temp = join(work, '_temp');
  const pipeline = join(work, name);
  const layout: Layout = {
    root,
    work,
    temp,
    tools: join(work, '_tool'),
    actions: join(work, '_actions'),
    externals: join(root, 'externals'),
    pipeline,
    workspace: join(pipeline, name),
    home: join(temp, '_github_home'),
    workflow: join(temp, '_github_workflow'),
    fileCommands: join(temp, '_runner_file_commands'),
    responses: join(temp, '_runner_hook_responses'),
  };
  for (const folder of Object.values(layout) as string[]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  return layout;
}

// Enough to compare a job by; a workflow's steps may be megabytes.
const maxRecordedBytes = 65_536;

/** Name and text of the regular files right below a folder, the long ones cut. */
export function regularFiles(folder: string): Record<string, string> {
  const files: Record<string, string> = {};
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(folder, entry.name);
    const text =
      statSync(path).size > maxRecordedBytes ? readFileSync(path).subarray(0, maxRecordedBytes) : readFileSync(path);
    files[entry.name] = text.toString('utf8');
  }
  return files;
}
