// What is wrong with the cluster as a ledger, in a sentence for the operator. The author of a job is only told that the
// ledger cannot be used (use.ts).

import { Failure } from '../../../protocol/index.ts';
import { KubernetesError } from '../../kubernetes/index.ts';

function sentence(error: KubernetesError): string {
  const { trouble, status, detail } = error;
  if (trouble === 'no-credentials' || status === 401) return "the gate's service account is not accepted";
  if (trouble === 'unreachable') return 'the API server cannot be reached';
  if (trouble === 'stalled') return 'the API server does not answer in time';
  if (detail.includes('exceeded quota')) return 'the quota of its namespace allows no more ConfigMaps';
  if (status === 403) return 'the gate lacks a right to ConfigMaps or Leases in its namespace: see its Role';
  if (status === 404) return 'its namespace is not there';
  return 'the API server answered with an error';
}

/** `ledger-failed` with a sentence and the call as its cause; a Failure stays what it is. */
export function clusterFailure(namespace: string, cause: unknown): Failure {
  if (cause instanceof Failure) return cause;
  const why = cause instanceof KubernetesError ? sentence(cause) : 'an error that nobody expected';
  return new Failure('ledger-failed', `the ledger in the namespace ${namespace} cannot be used: ${why}`, { cause });
}

/** Whether nobody knows if the server carried a change out: only an answer that says no is certain. */
export function isUncertain(error: unknown): boolean {
  if (!(error instanceof KubernetesError)) return true;
  const { status } = error;
  return status === null || status >= 500;
}
