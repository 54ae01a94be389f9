// Every trouble with the API server in two sentences: what the author of the job is told, who can do nothing about the
// cluster, and what the operator is told, who can. The server's own words go to the operator's log only.

import { Failure, type FailureCode } from '../../../protocol/index.ts';
import { KubernetesError, type Trouble } from '../../kubernetes/kubernetes-error.ts';

export interface Told {
  readonly code: FailureCode;
  readonly author: string;
  readonly operator: string;
}
type Sentences = Omit<Told, 'code'>;

const tell = 'tell the operator of the gate';
/** Seen before any cell is made, and of no concern to an author. */
export const unfit = `the gate cannot start sealed cells in its cluster; ${tell}`;

const byTrouble: Readonly<Record<Exclude<Trouble, 'refused'>, Sentences>> = {
  'no-credentials': {
    author: unfit,
    operator: "the gate cannot read its service account's token or certificate authority",
  },
  unreachable: {
    author: `the API server of the gate's cluster cannot be reached; run the job again, and if that does not help, ${tell}`,
    operator: 'the API server cannot be reached: is it up, and does a NetworkPolicy let the gate reach it?',
  },
  untrusted: {
    author: unfit,
    operator: "the API server's certificate is not of the authority that the gate's service account names",
  },
  'broken-off': {
    author: "the API server of the gate's cluster went away in the middle of a call; run the job again",
    operator: 'the API server broke a call off: it was restarted or has crashed',
  },
  stalled: {
    author: `the API server of the gate's cluster did not answer in time; run the job again, and if that does not help, ${tell}`,
    operator: 'the API server takes calls and does not answer in time',
  },
  malformed: {
    author: `the API server of the gate's cluster gave an answer that is not understood; ${tell}`,
    operator: 'what answers does not speak as an API server does',
  },
};

const noRight: Sentences = {
  author: unfit,
  operator: "the gate's service account lacks a right in the namespace of the cells: see its Role",
};
/** All of them are 403 Forbidden, told apart by their words alone (measured). */
const refusals: readonly (readonly [words: string, sentences: Sentences])[] = [
  [
    'exceeded quota',
    {
      author: `the quota of the cells' namespace is used up; run the job again later, or ${tell}`,
      operator: 'the ResourceQuota of the namespace of the cells is below limits.tasksAtOnce of the policy',
    },
  ],
  [
    'failed quota',
    {
      author: unfit,
      operator: 'the ResourceQuota of the namespace demands limits that the PodTemplate of the cells does not set',
    },
  ],
  [
    'violates PodSecurity',
    { author: unfit, operator: 'the PodTemplate of the cells does not fit the Pod Security level of its namespace' },
  ],
  [
    'ValidatingAdmissionPolicy',
    {
      author: unfit,
      operator:
        'the ValidatingAdmissionPolicy refuses a cell: it compares with another PodTemplate than the gate, or a webhook changes pods',
    },
  ],
  ['admission webhook', { author: unfit, operator: 'an admission webhook of the cluster refuses the pod of a cell' }],
  ['cannot ', noRight],
];

const nameTaken: Sentences = {
  author: 'a pod with the name of this cell is there already; run the job again',
  operator: 'a pod with the name of a new cell is there already: does something else make cell- pods?',
};
const notTaken: Sentences = {
  author: unfit,
  operator: 'the API server does not accept the pod that the PodTemplate of the cells describes: see its words',
};
const noNamespace: Sentences = { author: unfit, operator: 'the namespace of the cells is not there' };
const failed: Sentences = {
  author: `the gate's cluster could not start the cell; run the job again, and if that does not help, ${tell}`,
  operator: 'the API server could not make a cell: see its words',
};

export const isQuota = (error: unknown): boolean =>
  error instanceof KubernetesError && error.detail.includes('exceeded quota');

export const isRefusedByPolicy = (error: unknown): boolean =>
  error instanceof KubernetesError && error.detail.includes('ValidatingAdmissionPolicy');

function refused({ detail, status }: KubernetesError): Sentences {
  if (status === 401) return byTrouble['no-credentials'];
  if (status === 404) return noNamespace;
  if (status === 409) return nameTaken;
  // A policy that names no reason answers 422 in place of 403 (measured).
  const known = status === 403 || status === 422 ? refusals.find(([words]) => detail.includes(words)) : undefined;
  if (known !== undefined) return known[1];
  // Half of the rights to attach are refused without a word (measured).
  if (status === 403 && /is forbidden:\s*$/.test(detail)) return noRight;
  return status === 400 || status === 403 || status === 422 ? notTaken : failed;
}

export function told(error: KubernetesError): Told {
  if (error.trouble === 'refused') return { code: 'cell-start-failed', ...refused(error) };
  return { code: 'no-cell-engine', ...byTrouble[error.trouble] };
}

/** The failure that the author sees; its `cause` holds the operator's sentence and, as cause, the call and its answer. */
export function failure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (!(error instanceof KubernetesError)) return new Failure('cell-start-failed', failed.author, { cause: error });
  const { code, author, operator } = told(error);
  return new Failure(code, author, { cause: new Error(operator, { cause: error }), status: 503 });
}
