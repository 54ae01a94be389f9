// The policy's file while the gate runs: a newer one is taken on without dropping a job, a broken one is refused loudly
// and the old one stays. Looked at again and again, since a file that a container or Kubernetes replaces sends no event
// that every system has; SIGHUP looks at once.

import { readFile } from 'node:fs/promises';
import { type Audit, type LivePolicy, type Logger, needsRestart } from '../gate/index.ts';
import { PolicyError, loadPolicy } from '../policy/index.ts';

export interface PolicyWatch {
  /** null, or why the file's newest text is not the policy that is in force. */
  problem(): string | null;
  /** Looks now. Never rejects. @param loud also when nothing has changed */
  look(loud?: boolean): Promise<void>;
  stop(): void;
}

export interface PolicyWatchOptions {
  readonly file: string;
  /** Its text when it was loaded. */
  readonly text: string;
  readonly live: LivePolicy;
  readonly audit: Audit;
  readonly log: Logger;
  /** Milliseconds between two looks. */
  readonly every?: number | undefined;
}

export function watchPolicy(options: PolicyWatchOptions): PolicyWatch {
  const { file, live, audit, log, every = 5_000 } = options;
  let seen: string | null = options.text;
  let problem: string | null = null;
  let looking: Promise<void> = Promise.resolve();

  async function refuse(message: string): Promise<void> {
    const known = problem === message;
    problem = message;
    log.error({ file, policy: live.policy.hash, problem }, 'the new policy is not used; the old one stays in force');
    // A file that stays away must not fill the audit log.
    if (!known) await audit.write({ event: 'policy', decision: 'failed', message, policy: live.policy.hash });
  }

  async function take(text: string): Promise<void> {
    const next = loadPolicy(text, file);
    const fixed = needsRestart(live.policy, next);
    if (fixed.length > 0) {
      await refuse(`${file}: ${fixed.join(' and ')} changed, which needs a restart of the gate (no job is lost by it)`);
      return;
    }
    problem = null;
    if (next.hash === live.policy.hash) return;
    // On the disk before anything is decided by it.
    await audit.write({ event: 'policy', decision: 'allowed', policy: next.hash });
    log.info({ file, before: live.policy.hash, policy: next.hash }, 'a new policy is in force');
    live.replace(next);
  }

  async function lookOnce(loud: boolean): Promise<void> {
    try {
      const text = await readFile(file, 'utf8');
      if (text === seen && !loud) return;
      seen = text;
      await take(text);
    } catch (error) {
      // Not the text's fault: the same one is tried again.
      if (!(error instanceof PolicyError)) seen = null;
      const message = error instanceof Error ? error.message : String(error);
      await refuse(message).catch((err: unknown) => log.error({ err }, 'the audit log cannot tell of the policy'));
    }
  }

  /** One after the other. */
  function look(loud = false): Promise<void> {
    looking = looking.then(() => lookOnce(loud));
    return looking;
  }

  const timer = setInterval(() => void look(), every).unref();
  const onHangup = (): void => void look(true);
  process.on('SIGHUP', onHangup);
  return {
    problem: () => problem,
    look,
    stop() {
      clearInterval(timer);
      process.off('SIGHUP', onHangup);
    },
  };
}
