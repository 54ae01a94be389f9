// Who asks: GitHub signs a token for a challenge that the gate made a moment ago (DESIGN.md, Identity). A gate that
// was restarted in between does not know its predecessor's challenge.

import { Refusal } from '../protocol/errors.ts';
import type { ProofRequest } from '../protocol/request.ts';
import { type SessionAnswer, parseChallengeAnswer } from '../protocol/session.ts';
import { ask } from './gate.ts';
import type { Hook } from './hook.ts';
import { idToken } from './id-token.ts';
import type { Env } from './settings.ts';

/** The runner's word, for a gate that believes it: named as in GitHub's tokens. */
const asserted =
  'repository repository_id ref ref_protected sha event_name actor run_id run_attempt workflow_ref'.split(' ');

function claimsOf(env: Env): Record<string, string> {
  const facts = asserted.map((name) => [name, env[`GITHUB_${name.toUpperCase()}`] ?? '']);
  return Object.fromEntries(facts.filter(([, value]) => value !== '')) as Record<string, string>;
}

/**
 * Makes a fresh proof and sends it: GitHub's token, or the runner's word where the gate takes that.
 * @throws {Refusal} `challenge-stale` after `limits.challenges` tries, and what `send` is refused with
 */
export async function prove<T>(
  hook: Hook,
  { identity, session }: Pick<SessionAnswer, 'identity' | 'session'>,
  send: (proof: ProofRequest) => Promise<T>,
): Promise<T> {
  const from = identity === 'github' && hook.settings.idToken;
  for (let tries = 1; ; tries++) {
    const { audience } = await ask(hook, `POST /v1/sessions/${session}/challenge`, {}, parseChallengeAnswer);
    const proof = from ? { token: await idToken(hook, from, audience) } : { claims: claimsOf(hook.env) };
    try {
      return await send(proof);
    } catch (error) {
      const stale = error instanceof Refusal && error.code === 'challenge-stale';
      if (!stale || tries >= hook.limits.challenges) throw error;
    }
  }
}
