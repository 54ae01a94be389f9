// Each rule of the decision with its allowed twin, and beside it the ways round it that were tried.

import { describe, expect, test } from 'vitest';
import { type Ask, type Claims, type Denial, type Policy, decide } from '../../src/policy/index.ts';
import { notPlain } from '../../src/policy/plain-claims.ts';
import { allowing, ask, claims, entry, file, load, repository, sha } from './sample.ts';

const trusted = { repository: 'octo/deploy', branch: 'main' };
const production = (changes = {}) => entry({ task: 'drone promote', targets: ['production'], ...changes });

function denial(policy: Policy, changes: Partial<Claims> = {}, asked: Partial<Ask> = {}): Denial {
  const decision = decide(policy, claims(changes), ask(asked));
  if (decision.allowed) throw new Error('it was allowed');
  return decision;
}
const code = (policy: Policy, changes: Partial<Claims> = {}, asked: Partial<Ask> = {}): string => {
  const decision = decide(policy, claims(changes), ask(asked));
  return decision.allowed ? 'allowed' : decision.refusal.code;
};
const closest = 'no entry of the policy fits this job; the closest, allow[0] (drone build), differs in one point: ';

describe('repository', () => {
  const policy = allowing(entry());

  test('is allowed when id and name are listed', () => {
    expect(code(policy)).toBe('allowed');
  });

  test('that is not listed learns nothing but that; the operator gets name and id', () => {
    const { refusal, detail } = denial(policy, { repository: 'octo/gadgets', repositoryId: '999' });
    expect(refusal.code).toBe('repository-not-listed');
    expect(refusal.message).toBe('the policy does not list the repository "octo/gadgets" (id 999)');
    expect(refusal.fix).toBe('ask the operator to add it with this name and id');
    expect(refusal.message + refusal.fix + refusal.rule).not.toContain('widgets');
    expect(detail).toBe('not listed; to allow it, add to repositories: { repository: "octo/gadgets", id: 999, … }');
  });

  test('of a listed name with another id is another repository', () => {
    const { refusal, detail } = denial(policy, { repositoryId: '124' });
    expect(refusal.code).toBe('repository-id-differs');
    expect(refusal.message).toBe(
      'the policy lists a repository of this name with another id; this one is "octo/widgets" (id 124)',
    );
    expect(refusal.message).not.toContain('123');
    expect(detail).toContain('octo/widgets is listed with id 123');
  });

  test('that was renamed is told so', () => {
    const { refusal, detail } = denial(policy, { repository: 'octo/gizmos' });
    expect(refusal.code).toBe('repository-not-listed');
    expect(refusal.message).toBe(
      'the policy lists this repository under another name, octo/widgets; it is now "octo/gizmos" (id 123)',
    );
    expect(refusal.fix).toBe('ask the operator to write the new name, cased as GitHub shows it');
    expect(detail).toBe('renamed: id 123 is listed as octo/widgets, the job is of "octo/gizmos" (id 123)');
  });

  test.each([
    ['another case', { repository: 'Octo/Widgets' }, 'repository-not-listed'],
    ['a homoglyph', { repository: 'осto/widgets', repositoryId: '9' }, 'repository-not-listed'],
    ['a homoglyph with the right id', { repository: 'осto/widgets' }, 'repository-not-listed'],
    ['a Kelvin sign', { repository: 'octo/wid\u212aets' }, 'repository-not-listed'],
    ['a path', { repository: 'octo/x/../widgets' }, 'repository-not-listed'],
    ['a trailing blank', { repository: 'octo/widgets ' }, 'repository-not-listed'],
    ['a trailing slash', { repository: 'octo/widgets/' }, 'repository-not-listed'],
    ['a longer name', { repository: 'octo/widgets-evil' }, 'repository-not-listed'],
    ['a shorter name', { repository: 'octo/widget' }, 'repository-not-listed'],
    ['a leading zero in the id', { repositoryId: '0123' }, 'repository-id-differs'],
    ['a longer id', { repositoryId: '1234' }, 'repository-id-differs'],
    ['a blank after the id', { repositoryId: '123 ' }, 'repository-id-differs'],
    ['name and id of two listed repositories', { repository: 'octo/gadgets' }, 'repository-not-listed'],
  ])('is not met by %s', (_, changes, expected) => {
    const two = load(file({ repositories: [repository(), repository({ repository: 'octo/gadgets', id: 124 })] }));
    expect(code(two, changes)).toBe(expected);
  });

  test('without an entry may do nothing', () => {
    const { refusal, detail } = denial(allowing());
    expect(refusal.code).toBe('task-not-allowed');
    expect(refusal.message).toBe('the policy lists octo/widgets and allows it nothing');
    expect(detail).toBe('octo/widgets has no entry');
  });

  test('of a policy without repositories may do nothing', () => {
    expect(code(load(file({ repositories: [] })))).toBe('repository-not-listed');
  });
});

