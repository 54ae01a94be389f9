// A whole `env:` or `services:` may be one expression, which GitHub's schema allows and its runner evaluates. The package
// converts jobs as if these were written out, and loses the job: so they are left out of what it converts. The tree that
// is played keeps them.

import { MappingToken, SequenceToken, type TemplateToken } from '@actions/workflow-parser/templates/tokens/index';
import { isMapping, isSequence } from '@actions/workflow-parser/templates/tokens/type-guards';

type Change = (key: string, value: TemplateToken) => TemplateToken | null;

function changed(token: TemplateToken, change: Change): TemplateToken {
  if (!isMapping(token)) return token;
  const copy = new MappingToken(token.file, token.range, token.definitionInfo);
  for (const { key, value } of token) {
    const replacement = change(key.toString(), value);
    if (replacement !== null) copy.add(key, replacement);
  }
  return copy;
}

const unlessLate =
  (names: readonly string[]): Change =>
  (key, value) =>
    names.includes(key) && value.isExpression ? null : value;

function convertibleSteps(steps: TemplateToken): TemplateToken {
  if (!isSequence(steps)) return steps;
  const copy = new SequenceToken(steps.file, steps.range, steps.definitionInfo);
  for (const step of steps) copy.add(changed(step, unlessLate(['env'])));
  return copy;
}

const convertibleJob: Change = (_, job) =>
  changed(job, (key, value) => {
    const kept = unlessLate(['env', 'services'])(key, value);
    return key === 'steps' && kept !== null ? convertibleSteps(kept) : kept;
  });

/** @param jobs the value of `jobs:` */
export const convertibleJobs = (jobs: TemplateToken): TemplateToken => changed(jobs, convertibleJob);
