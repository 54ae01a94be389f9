// When no entry fits: which one is told, and what is told of it.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Claims, type Policy, decide } from '../../src/policy/index.ts';
import { type Data, allowing, ask, claims, entry as plainEntry, file, load, repository } from './sample.ts';

// Entries with and without an environment stand side by side here.
const entry = (changes: Data = {}): Data => plainEntry({ sharedSecrets: 'accepted', ...changes });

function refused(policy: Policy, changes: Partial<Claims> = {}, asked = {}) {
  const decision = decide(policy, claims(changes), ask(asked));
  if (decision.allowed) throw new Error('it was allowed');
  const { refusal, detail } = decision;
  return { code: refusal.code, rule: refusal.rule, fix: refusal.fix, message: refusal.message, detail };
}

describe('the closest entry', () => {
  test('differs in the fewest points', () => {
    const policy = allowing(
      entry({ events: ['schedule'], refs: ['refs/heads/x'] }),
      entry({ refs: ['refs/heads/x'] }),
      entry({ events: ['release'], environment: 'production', refs: ['refs/heads/x'] }),
    );
    expect(refused(policy).rule).toBe('allow[1].refs');
    const earlier = allowing(entry({ refs: ['refs/heads/x'], environment: 'x' }), entry({ events: ['schedule'] }));
    expect(refused(earlier).rule).toBe('allow[1].events');
  });

  test('of as many points is the one that the job followed longest', () => {
    const policy = allowing(
      entry({ events: ['schedule'] }),
      entry({ environment: 'production' }),
      entry({ refs: ['refs/tags/x'] }),
    );
    expect(refused(policy).rule).toBe('allow[1].environment');
  });

  test('is for the task that was asked for, if any entry is', () => {
    const policy = allowing(
      entry({ task: 'drone promote', targets: ['production'] }),
      entry({ events: ['schedule'], refs: ['refs/heads/x'], environment: 'x' }),
    );
    expect(refused(policy).rule).toBe('allow[1].events');
  });

  test('of the same points has the fewest parameters that differ', () => {
    const policy = allowing(entry(), entry({ params: { A: { values: ['x'] } } }));
    expect(refused(policy, {}, { params: { A: 'x', B: 'x' } }).rule).toBe('allow[1].params');
  });

  test('of equals is the first', () => {
    expect(refused(allowing(entry({ events: ['schedule'] }), entry({ events: ['schedule'] }))).rule).toBe(
      'allow[0].events',
    );
  });
});

test('every point is told in its order, and the first one gives the code', () => {
  const policy = allowing(
    entry({
      task: 'drone promote',
      events: ['schedule'],
      refs: ['refs/heads/x'],
      workflows: ['.github/workflows/x.yml'],
      calledWorkflows: ['octo/ci/.github/workflows/x.yml@refs/heads/main'],
      environment: 'production',
      targets: ['production'],
      params: { A: { values: ['x'], required: true } },
    }),
  );
  const { code, rule, message, detail } = refused(policy, { refProtected: false }, { params: { B: 'y' } });
  expect(code).toBe('task-not-allowed');
  expect(rule).toBe('allow[0].task');
  expect(message.split(/: (?=task)|; /)).toEqual([
    'no entry of the policy fits this job',
    'the closest, allow[0] (drone promote), differs in 9 points',
    'task: the job asks for drone build, the entry allows drone promote',
    'event: the job has "push", the entry wants schedule',
    'ref: the job has "refs/heads/main", the entry wants refs/heads/x',
    'ref protection: the job has "refs/heads/main", which GitHub does not protect, the entry wants a protected branch or tag',
    'workflow: the job has "octo/widgets/.github/workflows/deploy.yml@refs/heads/main", the entry wants .github/workflows/x.yml of this repository at the job\'s own ref',
    'called workflow: the job has "octo/widgets/.github/workflows/deploy.yml@refs/heads/main", the entry wants octo/ci/.github/workflows/x.yml@refs/heads/main',
    'environment: the job has no environment, the entry wants production',
    'target: the job has no target, the entry wants production',
    'params: "B" is not allowed, only A, A is missing, the entry wants x',
  ]);
  expect(detail.startsWith('closest entry repositories[0].allow[0] (drone promote): task: ')).toBe(true);
});

test('the author hears only of the own repository, the operator where the entry stands', () => {
  const other = repository({ repository: 'octo/secret-project', id: 5 });
  const policy = load(file({ repositories: [other, repository({ allow: [entry({ refs: ['refs/heads/x'] })] })] }));
  const { message, rule, fix, detail } = refused(policy);
  expect(`${message}${rule}${fix}`).not.toMatch(/secret-project|repositories\[/);
  expect(rule).toBe('allow[0].refs');
  expect(detail).toContain('repositories[1].allow[0]');
});

test('a message stays short however long the lists and the names are', () => {
  const refs = Array.from({ length: 500 }, (_, index) => `refs/heads/branch-${index}`);
  const policy = allowing(entry({ refs, params: { A: { values: refs } } }));
  const params = Object.fromEntries(Array.from({ length: 64 }, (_, index) => [`P${index}`, 'x'.repeat(4000)]));
  const { message, detail } = refused(policy, { ref: `refs/heads/${'x'.repeat(1000)}` }, { params });
  expect(message.length).toBeLessThan(8192);
  expect(detail.length).toBeLessThan(8192);
  expect(message).toContain('or one of 488 more');
});

test('the same entries in another order give the same refusal', () => {
  const kinds: readonly Data[] = [
    { events: ['schedule'] },
    { refs: ['refs/heads/x'] },
    { environment: 'production' },
    { task: 'drone promote', targets: ['production'] },
    { events: ['release'], refs: ['refs/tags/*'] },
    { params: { A: { values: ['x'], required: true } } },
  ];
  // No two of these are equally close, so only the number of the entry may differ: it says where the entry stands.
  const withoutNumber = (told: object) => JSON.stringify(told).replace(/allow\[\d+\]/g, 'allow[]');
  const distinct = kinds.map((kind) => entry(kind));
  fc.assert(
    fc.property(
      fc.subarray(distinct, { minLength: 1 }),
      fc.array(fc.nat(), { minLength: 6, maxLength: 6 }),
      (some, keys) => {
        const twice = [...some, ...some];
        const shuffled = some
          .map((one, index) => ({ one, key: keys[index] ?? 0 }))
          .toSorted((a, b) => a.key - b.key)
          .map(({ one }) => one);
        expect(withoutNumber(refused(allowing(...twice)))).toBe(withoutNumber(refused(allowing(...some))));
        expect(withoutNumber(refused(allowing(...shuffled)))).toBe(withoutNumber(refused(allowing(...some))));
      },
    ),
    { numRuns: 40 },
  );
});
