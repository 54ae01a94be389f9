// The result of a task whose cell did not give one: the gate says what it knows, and never success.

import type { FailureCode, Outputs, RefusalCode, ResultEvent, StateEvent, Verdict } from '../../protocol/index.ts';

function outputsOf(state: StateEvent | null, status: Verdict): Outputs {
  const build = state?.build;
  return {
    number: build === undefined ? '' : String(build.number),
    url: build?.url ?? '',
    status,
    commit: build?.commit ?? '',
    started: '',
    finished: '',
  };
}

/** What an author can do about an end that leaves the build's fate open. */
function lookAt(state: StateEvent | null): string {
  return state?.build === undefined
    ? 'Drone may have been asked for a build: look there before trying again'
    : `Drone's build ${state.build.number} may go on: look there`;
}

/** @param state the last that the cell told */
export function gateResult(
  verdict: Exclude<Verdict, 'success'>,
  code: RefusalCode | FailureCode,
  message: string,
  state: StateEvent | null,
): ResultEvent {
  const said = verdict === 'unknown' ? `${message}. ${lookAt(state)}` : message;
  return { k: 'result', n: (state?.n ?? 0) + 1, verdict, code, message: said, outputs: outputsOf(state, verdict) };
}
