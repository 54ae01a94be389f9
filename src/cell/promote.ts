// A promotion or a rollback up to the moment in which it is asked for. Only the cell reaches Drone, only the gate has the
// policy and the ledger: the cell reports the builds that may be meant, the gate chooses one, writes it down and says
// `go`. What was chosen is read once more, right before it is acted on, and told to the author.

import {
  type Connection,
  type Ending,
  type LostTask,
  type OldBuilds,
  type ReadOptions,
  changed,
  newestBuilds,
  promotedTask,
  readOld,
} from '../drone/index.ts';
import { aborted, sleep } from '../drone/wait.ts';
import { Failure, Refusal } from '../protocol/errors.ts';
import type { OldBuild, Wanted } from '../protocol/old-build.ts';
import type { Order } from '../protocol/order.ts';
import type { Output } from './output.ts';

export interface Choosing {
  readonly order: Order;
  readonly output: Output;
  readonly cancel: AbortSignal;
  /** The gate's choice, once it has come; absent: there is no gate that could choose. */
  readonly go?: Promise<OldBuild> | undefined;
}

export interface PromoteOrder extends Order {
  readonly kind: 'promote' | 'rollback';
  readonly choose: Wanted;
  readonly target: string;
}

export const isPromotion = (order: Order): order is PromoteOrder =>
  (order.kind === 'promote' || order.kind === 'rollback') && order.choose !== undefined && order.target !== undefined;

const cancelled: Ending = {
  verdict: 'cancelled',
  code: 'cancelled',
  message: 'cancelled before a build was promoted or rolled back',
};

async function candidates(connection: Connection, order: PromoteOrder, options: ReadOptions): Promise<OldBuilds> {
  if (order.build === undefined) return newestBuilds(connection, order.choose, options);
  return { builds: [await readOld(connection, order.build, options)], seen: 1, whole: true };
}

/** @throws {Failure} `choice-missing` */
async function chosen({ go, cancel, order }: Choosing): Promise<OldBuild | undefined> {
  const over = new AbortController();
  const limit = sleep(order.limits.reconnect, over.signal);
  const first = await Promise.race([...(go === undefined ? [] : [go]), aborted(cancel), limit]);
  over.abort();
  if (cancel.aborted) return undefined;
  if (first !== undefined) return first;
  throw new Failure('choice-missing', `the gate did not say within ${order.limits.reconnect} ms which build is meant`);
}

/**
 * @param base number of the newest build before
 * @returns what is asked of Drone, or why nothing is
 * @throws {Refusal} {Unanswered} {Failure} nothing was asked for
 */
export async function choose(
  connection: Connection,
  promotion: PromoteOrder,
  task: Choosing & { readonly params: Readonly<Record<string, string>>; readonly base: number },
): Promise<LostTask | Ending> {
  const { output, cancel, params, base } = task;
  const { kind, repository, target, limits } = promotion;
  const options = { repository, call: limits.call, poll: limits.poll, cancel };
  const found = await candidates(connection, promotion, options);
  output.builds({ base, ...found });
  const of = await chosen(task);
  if (of === undefined) return cancelled;
  const differs = changed(of, await readOld(connection, of.number, options));
  if (differs !== undefined)
    throw new Refusal({
      code: 'build-not-allowed',
      message: `Drone's build ${of.number} has changed while it was chosen: ${differs}`,
      rule: 'the build that was chosen',
      fix: 'look at the build in Drone, and run the job again',
    });
  if (cancel.aborted) return cancelled;
  const verb = kind === 'promote' ? 'promoted' : 'rolled back';
  const note = `Drone's build ${of.number} (${connection.quote(of.ref, 300)} at ${connection.quote(of.commit)}) is ${verb} to ${connection.quote(target)}`;
  output.state({ phase: 'trigger', stages: [], note });
  return promotedTask({ event: kind, repository, of, target, params });
}
