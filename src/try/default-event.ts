// The event that a job is played for when nobody says otherwise: a push to the protected main branch of octo/widgets.

import type { PlayedEvent } from './runner/index.ts';

export const defaultEvent = (changes: Partial<PlayedEvent> = {}): PlayedEvent => ({
  name: 'push',
  ref: 'refs/heads/main',
  sha: '5f0c6e1d8a4b2397c0de1f2a3b4c5d6e7f809123',
  repository: 'octo/widgets',
  repositoryId: '1',
  actor: 'octocat',
  runId: '1001',
  attempt: '1',
  checkRunId: '900001',
  refProtected: true,
  visibility: 'public',
  ...changes,
});
