// What can be known before anything is triggered. A bad token is a guest and not an error on public repositories
// (recording 02), so the token is tried on its own; each refusal names the one who can change something.

import { Refusal, quote } from '../protocol/index.ts';
import { type Repo, type User, parseRepo, parseUser } from './answers.ts';
import type { Answer, Connection } from './connection.ts';
import { paths } from './paths.ts';
import { Unanswered, failing } from './unanswered.ts';
import { checkVersion } from './version.ts';
import { backoff, sleep } from './wait.ts';

export interface Preflight {
  readonly login: string;
  /** Number of the newest build: ours will have a higher one. */
  readonly base: number;
  /** After this many minutes Drone's runner kills a stage; 0: unknown. */
  readonly timeout: number;
}

export interface PreflightOptions {
  readonly repository: string;
  readonly logins?: readonly string[] | undefined;
  /** The repository may be disabled; never enabled is something else, Drone does not build it. */
  readonly disabled?: 'accepted' | undefined;
  readonly call: number;
  readonly poll: number;
  /** Aborted: what fails is not tried again. */
  readonly cancel?: AbortSignal | undefined;
}

const tries = 3;

/** GETs may be repeated. Only what can pass by itself is: silence and 5xx, never a certificate or a wrong URL. */
async function get(connection: Connection, path: string, { call, poll, cancel }: PreflightOptions): Promise<Answer> {
  for (let failures = 0; ; failures++) {
    const last = failures + 1 === tries || cancel?.aborted === true;
    try {
      const answer = await connection.call(path, { limit: call });
      if (answer.status < 500) return answer;
      if (last) throw failing(connection.server, connection.said(answer));
    } catch (error) {
      if (!(error instanceof Unanswered) || error.code !== 'drone-unreachable' || last) throw error;
    }
    await sleep(backoff(failures, poll), cancel);
  }
}

const tokenRejected = (message: string): Refusal =>
  new Refusal({
    code: 'drone-token-rejected',
    message,
    rule: 'drones.*.token',
    fix: "the operator puts a valid token of an active account into drones.*.token (or the author into DRONE_TOKEN, where the policy takes the workflow's)",
  });

export const unauthorized = (): Refusal =>
  tokenRejected('Drone does not accept the token: it is unknown or was replaced');

/** The token's account. @throws {Refusal} {Failure} `drone-answer-malformed` */
export async function whoAmI(connection: Connection, options: PreflightOptions): Promise<User> {
  const answer = await get(connection, paths.user, options);
  if (answer.status === 401) throw unauthorized();
  if (answer.status === 403) throw tokenRejected("Drone refuses the token's account: it is not active");
  if (answer.status !== 200)
    throw new Refusal({
      code: 'not-a-drone',
      message: `what answers at ${quote(connection.server)} is not Drone: status ${answer.status} for /api/user`,
      rule: 'drones.*.server',
      fix: "the operator sets drones.*.server to Drone's own origin, without a path",
    });
  const user = parseUser(answer.body);
  if (!user.active) throw tokenRejected(`Drone's account ${connection.quote(user.login)} is not active`);
  if (options.logins && !options.logins.includes(user.login))
    throw new Refusal({
      code: 'drone-login-not-accepted',
      message: `the Drone token belongs to ${connection.quote(user.login)}, which is not one of the accepted accounts`,
      rule: 'drones.*.logins',
      fix: 'use the token of an accepted account, or the operator adds this one to drones.*.logins',
    });
  return user;
}

const notFound = (repository: string, account: string): Refusal =>
  new Refusal({
    code: 'drone-repository-not-found',
    message:
      `Drone knows no repository ${quote(repository)} that ${account} may see: it is not enabled there, or the account has no access ` +
      'to it, or Drone could not refresh the access because the source code host did not answer',
    rule: 'repositories[].pipeline.repository',
    fix: "the operator enables the repository in Drone, gives the token's account write access to it and lets Drone sync, and compares the name in the policy",
  });

const noWrite = (repository: string, account: string): Refusal =>
  new Refusal({
    code: 'drone-no-write-permission',
    message: `Drone's account ${account} may not start builds of ${quote(repository)}`,
    rule: 'drones.*.token',
    fix: "the operator gives the token's account write access to the repository and lets Drone sync (a machine account has none unless it is an admin)",
  });

const disabled = (repository: string, never: boolean): Refusal =>
  new Refusal({
    code: 'drone-repository-disabled',
    message: never
      ? `the repository ${quote(repository)} was never enabled in Drone`
      : `the repository ${quote(repository)} is disabled in Drone`,
    rule: 'repositories[].pipeline.repository',
    fix: `the repository's admin activates it in Drone's settings${never ? '' : ', or the operator writes disabled: accepted beside the pipeline'}`,
  });

/** The repository as the token's account sees it, once more whenever a 404 leaves its meaning open. @throws {Refusal} */
export async function checkRepository(connection: Connection, user: User, options: PreflightOptions): Promise<Repo> {
  const { repository } = options;
  const account = connection.quote(user.login);
  const answer = await get(connection, paths.repo(repository), options);
  if (answer.status === 401) throw unauthorized();
  if (answer.status !== 200) throw notFound(repository, account);
  const repo = parseRepo(answer.body);
  if (repo.slug.toLowerCase() !== repository.toLowerCase()) throw notFound(repository, account);
  // Drone's admins need no permission row; for everybody else a missing one is a guest.
  if (repo.permissions?.write !== true && !user.admin) throw noWrite(repository, account);
  // Drone itself builds a disabled repository when it is asked to (recording 16); its owner said that it should not.
  const never = repo.user_id === 0;
  if (!repo.active && (never || options.disabled !== 'accepted')) throw disabled(repository, never);
  return repo;
}

/** @throws {Refusal} with the code that fits; {Failure} `drone-answer-malformed` */
export async function preflight(
  connection: Connection,
  options: PreflightOptions,
): Promise<Preflight & { user: User }> {
  const user = await whoAmI(connection, options);
  await checkVersion(connection, options.call);
  const repo = await checkRepository(connection, user, options);
  return { user, login: user.login, base: repo.counter, timeout: repo.timeout };
}
