// The builds that this gate asked Drone for, by its ledger: the only ones among those that anybody can start by a call
// of Drone's API of which one knows whose commit and whose parameters they have (THREATS.md).

import type { MadeBuild } from '../../policy/index.ts';
import { nonceParam } from '../../protocol/index.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { LedgerRecord } from '../ledger/record.ts';
import { written } from '../ledger/use.ts';

const eventOf = { build: 'custom', promote: 'promote', rollback: 'rollback' } as const;

function madeBy({ plan, choice, nonce, number }: LedgerRecord): readonly MadeBuild[] {
  if (number === null) return [];
  const { ref, commit } = choice ?? plan;
  const params = { ...choice?.params, ...plan.params, [nonceParam]: nonce };
  return [{ number, event: eventOf[plan.kind], ref, commit, params }];
}

/**
 * Of the same repository at GitHub and the same one at the same Drone; a task that did not end with success has made
 * nothing that may be promoted. @throws {Failure} `ledger-failed`
 */
export async function madeBuilds(task: LedgerRecord, ledger: Ledger): Promise<readonly MadeBuild[]> {
  const { repositoryId } = task.key;
  const all = await written(ledger.list({ repositoryId }));
  return all.flatMap((one) => {
    if (!('record' in one)) return [];
    const { record } = one;
    const same = record.drone === task.drone && record.plan.repository === task.plan.repository;
    return same && record.phase === 'ended' && record.verdict === 'success' ? madeBy(record) : [];
  });
}
