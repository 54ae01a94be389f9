// The image that a job names is compared with the operator's list and never used for anything else.

import { Refusal, quote } from '../protocol/index.ts';
import { anyOf } from './difference.ts';
import type { Policy } from './types.ts';

/** @param image as the runner gives it, without `docker://`; compared character by character, nothing is normalised */
export function acceptsImage(policy: Policy, image: string): Refusal | null {
  const { accept } = policy.image;
  if (accept.includes(image)) return null;
  return new Refusal({
    code: 'image-not-accepted',
    message: `the job's container names the image ${quote(image, 200)}; this runner accepts only ${anyOf(accept)}`,
    rule: 'image.accept',
    fix: `write container: ${accept[0] ?? ''}`,
  });
}
