// The managed task: one order in, one result out. Preflight, trigger (or recover), follow; what the author sees on the way are
// snapshots and log lines, and nothing but Drone's success together with what the order expects makes it green.

import {
  type Build,
  type Connection,
  type Ending,
  type LostTask,
  type Preflight,
  type TriggerTask,
  type User,
  connectDrone,
  follow,
  isDone,
  phaseOf,
  preflight,
  promotedTask,
  recover,
  trigger,
} from '../drone/index.ts';
import { Failure, Refusal } from '../protocol/errors.ts';
import type { Verdict } from '../protocol/event.ts';
import { type Order, nonceParam } from '../protocol/order.ts';
import { quote } from '../protocol/quote.ts';
import { needOf, sinks } from './levels.ts';
import { probe } from './probe.ts';
import { type Choosing, choose, isPromotion } from './promote.ts';
import { redactor } from './redact.ts';
import { type SnapshotOptions, buildUrl, snapshotOf } from './snapshot.ts';

/** `cancel` is aborted with a CancelReason. */
export interface Task extends Choosing {
  /** Writes a line for the operator; never a secret. */
  readonly diagnose: (text: string) => void;
}

const notUnderstood = (message: string): Ending => ({ verdict: 'error', code: 'order-not-understood', message });

/** What was thrown, as an ending. A refusal also says what to do. */
function endingOf(error: unknown, diagnose: Task['diagnose']): Ending {
  if (error instanceof Refusal)
    return { verdict: 'error', code: error.code, message: `${error.message}. What to do: ${error.fix}` };
  if (error instanceof Failure) return { verdict: 'error', code: error.code, message: error.message };
  diagnose(`unexpected: ${error instanceof Error ? (error.stack ?? error.message) : 'not an error'}`);
  return {
    verdict: 'unknown',
    code: 'cell-misbehaved',
    message: 'the managed script failed in a way that it does not know; look in Drone for a build of this job',
  };
}

const moment = (seconds: number | undefined): string => (seconds === undefined || seconds === 0 ? '' : String(seconds));

const connect = ({ order }: Task, view: SnapshotOptions): Connection =>
  connectDrone({ ...order.drone, requestId: order.id, redact: view.redact, details: view.errors });

async function followed(
  connection: Connection,
  { order, output, cancel }: Task,
  view: SnapshotOptions,
  found: { readonly build: Build; readonly timeout: number },
): Promise<Ending> {
  const { limits } = order;
  // `done` is said when the log is complete too.
  output.state(snapshotOf(found.build, isDone(found.build) ? 'running' : phaseOf(found.build), undefined, view));
  return follow(connection, {
    repository: order.repository,
    build: found.build,
    expect: order.expect?.steps ?? [],
    timeout: found.timeout,
    limits,
    logs: needOf(order.log),
    sink: sinks({ level: order.log, logBytes: limits.logBytes, redact: view.redact, output }),
    details: view.errors,
    cancel,
    onState: (seen, phase, note) => {
      // Lines that belong to what the snapshot shows go before it.
      output.flush();
      output.state(snapshotOf(seen, phase, note, view));
    },
  });
}

const paramsOf = ({ params, nonce }: Order): Readonly<Record<string, string>> => ({ ...params, [nonceParam]: nonce });

/** What the order is about, as Drone's build of it looks. */
function askedFor(order: Order, ref: string): LostTask {
  const { repository, commit, target, again } = order;
  const params = paramsOf(order);
  if (again === undefined || target === undefined) return { repository, ref, commit, params };
  return promotedTask({ ...again, repository, target, params });
}

async function build(task: Task, ref: string, view: SnapshotOptions): Promise<Ending> {
  const { order, output, cancel } = task;
  const { limits } = order;
  const connection = connect(task, view);
  output.state({ phase: 'preflight', stages: [] });
  const ready: Preflight & { readonly user: User } = await preflight(connection, {
    repository: order.repository,
    logins: order.drone.logins,
    disabled: order.disabled,
    call: limits.call,
    poll: limits.poll,
    cancel,
  });

  // Told before it matters: a cell that is lost from here on is replaced by one that knows what is older than its build.
  const { base } = ready;
  if (!isPromotion(order)) output.state({ phase: 'trigger', stages: [], base });
  const what = isPromotion(order)
    ? await choose(connection, order, { ...task, params: paramsOf(order), base })
    : askedFor(order, ref);
  if ('verdict' in what) return what;
  const asked: TriggerTask = { ...what, login: ready.login, base };
  const triggered = await trigger(connection, asked, {
    user: ready.user,
    disabled: order.disabled,
    limits,
    cancel,
    note: (note) => output.state({ phase: 'trigger', stages: [], note }),
  });
  if ('ending' in triggered) return triggered.ending;
  return followed(connection, task, view, { build: triggered.build, timeout: ready.timeout });
}

