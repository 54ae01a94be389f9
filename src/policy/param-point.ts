// The parameters of a job against those of an entry. A parameter that was asked for and is not allowed is refused, not
// dropped: deploying without it would be the worse surprise.

import { quote } from '../protocol/index.ts';
import { type AskPoint, anyOf } from './difference.ts';
import { namerOf } from './named.ts';
import { hazardProblem, valueProblem } from './param-rules.ts';
import { nearest } from './suggest.ts';
import type { ParamRule } from './types.ts';

interface ParamProblem {
  readonly code: 'param-not-allowed' | 'param-value-not-allowed' | 'param-missing';
  readonly text: string;
}

function shape({ values, pattern }: ParamRule): string {
  return values === undefined
    ? `a value that matches ${pattern?.source ?? ''}`
    : anyOf(values.map((value) => value || '""'));
}

/** No message holds the value itself: who mixes up variables may have put a secret there, and messages are audited. */
function valueText(name: string, value: string, rule: ParamRule): string {
  const problem = valueProblem(value);
  if (problem !== undefined) return `the value of ${name} is not allowed: ${problem}`;
  const hazard = rule.pattern?.matches(value) ? hazardProblem(value, namerOf(rule.pattern.source)) : undefined;
  if (hazard !== undefined)
    return `the value of ${name} is not allowed: ${hazard}, and the entry's pattern does not name it in so many words`;
  const meant = nearest(value, rule.values ?? []);
  const hint = meant === undefined ? '' : ` (did you mean ${meant}?)`;
  return `the value of ${name} is not allowed, the entry wants ${shape(rule)}${hint}`;
}

export function fits(value: string, { values, pattern }: ParamRule): boolean {
  // What no value may be is looked at first: a pattern with (?s) would let a line break through.
  if (valueProblem(value) !== undefined) return false;
  if (values !== undefined) return values.includes(value);
  return pattern !== undefined && pattern.matches(value) && hazardProblem(value, namerOf(pattern.source)) === undefined;
}

function problemOf(name: string, value: string, rules: ReadonlyMap<string, ParamRule>): ParamProblem | undefined {
  const rule = rules.get(name);
  if (rule === undefined) {
    const known = [...rules.keys()].join(', ') || 'no parameter at all';
    return { code: 'param-not-allowed', text: `${quote(name)} is not allowed, only ${known}` };
  }
  return fits(value, rule) ? undefined : { code: 'param-value-not-allowed', text: valueText(name, value, rule) };
}

export const params: AskPoint = ({ entry }, ask) => {
  const given = Object.entries(ask.params).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const missing = [...entry.params].filter(([name, { required }]) => required && !Object.hasOwn(ask.params, name));
  const problems: ParamProblem[] = [
    ...given.flatMap(([name, value]) => problemOf(name, value, entry.params) ?? []),
    ...missing.map(([name, rule]) => {
      return { code: 'param-missing', text: `${name} is missing, the entry wants ${shape(rule)}` } as const;
    }),
  ];
  const [first] = problems;
  if (first === undefined) return undefined;
  return {
    point: 'params',
    code: first.code,
    rule: 'params',
    text: problems.map(({ text }) => text).join(', '),
    fix: 'set PARAM_<KEY> variables as the entry says, and no others, or ask the operator to allow them',
    weight: problems.length,
  };
};
