import { describe, expect, it } from 'vitest';
import { type Policy, decide } from '../../src/policy/index.ts';
import { refFits } from '../../src/policy/glob.ts';
import { paramNameProblem } from '../../src/policy/param-rules.ts';
import { allowing, ask, claims, entry, file, load, repository } from './sample.ts';

// Rules whose absence no other test would notice (test/guards).

describe('the name of a parameter', () => {
  // Only capital letters are allowed so far; whoever allows others must not open these.
  it.each(['branch', 'Drone_Branch', 'path', 'ld_preload', 'Airlock_Nonce'])('%s is reserved in any case', (name) => {
    expect(paramNameProblem(name)).toBeDefined();
  });

  it('that is nobody’s is free in any case', () => {
    expect([paramNameProblem('environment'), paramNameProblem('ENVIRONMENT')]).toEqual([undefined, undefined]);
  });
});

describe('a glob with several *', () => {
  it('is met by its pieces in their order only', () => {
    expect(refFits('refs/heads/ab*b*', 'refs/heads/abb')).toBe(true);
    expect(refFits('refs/heads/ab*b*', 'refs/heads/ab')).toBe(false);
    expect(refFits('refs/heads/*x*y*', 'refs/heads/x-y')).toBe(true);
    expect(refFits('refs/heads/*x*y*', 'refs/heads/y-x')).toBe(false);
  });
});

function planOf(policy: Policy, ...[changes, params]: [object, Record<string, string>?]) {
  const decision = decide(policy, claims(changes), ask({ params: params ?? {} }));
  if (!decision.allowed) throw new Error(decision.refusal.message);
  return decision.plan;
}

describe('what is granted', () => {
  it("with pipeline: same is the job's own ref, whichever of the entry it is", () => {
    const policy = allowing(entry({ refs: ['refs/heads/main', 'refs/heads/release/*', 'refs/tags/v*'] }));
    for (const ref of ['refs/heads/main', 'refs/heads/release/1.x', 'refs/tags/v1'])
      expect(planOf(policy, { ref }).ref).toBe(ref);
  });

  it('to a trusted pipeline names the source by the claims, even if an entry came to list such a parameter', () => {
    const policy = load(
      file({
        repositories: [
          repository({
            pipeline: { repository: 'octo/deploy', branch: 'main' },
            allow: [entry({ params: { NOTE: { pattern: '.*' } } })],
          }),
        ],
      }),
    );
    const [only] = policy.repositories;
    const [allowed] = only?.allow ?? [];
    if (only === undefined || allowed === undefined) throw new Error('there is one repository with one entry');
    // The loader refuses the name; this is the wall behind it.
    const open = new Map([
      ...allowed.params,
      ['AIRLOCK_REF', { required: false, pattern: { source: '.*', matches: () => true } }],
    ]);
    const forged = { ...policy, repositories: [{ ...only, allow: [{ ...allowed, params: open }] }] } as Policy;
    const { params } = planOf(forged, {}, { NOTE: 'x', AIRLOCK_REF: 'refs/heads/forged' });
    expect(params).toMatchObject({ NOTE: 'x', AIRLOCK_REF: 'refs/heads/main' });
  });
});

describe('a refusal', () => {
  const names = (prefix: string, count: number) => Array.from({ length: count }, (_, at) => `${prefix}_${at}`);

  it('stays within what an answer may hold, however much is asked for and however much is allowed', () => {
    const params = Object.fromEntries(names('ALLOWED', 100).map((name) => [name, { values: ['x'] }]));
    const asked = Object.fromEntries(names('ASKED', 64).map((name) => [name, 'x']));
    const decision = decide(allowing(entry({ params })), claims(), ask({ params: asked }));
    if (decision.allowed) throw new Error('it was allowed');
    expect(decision.refusal.code).toBe('param-not-allowed');
    expect(decision.refusal.message).toContain('"ASKED_0" is not allowed');
    expect(decision.refusal.message.length).toBeLessThan(4200);
    expect(decision.detail.length).toBeLessThan(4200);
  });
});