describe('task', () => {
  test('is allowed when an entry is for it', () => {
    expect(code(allowing(entry()))).toBe('allowed');
    expect(code(allowing(production()), {}, { task: 'drone promote', target: 'production' })).toBe('allowed');
  });

  test('that no entry is for is refused', () => {
    const { refusal } = denial(allowing(entry()), {}, { task: 'drone promote', target: 'production' });
    expect(refusal.code).toBe('task-not-allowed');
    expect(refusal.rule).toBe('allow[0].task');
    expect(refusal.message).toBe(`${closest}task: the job asks for drone promote, the entry allows drone build`);
    expect(refusal.fix).toBe('ask for drone build, or ask the operator to allow drone promote');
  });
});

describe('event', () => {
  const policy = allowing(entry({ events: ['push', 'workflow_dispatch'] }));

  test('is allowed when it is listed', () => {
    expect(code(policy, { eventName: 'push' })).toBe('allowed');
    expect(code(policy, { eventName: 'workflow_dispatch' })).toBe('allowed');
  });

  test('that is not listed is refused', () => {
    const { refusal } = denial(policy, { eventName: 'schedule' });
    expect(refusal.code).toBe('event-not-allowed');
    expect(refusal.rule).toBe('allow[0].events');
    expect(refusal.message).toBe(`${closest}event: the job has "schedule", the entry wants push or workflow_dispatch`);
  });

  test.each([
    'pull_request',
    'pull_request_target',
    'issue_comment',
    'workflow_run',
    'Push',
    'push ',
    'pus',
    'pushx',
    '',
  ])('%j is not met by it', (eventName) => {
    expect(code(policy, { eventName })).toBe('event-not-allowed');
  });
});

describe('ref', () => {
  const policy = allowing(
    entry({ refs: ['refs/heads/main', 'refs/heads/release/*', 'refs/tags/v*', 'refs/heads/*/hot*fix'] }),
  );

  test.each([
    'refs/heads/main',
    'refs/heads/release/1',
    'refs/heads/release/a.b-c_d',
    'refs/tags/v1.2.3',
    'refs/tags/v',
    'refs/heads/x/hotfix',
    'refs/heads/x/hot-1-fix',
  ])('%s is allowed', (ref) => {
    expect(code(policy, { ref })).toBe('allowed');
  });

  test('that is not listed is refused', () => {
    const { refusal } = denial(allowing(entry()), { ref: 'refs/heads/feature' });
    expect(refusal.code).toBe('ref-not-allowed');
    expect(refusal.rule).toBe('allow[0].refs');
    expect(refusal.message).toBe(`${closest}ref: the job has "refs/heads/feature", the entry wants refs/heads/main`);
    expect(refusal.fix).toBe('run the job on a branch or tag that is allowed, or ask the operator to allow this one');
  });

  test.each([
    'refs/heads/main/../x',
    'refs/heads/x/../main',
    'refs/heads/main/',
    'refs/heads//main',
    '/refs/heads/main',
    'refs/heads/mainx',
    'refs/heads/mai',
    'refs/heads/Main',
    'refs/heads/MAIN',
    'REFS/HEADS/main',
    'refs/heads/main ',
    'refs/heads/main\n',
    'refs/heads/main\u0000',
    'refs/heads/ma\u0131n',
    'refs/heads/mаin',
    'refs/tags/main',
    'refs/remotes/origin/main',
    'refs/pull/1/merge',
    'refs/pull/1/head',
    'main',
    'heads/main',
    'refs/heads/release',
    'refs/heads/release/',
    'refs/heads/release/a/b',
    'refs/heads/release//a',
    'refs/heads/release/../main',
    'refs/heads/xrelease/1',
    'refs/heads/v1',
    'refs/tags/v1/x',
    'refs/tags/xv1',
    'refs/heads/x/hotfi',
    'refs/heads/x/y/hotfix',
    'refs/heads/hotfix',
    '',
  ])('%j is not met by any glob', (ref) => {
    expect(code(policy, { ref })).toBe('ref-not-allowed');
  });
});

