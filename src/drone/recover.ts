// A build whose cell was lost: found again by its number or by its nonce, compared as after a trigger, never started.
// Whatever stands in the way, the build may live, so no outcome in here says that there is none.

import { Failure, Refusal } from '../protocol/index.ts';
import { type Build, type User, parseBuild } from './answers.ts';
import type { Connection } from './connection.ts';
import { dropBuild } from './drop.ts';
import { findBuilds } from './find.ts';
import { type TriggerTask, difference, isBroken } from './ours.ts';
import { paths } from './paths.ts';
import { checkRepository, whoAmI } from './preflight.ts';
import { type Triggered, unknownEnding } from './trigger.ts';
import { type Ending, configInvalid } from './verdict.ts';
import { backoff, sleep } from './wait.ts';

export interface RecoverOptions {
  /** If it is known, as the next one. */
  readonly number?: number | undefined;
  /** The newest build's number before the lost one was asked for: an older one with our nonce was planted. */
  readonly base?: number | undefined;
  readonly logins?: readonly string[] | undefined;
  readonly limits: {
    readonly call: number;
    readonly poll: number;
    /** How long the build may still appear in the list. */
    readonly lookup: number;
    /** How long Drone may be unreachable. */
    readonly lost: number;
  };
  readonly note?: ((text: string) => void) | undefined;
}

/** `timeout`: the repository's own, in minutes; 0: unknown. */
export type Recovered = Triggered & { readonly timeout: number };

/** What was asked for; the account and the newest number of that time may not be known any more. */
export type LostTask = Omit<TriggerTask, 'login' | 'base'>;

const unknown = (error: Refusal | Failure): Ending => ({
  verdict: 'unknown',
  code: error.code,
  message: `what becomes of the build is not known: ${error.message}`,
});

export async function recover(connection: Connection, lost: LostTask, options: RecoverOptions): Promise<Recovered> {
  const { limits, logins, number } = options;
  const { repository } = lost;
  // A build that runs is followed, whatever became of its repository meanwhile.
  const asked = { repository, logins, disabled: 'accepted' as const, call: limits.call, poll: limits.poll };

  /** Tries again while Drone does not answer: it may be down for the same reason as the cell. */
  async function patiently<T>(what: () => Promise<T>): Promise<T | Refusal | Failure> {
    const until = Date.now() + limits.lost;
    for (let failures = 0; ; failures++) {
      try {
        return await what();
      } catch (error) {
        if (!(error instanceof Refusal || error instanceof Failure)) throw error;
        if (error.code !== 'drone-unreachable' && error.code !== 'drone-lost') return error;
        if (Date.now() >= until) return error;
      }
      options.note?.('Drone does not answer at the moment; the build goes on');
      await sleep(backoff(failures, limits.poll));
    }
  }

  async function get(of: number): Promise<Build> {
    const answer = await connection.call(paths.build(repository, of), { limit: limits.call });
    if (answer.status !== 200)
      throw new Failure('drone-lost', `Drone answers ${connection.said(answer)} for the build ${of}`);
    return parseBuild(answer.body);
  }

  async function byNumber(task: TriggerTask, of: number): Promise<Triggered> {
    const build = await patiently(() => get(of));
    if (build instanceof Error) return { ending: unknown(build) };
    const differs = build.number === of ? difference(task, build) : `its number is ${build.number}`;
    if (differs === undefined) return { build };
    if (build.number === of && isBroken(task, build)) return { ending: configInvalid(build, connection) };
    return {
      ending: {
        verdict: 'not-ours',
        code: 'not-ours',
        message: `Drone's build ${of} is not the one that was started: ${differs}; it was left alone`,
        build,
      },
    };
  }

  async function byNonce(task: TriggerTask): Promise<Triggered> {
    const began = Date.now();
    for (let failures = 0; ; ) {
      const waited = Date.now() - began;
      let why = 'it is not in the list of builds';
      try {
        const { ours, broken } = await findBuilds(connection, task, { call: limits.call });
        const [build, ...others] = ours;
        // The lost cell may have asked twice, and nobody ended the second one.
        for (const other of others) await dropBuild(connection, repository, other, limits);
        if (build !== undefined) return { build };
        if (broken !== undefined && waited >= limits.lookup) return { ending: configInvalid(broken, connection) };
        failures = 0;
      } catch (error) {
        failures++;
        why = error instanceof Error ? error.message : 'the list of builds cannot be read';
      }
      if (waited >= (failures > 0 ? Math.max(limits.lookup, limits.lost) : limits.lookup))
        return { ending: unknownEnding(task, why) };
      await sleep(backoff(failures, limits.poll));
    }
  }

  const user: User | Refusal | Failure = await patiently(() => whoAmI(connection, asked));
  if (user instanceof Error) return { ending: unknown(user), timeout: 0 };
  // Readable only, for example.
  const repo = await checkRepository(connection, user, asked).catch(() => undefined);
  // The build is older than this look at the repository: where nobody knows better, no number is too old.
  const task: TriggerTask = { ...lost, login: user.login, base: options.base ?? 0 };
  const found = await (number === undefined ? byNonce(task) : byNumber(task, number));
  return { ...found, timeout: repo?.timeout ?? 0 };
}
