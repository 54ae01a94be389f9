// The one known image. It is named by content (a digest or an image id), so that nobody who can push to a registry or
// tag on the machine can change what runs; and it is never pulled for a job.

import type { ImageAnswer } from './answers.ts';

const byId = /^sha256:[0-9a-f]{64}$/;
const byDigest = /^[a-z0-9][A-Za-z0-9._:/-]{0,254}@(sha256:[0-9a-f]{64})$/;

/** Whether a text names an image by its content: `name@sha256:…` or `sha256:<image id>`. */
export const namesByContent = (reference: string): boolean => byId.test(reference) || byDigest.test(reference);

/** What keeps a found image from being used, in one sentence for the operator; null: nothing. */
export function imageProblem(reference: string, { Id, RepoDigests, Config }: ImageAnswer): string | null {
  const digest = byDigest.exec(reference)?.[1];
  const known = digest === undefined ? Id === reference : (RepoDigests ?? []).some((it) => it.endsWith(`@${digest}`));
  if (!known && Id !== digest) return `the Docker engine answered another image (${Id}) for ${reference}`;
  // The engine makes a writable volume for each, which no setting of a container prevents.
  const volumes = Object.keys(Config.Volumes ?? {});
  if (volumes.length > 0)
    return `the image ${reference} declares volumes, and a cell has no writable place: use an image without VOLUME`;
  return null;
}