describe('ref protection', () => {
  test('is needed with pipeline: same', () => {
    const { refusal } = denial(allowing(entry()), { refProtected: false });
    expect(refusal.code).toBe('ref-not-protected');
    expect(refusal.rule).toBe('allow[0].unprotected');
    expect(refusal.message).toBe(
      `${closest}ref protection: the job has "refs/heads/main", which GitHub does not protect, the entry wants a protected branch or tag`,
    );
    expect(refusal.fix).toBe(
      "protect it in the repository's settings (branch protection or a ruleset), or ask the operator for unprotected: true",
    );
  });

  test('is not needed where the entry says so, nor with a trusted pipeline', () => {
    expect(code(allowing(entry({ unprotected: true })), { refProtected: false })).toBe('allowed');
    const other = load(file({ repositories: [repository({ pipeline: trusted })] }));
    expect(code(other, { refProtected: false })).toBe('allowed');
  });
});

describe('workflow', () => {
  const policy = allowing(entry({ refs: ['refs/heads/*'], workflows: ['.github/workflows/deploy.yml'] }));

  test("is allowed when it is this repository's file at the job's own ref", () => {
    expect(code(policy)).toBe('allowed');
    const other = { ref: 'refs/heads/x', workflowRef: 'octo/widgets/.github/workflows/deploy.yml@refs/heads/x' };
    expect(code(policy, other)).toBe('allowed');
  });

  test('is not looked at when the entry names none', () => {
    expect(code(allowing(entry()), { workflowRef: 'octo/widgets/.github/workflows/other.yml@refs/heads/main' })).toBe(
      'allowed',
    );
  });

  test('that is another file is refused', () => {
    const { refusal } = denial(policy, { workflowRef: 'octo/widgets/.github/workflows/other.yml@refs/heads/main' });
    expect(refusal.code).toBe('workflow-not-allowed');
    expect(refusal.rule).toBe('allow[0].workflows');
    expect(refusal.message).toBe(
      `${closest}workflow: the job has "octo/widgets/.github/workflows/other.yml@refs/heads/main", the entry wants .github/workflows/deploy.yml of this repository at the job's own ref`,
    );
  });

  test.each([
    'octo/widgets/.github/workflows/deploy.yml@refs/heads/x',
    'octo/widgets/.github/workflows/deploy.yml@refs/tags/main',
    'evil/widgets/.github/workflows/deploy.yml@refs/heads/main',
    'octo/widgets-evil/.github/workflows/deploy.yml@refs/heads/main',
    'Octo/Widgets/.github/workflows/deploy.yml@refs/heads/main',
    'octo/widgets/.github/workflows/Deploy.yml@refs/heads/main',
    'octo/widgets/.github/workflows/deploy.yaml@refs/heads/main',
    'octo/widgets/.github/workflows/x/../deploy.yml@refs/heads/main',
    'octo/widgets/.github/workflows/deploy.yml',
    'octo/widgets/.github/workflows/deploy.yml@refs/heads/main@refs/heads/main',
    'evil/x/octo/widgets/.github/workflows/deploy.yml@refs/heads/main',
    '.github/workflows/deploy.yml',
    ' octo/widgets/.github/workflows/deploy.yml@refs/heads/main',
  ])('is not met by %j', (workflowRef) => {
    expect(code(policy, { workflowRef })).toBe('workflow-not-allowed');
  });
});

