// What a promotion or a rollback comes to: Drone gives the new build the old one's commit, its ref and its parameters,
// but for those that are sent anew (recording 50), so the old nonce is replaced.

import type { OldBuild } from '../protocol/index.ts';
import type { LostTask } from './recover.ts';

export interface Promotion {
  readonly event: 'promote' | 'rollback';
  readonly repository: string;
  readonly of: OldBuild;
  readonly target: string;
  /** What is sent; AIRLOCK_NONCE included. */
  readonly params: Readonly<Record<string, string>>;
}

/** The build that Drone makes of it; also how a lost one is known again. */
export const promotedTask = ({ event, repository, of, target, params }: Promotion): LostTask => ({
  repository,
  ref: of.ref,
  commit: of.commit,
  params: { ...of.params, ...params },
  again: { event, number: of.number, target, params },
});
