// The audience that a token must name: made by this process for one session of one runner, and short-lived. So a token
// that was minted earlier, elsewhere or for anybody else is worth nothing, and no store of used tokens is needed
// (DESIGN.md, Identity). The key is never written anywhere: a restart makes all challenges stale.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { Refusal } from '../../protocol/index.ts';
import type { Clock } from '../timing.ts';
import type { RunnerIdentity } from './runner.ts';

export interface Challenge {
  /** `<expiry in unix seconds>.<HMAC>`: digits, letters, `-`, `_` and one dot. */
  readonly text: string;
  /** Unix seconds. */
  readonly expires: number;
}

export interface Challenges {
  make(session: string, runner: RunnerIdentity): Challenge;
  /** @throws {Refusal} `challenge-stale` (409): not of this process, session or runner, or expired */
  check(text: string, session: string, runner: RunnerIdentity): void;
}

const form = /^([0-9]{1,12})\.([A-Za-z0-9_-]{43})$/;

function stale(message: string): Refusal {
  return new Refusal({
    code: 'challenge-stale',
    rule: 'identity.audience',
    message,
    fix: 'ask for a new challenge',
    status: 409,
  });
}

/** @param life milliseconds */
export function createChallenges(life: number, clock: Clock): Challenges {
  const key = randomBytes(32);

  function seal(expires: number, session: string, runner: RunnerIdentity): Buffer {
    // JSON keeps the parts apart whatever they contain.
    return createHmac('sha256', key)
      .update(JSON.stringify([session, runner.id, expires]))
      .digest();
  }

  return {
    make(session, runner) {
      const expires = Math.ceil((clock.now() + life) / 1000);
      return { text: `${expires}.${seal(expires, session, runner).toString('base64url')}`, expires };
    },
    check(text, session, runner) {
      const [, seconds, seen] = form.exec(text) ?? [];
      if (seconds === undefined || seen === undefined) throw stale('the challenge is not one of this gate');
      const expires = Number(seconds);
      if (!timingSafeEqual(Buffer.from(seen, 'base64url'), seal(expires, session, runner)))
        throw stale('the challenge is not the one that this gate gave this session and runner');
      if (clock.now() > expires * 1000) throw stale('the challenge has expired');
    },
  };
}