describe('called workflow', () => {
  const called = 'octo/ci/.github/workflows/deploy.yml@refs/heads/main';
  const policy = allowing(entry({ calledWorkflows: [called] }));

  test('is allowed when it is the whole one', () => {
    expect(code(policy, { jobWorkflowRef: called })).toBe('allowed');
    expect(code(allowing(entry()), { jobWorkflowRef: undefined })).toBe('allowed');
  });

  test('that is another, or none, is refused', () => {
    expect(denial(policy).refusal.code).toBe('called-workflow-not-allowed');
    expect(denial(policy, { jobWorkflowRef: undefined }).refusal.message).toBe(
      `${closest}called workflow: the job has no called workflow, the entry wants ${called}`,
    );
  });

  test.each([
    'octo/ci/.github/workflows/deploy.yml@refs/heads/mainx',
    'octo/ci/.github/workflows/deploy.yml@refs/heads/x',
    'octo/ci/.github/workflows/deploy.yml@refs/tags/main',
    `octo/ci/.github/workflows/deploy.yml@${sha}`,
    'octo/ci/.github/workflows/other.yml@refs/heads/main',
    'evil/ci/.github/workflows/deploy.yml@refs/heads/main',
    'Octo/ci/.github/workflows/deploy.yml@refs/heads/main',
    `${called}/`,
    '',
  ])('is not met by %j', (jobWorkflowRef) => {
    expect(code(policy, { jobWorkflowRef, workflowRef: called })).toBe('called-workflow-not-allowed');
  });
});

describe('environment', () => {
  const policy = allowing(entry({ environment: 'production' }));

  test('is allowed when GitHub let the job into it', () => {
    expect(code(policy, { environment: 'production' })).toBe('allowed');
    expect(code(allowing(entry()), { environment: 'anything' })).toBe('allowed');
  });

  test('is refused when the job has none, or another', () => {
    const { refusal } = denial(policy);
    expect(refusal.code).toBe('environment-not-allowed');
    expect(refusal.message).toBe(`${closest}environment: the job has no environment, the entry wants production`);
    expect(refusal.fix).toBe('write environment: production at the job; GitHub then decides whether it may');
    expect(denial(policy, { environment: 'staging' }).refusal.message).toBe(
      `${closest}environment: the job has "staging", the entry wants production`,
    );
  });

  test.each(['Production', 'production ', 'productionx', 'prod', 'production/', 'prоduction'])(
    'is not met by %j',
    (environment) => {
      expect(code(policy, { environment })).toBe('environment-not-allowed');
    },
  );
});

describe('target', () => {
  const policy = allowing(production({ targets: ['production', 'staging'] }));
  const promote = (target?: string) => ({ task: 'drone promote', target }) as const;

  test('is allowed when it is listed', () => {
    expect(code(policy, {}, promote('staging'))).toBe('allowed');
  });

  test('is refused when it is missing, or not listed', () => {
    const missing = denial(policy, {}, promote()).refusal;
    expect(missing.code).toBe('target-missing');
    expect(missing.message).toContain('target: the job has no target, the entry wants production or staging');
    const other = denial(policy, {}, promote('eu')).refusal;
    expect(other.code).toBe('target-not-allowed');
    expect(other.message).toContain('target: the job has another target, the entry wants production or staging');
    expect(other.fix).toBe('set DRONE_TARGET to production or staging, or ask the operator to allow another');
  });

  test.each(['Production', 'production ', 'productio', 'productionx', '', '../production'])(
    'is not met by %j',
    (target) => {
      expect(code(policy, {}, promote(target))).toBe('target-not-allowed');
    },
  );

  test('and build beside drone build are dropped, as any other variable is', () => {
    const decision = decide(allowing(entry()), claims(), ask({ target: 'evil', build: 7 }));
    expect(decision).toMatchObject({ allowed: true, plan: { kind: 'build', target: undefined, build: undefined } });
  });
});

