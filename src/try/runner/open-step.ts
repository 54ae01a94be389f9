import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandFiles, createCommandFiles } from './file-commands.ts';
import type { Run } from './run.ts';

/** What the runner does before any step of a workflow: the event's file, and the files that the step is heard by. */
export function openStep(run: Run, repository: string, ref: string): CommandFiles {
  const { layout, github } = run;
  const eventFile = join(layout.workflow, 'event.json');
  mkdirSync(layout.workflow, { recursive: true });
  writeFileSync(eventFile, JSON.stringify(run.payload));
  github.set('event_path', eventFile);
  github.set('action_repository', repository);
  github.set('action_ref', ref);
  const files = createCommandFiles(layout.fileCommands);
  for (const [name, path] of files) github.set(name, path);
  return files;
}
