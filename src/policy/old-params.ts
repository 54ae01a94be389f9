// The parameters that an old build brings along. Drone gives them to the new one, but for those that are sent anew, so
// they are compared as if the job had asked for them: whoever started or restarted the old build chose them.

import { type OldBuild, nonceParam, quote } from '../protocol/index.ts';
import type { Miss } from './choose-build.ts';
import { fits } from './param-point.ts';
import { maxParamsBytes, paramsSize } from './params-size.ts';
import { compilePattern } from './pattern.ts';
import type { ChoiceRule, Plan, StoredParamRule } from './types.ts';

/** What a trusted pipeline was told of its source is a part of the choice, and stays. */
const sourceNames: readonly string[] = ['AIRLOCK_REF', 'AIRLOCK_COMMIT'];
const reserved = 'AIRLOCK_';

/** The same comparison as for what a job asks for. */
function allows({ values, pattern }: StoredParamRule, value: string): boolean {
  try {
    const compiled = pattern === undefined ? undefined : compilePattern(pattern);
    return fits(value, { values, pattern: compiled, required: false });
  } catch {
    // Loaded once, so it was a pattern: a ledger that was tampered with allows nothing.
    return false;
  }
}

/** No message holds the value: it may be somebody's secret. */
function problemOf(name: string, value: string, { params, pipeline }: ChoiceRule): string | undefined {
  if (pipeline !== undefined && sourceNames.includes(name)) return undefined;
  if (name.startsWith(reserved)) return `brings the reserved parameter ${quote(name)} along`;
  const rule = Object.hasOwn(params, name) ? params[name] : undefined;
  if (rule === undefined) return `brings the parameter ${quote(name)} along, which the entry does not list`;
  return allows(rule, value) ? undefined : `brings ${name} along with a value that the entry does not allow`;
}

interface Compared {
  readonly old: OldBuild;
  readonly plan: Plan;
  readonly rule: ChoiceRule;
}

export function oldParams({ old, plan, rule }: Compared): Miss | undefined {
  // The nonce is replaced, and so is what is sent anew.
  const kept = Object.entries(old.params).filter(([name]) => name !== nonceParam && !Object.hasOwn(plan.params, name));
  const problems = kept
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, value]) => problemOf(name, value, rule) ?? []);
  const size = paramsSize({ ...Object.fromEntries(kept), ...plan.params });
  if (size > maxParamsBytes)
    problems.push(`comes to ${size} bytes of parameters with what is sent; Drone is given at most ${maxParamsBytes}`);
  if (problems.length === 0) return undefined;
  return {
    rule: 'params',
    text: `it ${problems.slice(0, 5).join(', ')}`,
    fix: 'set PARAM_<KEY> to replace what it brings along, choose another build, or ask the operator to allow it',
  };
}