describe('parameters', () => {
  const policy = allowing(
    entry({
      params: {
        ENVIRONMENT: { values: ['staging', 'production', ''] },
        VERSION: { pattern: 'v\\d+\\.\\d+\\.\\d+', required: true },
        NOTE: { pattern: '(?s).*' },
        TEXT: { pattern: "[a-zü '$(){};:`X]*|\\$\\{X\\}" },
      },
    }),
  );
  const given = (params: Record<string, string>) => ({ params: { VERSION: 'v1.2.3', ...params } });

  test('are allowed when names and values are listed', () => {
    for (const params of [
      {},
      { ENVIRONMENT: 'staging' },
      { ENVIRONMENT: '' },
      { VERSION: 'v10.0.0' },
      { NOTE: 'fine here:ü' },
      { TEXT: "it's $(fine); `here` ${X}: ü" },
    ])
      expect(code(policy, {}, given(params))).toBe('allowed');
  });

  test('that no entry lists are refused, never dropped', () => {
    const { refusal } = denial(policy, {}, given({ REGION: 'eu' }));
    expect(refusal.code).toBe('param-not-allowed');
    expect(refusal.rule).toBe('allow[0].params');
    expect(refusal.message).toBe(`${closest}params: "REGION" is not allowed, only ENVIRONMENT, VERSION, NOTE, TEXT`);
    expect(denial(allowing(entry()), {}, { params: { A: 'x' } }).refusal.message).toBe(
      `${closest}params: "A" is not allowed, only no parameter at all`,
    );
  });

  test('with another value are refused, and nobody is shown it: it may be a secret', () => {
    const { refusal, detail } = denial(policy, {}, given({ ENVIRONMENT: 'prod', VERSION: 's3cret' }));
    expect(refusal.code).toBe('param-value-not-allowed');
    expect(refusal.message).toBe(
      `${closest}params: the value of ENVIRONMENT is not allowed, the entry wants staging or production or "", the value of VERSION is not allowed, the entry wants a value that matches v\\d+\\.\\d+\\.\\d+`,
    );
    expect(`${refusal.message}${refusal.fix}${detail}`).not.toContain('s3cret');
  });

  test('that only slipped are told what was meant', () => {
    for (const slip of ['Staging', 'stagin', 'staging ', 'stagign'])
      expect(denial(policy, {}, given({ ENVIRONMENT: slip })).refusal.message).toMatch(/ \(did you mean staging\?\)$/);
  });

  test('that no value may be are told why', () => {
    expect(denial(policy, {}, given({ NOTE: 'a\nb' })).refusal.message).toBe(
      `${closest}params: the value of NOTE is not allowed: it holds a line break or a control character`,
    );
    expect(denial(policy, {}, given({ NOTE: 'x'.repeat(257) })).refusal.message).toBe(
      `${closest}params: the value of NOTE is not allowed: it is longer than 256 bytes`,
    );
  });

  test('that are required are refused when they are missing', () => {
    const { refusal } = denial(policy);
    expect(refusal.code).toBe('param-missing');
    expect(refusal.message).toBe(
      `${closest}params: VERSION is missing, the entry wants a value that matches v\\d+\\.\\d+\\.\\d+`,
    );
  });

  test.each([
    ['another case', { environment: 'staging' }],
    ['a value’s case', { ENVIRONMENT: 'Staging' }],
    ['a blank', { ENVIRONMENT: 'staging ' }],
    ['a prefix', { ENVIRONMENT: 'stagin' }],
    ['an inherited name', { toString: 'x' }],
    ['constructor', { constructor: 'x' }],
    ['a reserved name', { DRONE_BRANCH: 'main' }],
    ['airlock’s own name', { AIRLOCK_NONCE: 'a'.repeat(32) }],
    ['a name with a newline', { 'ENVIRONMENT\n': 'staging' }],
    ['a partial match', { VERSION: 'xv1.2.3' }],
    ['a second line', { VERSION: 'v1.2.3\nevil' }],
    ['a line break behind a match', { VERSION: 'v1.2.3\n' }],
    ['a line break that the pattern takes', { NOTE: 'a\nb' }],
    ['a carriage return that the pattern takes', { NOTE: 'a\rb' }],
    ['NUL that the pattern takes', { NOTE: 'a\u0000b' }],
    ['an escape that the pattern takes', { NOTE: '\u001b[2J' }],
    ['a Unicode line end that the pattern takes', { NOTE: 'a\u2028b' }],
    ['half a surrogate pair that the pattern takes', { NOTE: '\ud800' }],
    ['257 bytes that the pattern takes', { NOTE: 'x'.repeat(257) }],
    ['258 bytes in 129 characters', { NOTE: 'ü'.repeat(129) }],
  ])('are not met by %s', (_, params) => {
    expect(code(policy, {}, given(params as Record<string, string>))).toMatch(/^param-(?:value-)?not-allowed$/);
  });

  test('name __proto__ is no parameter', () => {
    const params = JSON.parse('{"VERSION":"v1.2.3","__proto__":"x"}') as Record<string, string>;
    expect(code(policy, {}, { params })).toBe('param-not-allowed');
  });
});

