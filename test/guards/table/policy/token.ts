import { type Guard, guardsOf } from '../../guard.ts';

// What a signed token may say, and what a runner may say where the policy believes it.

const token = (rule: string, find: string, replace: string) => ({ rule, code: 'token-refused', find, replace });

export const guards: readonly Guard[] = guardsOf(
  'policy',
  'src/policy/parse-claims.ts',
  ['test/policy/claims.test.ts'],
  [
    token(
      "a token's payload is an object",
      "if (typeof payload !== 'object' || payload === null || Array.isArray(payload))",
      "if (typeof payload !== 'object' || payload === null)",
    ),
    token(
      'a claim is a text and nothing that could become one',
      "if (typeof value !== 'string') return refuse(claim, 'is not text');",
      "if (typeof value !== 'string') return String(value);",
    ),
    token('a claim is its own and not inherited', 'if (!Object.hasOwn(this.#claims, claim)) return undefined;', ''),
    token('a claim is not empty', "if (value === '') return refuse(claim, 'is empty');", ''),
    token(
      'a claim has no more characters than it may',
      'if (value.length > longest) return',
      'if (value.length > 1e9) return',
    ),
    token('a claim that is needed is there', "?? refuse(claim, 'is missing')", "?? ''"),
    token('an identifier is a decimal number', 'identifier.test(value) ? value', "value !== '' ? value"),
    token(
      'check_run_id is a decimal number, where there is one',
      "if (checkRunId !== undefined) read.identifier('check_run_id');",
      '',
    ),
    token('the event is one word', "if (!word.test(eventName)) refuse('event_name', 'is not an event');", ''),
    token(
      'ref_protected is true or false and nothing like it',
      "if (refProtected !== 'true' && refProtected !== 'false')",
      "if (refProtected === '')",
    ),
    {
      rule: 'a ref counts as protected only when the token says true',
      code: 'ref-not-protected',
      find: "read.optional('ref_protected', 5) ?? 'false'",
      replace: "read.optional('ref_protected', 5) ?? 'true'",
    },
    token(
      'the visibility is one of three words',
      'isVisibility(text) ? text : refuse(',
      "isVisibility(text) || text !== '' ? (text as Visibility) : refuse(",
    ),
    token(
      'the token says which kind of runner the job is on',
      "if (runner === undefined) refuse('runner_environment', 'is missing');",
      'if (runner === undefined) return;',
    ),
    token(
      "a token of a job on GitHub's own runners is worth nothing",
      "if (runner !== 'self-hosted')",
      "if (runner === '')",
    ),
    {
      rule: 'a repository of which nobody says the visibility counts as public',
      find: "read.optional('repository_visibility', 16) ?? 'public'",
      replace: "read.optional('repository_visibility', 16) ?? 'private'",
    },
  ],
);
