// Drone's routes (API.md). Every part is encoded, so that a name can never become a path or a query of its own.

import type { Again } from './ours.ts';

const encode = encodeURIComponent;

const repoPath = (repository: string): string => {
  const [owner = '', name = ''] = repository.split('/');
  return `/api/repos/${encode(owner)}/${encode(name)}`;
};

/** `branch` takes a short name for a branch and the full ref for a tag (recording 21). */
export function branchOf(ref: string): string {
  const short = ref.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : ref;
  // A branch that is itself called refs/…: Drone keeps what starts with refs/, so it needs the whole name.
  return short.startsWith('refs/') ? ref : short;
}

export const paths = {
  user: '/api/user',
  repo: repoPath,
  builds: (repository: string, page: number): string => `${repoPath(repository)}/builds?page=${page}&per_page=100`,
  build: (repository: string, number: number): string => `${repoPath(repository)}/builds/${number}`,
  trigger: (
    repository: string,
    ref: string,
    commit: string | undefined,
    params: Readonly<Record<string, string>>,
  ): string => {
    const query = new URLSearchParams({ branch: branchOf(ref) });
    if (commit !== undefined) query.set('commit', commit);
    for (const [key, value] of Object.entries(params)) query.append(key, value);
    return `${repoPath(repository)}/builds?${query.toString()}`;
  },
  again: (repository: string, { event, number, target, params }: Again): string => {
    const query = new URLSearchParams({ target });
    for (const [key, value] of Object.entries(params)) query.append(key, value);
    return `${repoPath(repository)}/builds/${number}/${event}?${query.toString()}`;
  },
  storedLog: (repository: string, build: number, stage: number, step: number): string =>
    `${repoPath(repository)}/builds/${build}/logs/${stage}/${step}`,
  liveLog: (repository: string, build: number, stage: number, step: number): string =>
    `${repoPath(repository).replace('/api/repos/', '/api/stream/')}/${build}/${stage}/${step}`,
} as const;