describe('what travels to Drone is plain, whatever the globs let through', () => {
  const policy = allowing(entry({ refs: ['refs/heads/*', 'refs/heads/release/*', 'refs/tags/*'] }));

  test.each([['refs/heads/main'], ['refs/heads/release/1.x'], ['refs/tags/v1']])('%s is', (ref) => {
    expect(code(policy, { ref })).toBe('allowed');
  });

  test.each([
    'refs/heads/$(id)',
    'refs/heads/release/$(id)',
    'refs/heads/a;id',
    'refs/heads/a`id`',
    'refs/heads/a b',
    'refs/heads/..',
    'refs/heads/-rf',
    'refs/heads/a\nb',
    'refs/heads/ünï',
    "refs/heads/'x'",
    'refs/heads/a..b',
    `refs/heads/${'x'.repeat(202)}`,
  ])('ref %j is not', (ref) => {
    expect(code(policy, { ref })).toBe('claim-not-plain');
  });

  test.each([
    sha.slice(1),
    `${sha}0`,
    sha.toUpperCase(),
    `${sha.slice(1)}g`,
    `${sha}\n`,
    'main',
    'HEAD',
    `-${sha.slice(1)}`,
  ])('sha %j is not', (odd) => {
    expect(code(policy, { sha: odd })).toBe('claim-not-plain');
  });

  test.each(['a'.repeat(40), 'a'.repeat(64)])('sha %s is', (plain) => {
    expect(code(policy, { sha: plain })).toBe('allowed');
  });

  test.each(['octocat', 'octo-cat', 'dependabot[bot]', 'user_corp'])('actor %s is', (actor) => {
    expect(code(policy, { actor })).toBe('allowed');
  });

  test.each(['octo cat', '$(id)', 'a[bot]b', '[bot]', 'x'.repeat(81), 'осto', 'a\n'])('actor %j is not', (actor) => {
    expect(code(policy, { actor })).toBe('claim-not-plain');
  });

  test.each(['prod eu', '$(id)', 'a..b', 'a//b', '-x'])(
    'environment %j is not, also where no entry asks for it',
    (environment) => {
      expect(code(policy, { environment })).toBe('claim-not-plain');
    },
  );

  test('the refusal says which text, quoted, and what is allowed', () => {
    const { refusal, detail } = denial(policy, { ref: 'refs/heads/release/$(id)\u001b::error::' });
    expect(refusal.message).toBe(
      'the job\'s ref "refs/heads/release/$(id)\\u001b:\\u003aerror:\\u003a" is not plain enough for Drone: refs/heads/… or refs/tags/…, letters, digits and . _ / - are allowed, without .. and //',
    );
    expect(refusal.rule).toBe('plain ref');
    expect(refusal.fix).toBe('rename the ref, or run the job on another one');
    expect(detail).toBe(`fits repositories[0].allow[0], but ${refusal.message}`);
  });
});

describe('what an entry compares already is looked at again', () => {
  test('repository and target are plain, should a list ever let others through', () => {
    expect(notPlain(claims())).toBeUndefined();
    expect(notPlain(claims({ repository: 'octo/$(id)' }))?.message).toMatch(
      /^the job's repository "octo\/\$\(id\)" is not plain/,
    );
    expect(notPlain(claims(), 'production')).toBeUndefined();
    expect(notPlain(claims(), '$(id)')?.message).toMatch(/^the job's target "\$\(id\)" is not plain/);
  });
});
