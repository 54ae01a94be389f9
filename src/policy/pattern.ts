// The patterns that a policy allows for parameter values: RE2 syntax, always the whole value, time linear in its
// length, so that neither a careless pattern nor a hostile value can hold up the gate.

import { RE2JS } from 're2js';

export interface Pattern {
  readonly source: string;
  matches(value: string): boolean;
}

export const maxPatternLength = 512;

/** @throws {Error} with the reason, when RE2 does not take the pattern (it has no look-around and no back-references) */
export function compilePattern(source: string): Pattern {
  // `matches` is anchored at both ends by the engine itself: wrapping the text in ^(?:…)$ could be broken out of.
  const compiled = RE2JS.compile(source);
  return { source, matches: (value) => compiled.matches(value) };
}

/** Why the pattern cannot be used, or nothing. */
export function patternProblem(source: string): string | undefined {
  try {
    compilePattern(source);
    return undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return reason.replace(/^error parsing regexp: /, '');
  }
}
