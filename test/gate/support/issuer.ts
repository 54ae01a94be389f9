// GitHub's side: signs what a test says, well formed unless told otherwise.

import { type CryptoKey, type JWK, SignJWT, exportJWK, generateKeyPair } from 'jose';

export type Payload = Record<string, unknown>;

export interface TestIssuer {
  readonly issuer: string;
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
  /** A token as GitHub makes it; `undefined` in `claims` or `header` removes. */
  sign(audience: unknown, claims?: Payload, header?: Payload): Promise<string>;
}

export const githubIssuer = 'https://token.actions.githubusercontent.com';

/** The claims of a push to main of the repository that the bench's policy lists. */
export const jobClaims = {
  repository: 'octo/app',
  repository_id: '123456',
  repository_owner: 'octo',
  repository_owner_id: '99',
  repository_visibility: 'private',
  ref: 'refs/heads/main',
  ref_type: 'branch',
  ref_protected: 'true',
  sha: '0123456789abcdef0123456789abcdef01234567',
  event_name: 'push',
  workflow: 'deploy',
  workflow_ref: 'octo/app/.github/workflows/deploy.yml@refs/heads/main',
  workflow_sha: '0123456789abcdef0123456789abcdef01234567',
  job_workflow_ref: 'octo/app/.github/workflows/deploy.yml@refs/heads/main',
  run_id: '1000',
  run_number: '5',
  run_attempt: '1',
  check_run_id: '500',
  actor: 'mona',
  actor_id: '7',
  runner_environment: 'self-hosted',
  sub: 'repo:octo/app:ref:refs/heads/main',
} as const;

export async function createIssuer(kid = 'key-1', issuer = githubIssuer): Promise<TestIssuer> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' };
  return {
    issuer,
    kid,
    privateKey,
    jwk,
    sign(audience, claims = {}, header = {}) {
      const now = Math.floor(Date.now() / 1000);
      const payload: Payload = {
        ...jobClaims,
        jti: `${now}-${Math.random()}`,
        iss: issuer,
        aud: audience,
        iat: now,
        nbf: now - 600,
        exp: now + 300,
        ...claims,
      };
      const protectedHeader = { alg: 'RS256', typ: 'JWT', kid, x5t: 'eDV0', ...header };
      // What JSON does with `undefined` is what a test means by it.
      return new SignJWT(JSON.parse(JSON.stringify(payload)))
        .setProtectedHeader(JSON.parse(JSON.stringify(protectedHeader)))
        .sign(privateKey);
    },
  };
}
