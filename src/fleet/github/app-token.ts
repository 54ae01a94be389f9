// What the App proves itself with: a JSON Web Token of its own, signed by its private key and good for ten minutes at
// most (GitHub, "Generating a JSON Web Token (JWT) for a GitHub App").

import { createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { SignJWT } from 'jose';
import { GitHubError } from './github-error.ts';

/** Seconds: clocks differ, so it is dated back; and it ends before GitHub's own limit. */
const backdated = 60;
const life = 540;

const refuse = (detail: string, cause?: unknown): GitHubError =>
  new GitHubError({ trouble: 'credentials', call: "reading GitHub's credentials", detail }, { cause });

/** @throws {GitHubError} `credentials`; never a byte of the file */
export async function readSecret(file: string): Promise<string> {
  let text: string;
  try {
    text = (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    throw refuse((cause as Error).message, cause);
  }
  if (text === '') throw refuse(`${file} is empty`);
  return text;
}

/** @param now milliseconds since the epoch @throws {GitHubError} `credentials` */
export async function signAppToken(app: string, keyFile: string, now: number): Promise<string> {
  const pem = await readSecret(keyFile);
  let key: ReturnType<typeof createPrivateKey>;
  try {
    key = createPrivateKey(pem);
  } catch (cause) {
    throw refuse(`${keyFile} holds no private key in PEM form`, cause);
  }
  if (key.asymmetricKeyType !== 'rsa') throw refuse(`${keyFile} holds no RSA key, and a GitHub App has no other`);
  const seconds = Math.floor(now / 1000);
  return new SignJWT()
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
    .setIssuer(app)
    .setIssuedAt(seconds - backdated)
    .setExpirationTime(seconds + life)
    .sign(key);
}
