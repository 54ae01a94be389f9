// The result of a task whose cell did not give one: the gate says what it knows, and never success.

import type { FailureCode, Outputs, RefusalCode, ResultEvent, StateEvent, Verdict } from '../../protocol/index.ts';

function outputsOf(state: StateEvent | null, status: Verdict, number: number | null): Outputs {
  const build = state?.build;
  return {
    number: number === null ? '' : String(number),
    url: build?.url ?? '',
    status,
    commit: build?.commit ?? '',
    started: '',
    finished: '',
  };
}

/** What an author can do about an end that leaves the build's fate open. */
function lookAt(number: number | null): string {
  return number === null
    ? 'Drone may have been asked for a build: look there before trying again'
    : `Drone's build ${number} may go on: look there`;
}

/**
 * @param state the last that the cell told
 * @param known the build's number, where the ledger has it
 */
export function gateResult(
  verdict: Exclude<Verdict, 'success'>,
  code: RefusalCode | FailureCode,
  message: string,
  state: StateEvent | null,
  known: number | null = null,
): ResultEvent {
  const number = state?.build?.number ?? known;
  const said = verdict === 'unknown' ? `${message}. ${lookAt(number)}` : message;
  return {
    k: 'result',
    n: (state?.n ?? 0) + 1,
    verdict,
    code,
    message: said,
    outputs: outputsOf(state, verdict, number),
  };
}