/** Another cell was lost and its build may live: it is looked for, then followed or ended, and never started. */
async function lostBuild(task: Task, ref: string, view: SnapshotOptions): Promise<Ending> {
  const { order, output, cancel } = task;
  const connection = connect(task, view);
  const state = (note: string): void => output.state({ phase: 'preflight', stages: [], note });
  state('This build is looked for: the cell that followed it was lost');
  const found = await recover(connection, askedFor(order, ref), {
    number: order.build,
    base: order.base,
    logins: order.drone.logins,
    limits: order.limits,
    note: state,
  });
  if ('ending' in found) return found.ending;
  const wish = new AbortController();
  const pass = (): void => wish.abort(cancel.reason);
  if (cancel.aborted) pass();
  else if (order.then === 'cancel') wish.abort('author');
  cancel.addEventListener('abort', pass, { once: true });
  return followed(connection, { ...task, cancel: wish.signal }, view, found);
}

/** Asks Drone for nothing but who we are. */
const look = (task: Task, _ref: string, view: SnapshotOptions): Promise<Ending> =>
  probe(connect(task, view), task.order, task.output);

const works = { build, promote: build, rollback: build, recover: lostBuild, probe: look } as const;

function outputsOf(verdict: Verdict, seen: Build | undefined, view: SnapshotOptions) {
  return {
    number: seen === undefined ? '' : String(seen.number),
    url: seen === undefined ? '' : view.url(seen.number),
    status: verdict,
    commit: seen?.after.slice(0, 64) ?? '',
    started: moment(seen?.started),
    finished: moment(seen?.finished),
  };
}

/** Where Drone is stays inside, unless the policy lets authors see it: `publicUrl` absent (protocol/order.ts). */
function addressesOf({ server, address, proxy, publicUrl }: Order['drone']): readonly string[] {
  if (publicUrl === undefined) return [];
  const literals = [server, address, proxy].flatMap((text) => {
    if (text === undefined) return [];
    if (!URL.canParse(text)) return [text];
    const { origin, host, hostname } = new URL(text);
    return [origin, host, hostname];
  });
  return (
    literals
      // A bare word like `drone` is no address yet; what the public address shows is no secret.
      .filter((literal) => /[.:]/.test(literal) && !publicUrl.includes(literal))
      // In a message they stand quoted.
      .flatMap((literal) => [literal, quote(literal).slice(1, -1)])
  );
}

/** Runs the order to its result, which is the last event. Never throws. */
export async function run(task: Task): Promise<Verdict> {
  const { order, output, diagnose } = task;
  // The token is never to be seen either, whoever prints it; nor is an address that a step prints.
  const literals = [...order.redact, order.drone.token];
  const redact = redactor([...literals, ...addressesOf(order.drone)]);
  const address = buildUrl(order.drone, order.repository);
  const plain = redactor(literals);
  const view: SnapshotOptions = { url: (number) => plain(address(number)), redact, errors: order.log !== 'status' };
  let ending: Ending;
  const { kind, ref, again, target } = order;
  if ((kind === 'build' || (kind === 'recover' && again === undefined)) && ref === undefined)
    ending = notUnderstood('the order names no ref');
  else if (kind === 'recover' && again === undefined && target !== undefined)
    ending = notUnderstood('the order does not say which build was promoted');
  else {
    ending = await works[kind](task, ref ?? '', view).catch((error: unknown) =>
      endingOf(error, (text) => diagnose(redact(text))),
    );
  }
  const { verdict, code } = ending;
  output.result({
    verdict,
    code,
    // What a message holds was redacted before it was quoted; this is for what nobody thought of.
    message: redact(ending.message).slice(0, 8000),
    outputs: outputsOf(verdict, ending.build, view),
  });
  return verdict;
}
