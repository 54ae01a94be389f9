// What a proof is, by the policy's mode: GitHub's signature, or the runner's word where the policy accepts that.

import { type Claims, type IdentityPolicy, assertedClaims } from '../../policy/index.ts';
import type { ProofRequest } from '../../protocol/index.ts';
import type { Clock, Timing } from '../timing.ts';
import type { Bind } from './bind.ts';
import { type Challenge, createChallenges } from './challenge.ts';
import { tokenRefused, verifyToken } from './github.ts';
import { createKeys } from './keys.ts';
import type { RunnerIdentity } from './runner.ts';

export interface Prover {
  /** Audience and expiry for the next proof of this session. */
  challenge(session: string, runner: RunnerIdentity): Challenge & { readonly audience: string };
  /**
   * @throws {Refusal} `token-refused`, `challenge-stale`, `job-not-on-runner`
   * @throws {Failure} `gate-failed`, `job-check-failed`
   */
  prove(proof: ProofRequest, session: string, runner: RunnerIdentity): Promise<Claims>;
}

/** @param bind null: the policy does not ask on which runner a job runs */
export function createProver(identity: IdentityPolicy, timing: Timing, clock: Clock, bind: Bind | null): Prover {
  const challenges = createChallenges(timing.challenge, clock);
  const verifier = { identity, keys: createKeys(identity, timing, clock), challenges, timing, clock };
  return {
    challenge(session, runner) {
      const challenge = challenges.make(session, runner);
      return { ...challenge, audience: `${identity.audience}/${challenge.text}` };
    },
    async prove({ token, claims }, session, runner) {
      if (identity.mode === 'asserted') {
        if (token !== undefined || claims === undefined) throw tokenRefused('this gate takes claims, not a token');
        // Any runner could name another's job and use its task up, so the runner stands in for the job (ledger/key.ts).
        return { ...assertedClaims(claims), checkRunId: undefined };
      }
      // The runner's own word beside a signed token is never looked at, so it is not accepted either.
      if (claims !== undefined) throw tokenRefused('claims are taken from the token alone');
      if (token === undefined) throw tokenRefused('it is missing');
      const proved = await verifyToken(token, session, runner, verifier);
      await bind?.(proved, runner);
      return proved;
    },
  };
}
