// Every trouble with the engine in two sentences: what the author of the job is told, who can do nothing about the
// machine, and what the operator is told, who can. The engine's own words go to the operator's log only.

import { Failure, type FailureCode } from '../../../protocol/index.ts';
import { EngineError, type Trouble } from './engine-error.ts';

/** What the gate was about to do. `made`: looking at the cell that was just created. */
export type Step = 'check' | 'create' | 'made' | 'attach' | 'start' | 'list' | 'look';

export interface Told {
  readonly code: FailureCode;
  readonly author: string;
  readonly operator: string;
}

const tell = 'tell the operator of the gate';

const byTrouble: Readonly<Record<Exclude<Trouble, 'refused'>, Omit<Told, 'code'>>> = {
  unreachable: {
    author: `the gate's Docker engine cannot be reached; ${tell}`,
    operator: 'the Docker engine cannot be reached: start it, or name its socket',
  },
  forbidden: {
    author: `the gate may not use its Docker engine; ${tell}`,
    operator: "the gate may not open the Docker engine's socket: give its user the right to",
  },
  'broken-off': {
    author:
      "the gate's Docker engine went away in the middle of a call, as it does when it is restarted; run the job again",
    operator: 'the Docker engine broke a call off: it was restarted or has crashed, see its log',
  },
  stalled: {
    author: `the gate's Docker engine did not answer in time; run the job again, and if that does not help, ${tell}`,
    operator: 'the Docker engine takes calls and does not answer in time: it hangs or is overloaded, see its log',
  },
  malformed: {
    author: `the gate's Docker engine gave an answer that is not understood; ${tell}`,
    operator: 'what answers on the socket does not speak as a Docker engine does: name the socket of a Docker engine',
  },
  version: {
    author: `the gate and its Docker engine are too far apart in age; ${tell}`,
    operator: 'the Docker engine and this gate have no version of the API in common: upgrade the older one',
  },
};

export const noImage: Omit<Told, 'code'> = {
  author: `the image of the cells is not on the gate's Docker engine; ${tell}`,
  operator: 'the image of the cells is not on the Docker engine, and it is never pulled for a job: pull or load it',
};
export const noNetwork: Omit<Told, 'code'> = {
  author: `the network of the cells is not on the gate's Docker engine; ${tell}`,
  operator: 'the network of the cells is not on the Docker engine: make it (docker network create --internal NAME)',
};
const diskFull: Omit<Told, 'code'> = {
  author: `the disk of the gate's Docker engine is full; ${tell}`,
  operator: 'the disk of the Docker engine is full: make room (docker system df)',
};
const nameTaken: Omit<Told, 'code'> = {
  author: 'a container with the name of this cell is there already; run the job again',
  operator:
    'a container with the name of a new cell is there already: does something else make airlock-cell- containers?',
};
const noNode: Omit<Told, 'code'> = {
  author: `the image of the cells has no program "node"; ${tell}`,
  operator: 'the image of the cells has no program "node" on its PATH: use an image with node 20 or newer',
};
const notTaken: Omit<Told, 'code'> = {
  author: `the gate's Docker engine does not accept how the gate describes a cell; ${tell}`,
  operator: 'the Docker engine does not accept how a cell is described: see its words, and the limits that are set',
};
/** Seen before any cell is made, and of no concern to an author. */
export const unfit = `the gate cannot start sealed cells on its Docker engine; ${tell}`;
const failed: Omit<Told, 'code'> = {
  author: `the gate's Docker engine could not start the cell; run the job again, and if that does not help, ${tell}`,
  operator: 'the Docker engine could not start a cell: see its words and its log',
};

/** Docker puts the kernel's words into its own; these are not translated. */
const says = (error: EngineError, words: string): boolean => error.detail.includes(words);

function refused(step: Step, error: EngineError): Omit<Told, 'code'> {
  if (says(error, 'no space left on device')) return diskFull;
  if (says(error, 'executable file not found')) return noNode;
  if (step === 'create' && error.status === 404) return noImage;
  if (step === 'create' && error.status === 409) return nameTaken;
  // What can be missing at the start is the network, or the container itself if someone was faster with deleting it.
  if (step === 'start' && error.status === 404 && says(error, 'network')) return noNetwork;
  if (error.status === 400) return notTaken;
  return failed;
}

export function told(step: Step, error: EngineError): Told {
  if (error.trouble === 'refused') return { code: 'cell-start-failed', ...refused(step, error) };
  return { code: 'no-cell-engine', ...byTrouble[error.trouble] };
}

/** The failure that the author sees; its `cause` holds the operator's sentence and, as cause, the call and its answer. */
export function failure(step: Step, error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (!(error instanceof EngineError)) return new Failure('cell-start-failed', failed.author, { cause: error });
  const { code, author, operator } = told(step, error);
  return new Failure(code, author, { cause: new Error(operator, { cause: error }), status: 503 });
}
