// What is wrong with the disk, in a sentence for the operator. The author of a job is only told that the ledger cannot
// be used (use.ts).

import { Failure } from '../../../protocol/index.ts';
import { codeOf } from './disk.ts';

const sentences = new Map([
  ['ENOSPC', 'its disk is full'],
  ['EDQUOT', 'its disk quota is used up'],
  ['EROFS', 'its file system is read-only'],
  ['EACCES', 'the gate may not use it; check its owner and mode'],
  ['EPERM', 'the gate may not use it, or its file system has no hard links'],
  ['ENOENT', 'it is gone'],
  ['ENOTDIR', 'it is gone'],
  ['ESTALE', 'it is gone'],
  ['EIO', 'its disk reports errors'],
  ['EMFILE', 'this process has too many open files'],
  ['ENFILE', 'this machine has too many open files'],
  ['EXDEV', 'it must lie on one file system'],
  ['ENOTSUP', 'its file system has no hard links'],
  ['EOPNOTSUPP', 'its file system has no hard links'],
  ['EMLINK', 'its file system allows too few hard links'],
  ['ETIMEDOUT', 'its disk does not answer'],
]);

/** `ledger-failed` with a sentence and the system's error as its cause; a Failure stays what it is. */
export function ledgerFailure(folder: string, cause: unknown): Failure {
  if (cause instanceof Failure) return cause;
  const code = codeOf(cause);
  const sentence = sentences.get(code) ?? (code === '' ? 'an error that nobody expected' : code);
  return new Failure('ledger-failed', `the ledger's folder ${folder} cannot be used: ${sentence}`, { cause });
}
