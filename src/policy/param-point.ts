// The parameters of a job against those of an entry. A parameter that was asked for and is not allowed is refused, not
// dropped: deploying without it would be the worse surprise.

import { quote } from '../protocol/index.ts';
import { type AskPoint, anyOf } from './difference.ts';
import { valueProblem } from './param-rules.ts';
import type { ParamRule } from './types.ts';

interface ParamProblem {
  readonly code: 'param-not-allowed' | 'param-value-not-allowed' | 'param-missing';
  readonly text: string;
  /** Without the value: who mixes up variables may have put a secret there, and no log of the operator may hold one. */
  readonly audit: string;
}

const shape = ({ values, pattern }: ParamRule): string =>
  values === undefined ? `a value that matches ${pattern?.source ?? ''}` : anyOf(values.map((value) => value || '""'));

function paramProblem(
  name: string,
  value: string,
  rule: ParamRule | undefined,
  known: readonly string[],
): ParamProblem | undefined {
  if (rule === undefined) {
    const text = `${quote(name)} is not allowed, only ${known.join(', ') || 'no parameter at all'}`;
    return { code: 'param-not-allowed', text, audit: text };
  }
  const problem = valueProblem(value);
  // What no value may be is looked at first: a pattern with (?s) would let a line break through.
  if (problem === undefined && (rule.values?.includes(value) ?? rule.pattern?.matches(value) ?? false))
    return undefined;
  const wants = problem === undefined ? `the entry wants ${shape(rule)}` : problem;
  return {
    code: 'param-value-not-allowed',
    text: `${name} has ${quote(value)}, ${wants}`,
    audit: `${name} has a value that is not allowed, ${wants}`,
  };
}

export const params: AskPoint = ({ entry }, ask) => {
  const known = [...entry.params.keys()];
  const given = Object.entries(ask.params).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const missing = [...entry.params].filter(([name, { required }]) => required && !Object.hasOwn(ask.params, name));
  const problems: ParamProblem[] = [
    ...given.flatMap(([name, value]) => paramProblem(name, value, entry.params.get(name), known) ?? []),
    ...missing.map(([name, rule]) => {
      const text = `${name} is missing, the entry wants ${shape(rule)}`;
      return { code: 'param-missing', text, audit: text } as const;
    }),
  ];
  const [first] = problems;
  if (first === undefined) return undefined;
  return {
    point: 'params',
    code: first.code,
    rule: 'params',
    text: problems.map(({ text }) => text).join(', '),
    audit: problems.map(({ audit }) => audit).join(', '),
    fix: 'set PARAM_<KEY> variables as the entry says, and no others, or ask the operator to allow them',
    weight: problems.length,
  };
};
