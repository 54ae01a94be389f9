// What holds for every job and every policy, whatever they are.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Ask, type Claims, decide, rehearse } from '../../src/policy/index.ts';
import { isPlainActor, isPlainCommit, isPlainRef, isPlainRepository } from '../../src/protocol/index.ts';
import { allowing, anyText, ask, claims, entry, file, load, repository, sha } from './sample.ts';

const called = 'octo/ci/.github/workflows/deploy.yml@refs/heads/main';
const strict = allowing(
  entry({
    workflows: ['.github/workflows/deploy.yml'],
    calledWorkflows: [called],
    environment: 'production',
    params: { ENVIRONMENT: { values: ['staging', 'production'], required: true }, VERSION: { pattern: 'v\\d+' } },
  }),
);
const fits: Partial<Claims> = { environment: 'production', jobWorkflowRef: called };
const params = { ENVIRONMENT: 'staging', VERSION: 'v1' };

/** Texts that look like the right one: cut, cased, padded, escaped, doubled, with a homoglyph. */
function near(text: string): fc.Arbitrary<string> {
  const at = fc.nat({ max: Math.max(0, text.length - 1) });
  const piece = fc.constantFrom(
    '',
    ' ',
    '/',
    '//',
    '..',
    '/../',
    '\n',
    '\u0000',
    '%2f',
    '*',
    'x',
    '@',
    '\u0430',
    '\u202e',
    '"',
    '$(id)',
  );
  return fc.oneof(
    fc.tuple(at, piece).map(([index, insert]) => text.slice(0, index) + insert + text.slice(index)),
    fc.tuple(at, piece).map(([index, insert]) => text.slice(0, index) + insert + text.slice(index + 1)),
    fc.tuple(at, at).map(([from, to]) => text.slice(Math.min(from, to), Math.max(from, to))),
    piece.map((insert) => text + insert),
    piece.map((insert) => insert + text),
    fc.constantFrom(text.toUpperCase(), text.toLowerCase(), text + text, `0${text}`),
    anyText(40),
  );
}

test('the job that the policy means is allowed', () => {
  expect(decide(strict, claims(fits), ask({ params })).allowed).toBe(true);
});

test('with any one claim changed to a value that the entry does not list, a job is refused', () => {
  const right = claims(fits);
  const guarded = [
    'repository',
    'repositoryId',
    'ref',
    'eventName',
    'workflowRef',
    'jobWorkflowRef',
    'environment',
  ] as const;
  const change = fc.constantFrom(...guarded).chain((claim) => fc.tuple(fc.constant(claim), near(String(right[claim]))));
  fc.assert(
    fc.property(change, ([claim, value]) => {
      fc.pre(value !== right[claim]);
      expect(decide(strict, { ...right, [claim]: value }, ask({ params })).allowed).toBe(false);
      expect(rehearse(strict, { ...right, [claim]: value }).allowed).toBe(false);
    }),
    { numRuns: 800 },
  );
  expect(decide(strict, { ...right, refProtected: false }, ask({ params })).allowed).toBe(false);
  expect(decide(strict, { ...right, environment: undefined }, ask({ params })).allowed).toBe(false);
  expect(decide(strict, { ...right, jobWorkflowRef: undefined }, ask({ params })).allowed).toBe(false);
});

test('with any one parameter added or changed to what is not listed, a job is refused', () => {
  const name = fc.oneof(near('ENVIRONMENT'), near('VERSION'), fc.string());
  const value = fc.oneof(near('staging'), near('v1'), anyText(20));
  fc.assert(
    fc.property(name, value, (key, given) => {
      const listed =
        key === 'ENVIRONMENT'
          ? ['staging', 'production'].includes(given)
          : key === 'VERSION' && /^v[0-9]+$/.test(given);
      fc.pre(!listed);
      const own = Object.defineProperty({ ...params }, key, {
        value: given,
        enumerable: true,
        configurable: true,
        writable: true,
      });
      expect(decide(strict, claims(fits), ask({ params: own })).allowed).toBe(false);
    }),
    { numRuns: 800 },
  );
});

const loose = load(
  file({
    repositories: [
      repository({
        allow: [
          entry({
            events: ['push', 'release'],
            refs: ['refs/heads/*', 'refs/heads/*/*', 'refs/tags/*'],
            unprotected: true,
            params: { ANY: { pattern: '(?s).*' } },
          }),
        ],
      }),
      repository({
        repository: 'octo/app',
        id: 9,
        pipeline: { repository: 'octo/deploy', branch: 'main' },
        allow: [entry({ refs: ['refs/heads/*'] })],
      }),
    ],
  }),
);
const mostly = (text: string) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(text) }, { weight: 1, arbitrary: near(text) });
const someClaims: fc.Arbitrary<Claims> = fc
  .record({
    ref: fc.oneof(mostly('refs/heads/release'), mostly('refs/tags/v1')),
    sha: mostly(sha),
    actor: fc.oneof(mostly('octocat'), mostly('dependabot[bot]')),
    eventName: mostly('push'),
    refProtected: fc.boolean(),
    visibility: fc.constantFrom('public', 'private'),
  })
  .chain((job) =>
    fc
      .constantFrom(['octo/widgets', '123'], ['octo/app', '9'], ['octo/app', '123'])
      .map(([name = '', id = '']) => ({ ...job, repository: name, repositoryId: id })),
  )
  .map((changes) => claims(changes));
const someAsk: fc.Arbitrary<Ask> = fc
  .dictionary(fc.constantFrom('ANY', 'OTHER'), anyText(300), { maxKeys: 1 })
  .map((given) => ask({ params: given }));

test('what is granted holds only plain text, and ref and commit of the claims or of the policy', () => {
  let allowed = 0;
  fc.assert(
    fc.property(someClaims, someAsk, (job, asked) => {
      const decision = decide(loose, job, asked);
      if (!decision.allowed) {
        expect(decision.refusal.message.length).toBeLessThan(8192);
        expect(decision.refusal.message).toMatch(/^[\x20-\x7e…]*$/);
        expect(decision.detail).toMatch(/^[\x20-\x7e…]*$/);
        return;
      }
      allowed += 1;
      const { plan } = decision;
      expect([
        isPlainRef(job.ref),
        isPlainCommit(job.sha),
        isPlainActor(job.actor),
        isPlainRepository(plan.repository),
      ]).toEqual([true, true, true, true]);
      expect([plan.repository, plan.ref, plan.commit]).toEqual(
        job.repositoryId === '123' ? ['octo/widgets', job.ref, job.sha] : ['octo/deploy', 'refs/heads/main', undefined],
      );
      expect(Object.keys(plan.params).filter((key) => !key.startsWith('AIRLOCK_') && key !== 'ANY')).toEqual([]);
      for (const value of Object.values(plan.params))
        expect(value).toMatch(/^[^\x00-\x1f\x7f-\x9f\u2028\u2029]{0,256}$/);
      expect(Buffer.byteLength(JSON.stringify(plan.params))).toBeLessThanOrEqual(1436);
      expect(plan.log).toBe(job.visibility === 'public' ? 'status' : 'full');
    }),
    { numRuns: 800 },
  );
  // A property that only ever saw refusals would prove nothing.
  expect(allowed).toBeGreaterThan(20);
});

test('a job whose decision is a yes is never refused at its rehearsal', () => {
  fc.assert(
    fc.property(someClaims, someAsk, (job, asked) => {
      if (decide(loose, job, asked).allowed) expect(rehearse(loose, job).allowed).toBe(true);
    }),
  );
});

test('the decision is pure: the same question has the same answer, and changes nothing', () => {
  const before = JSON.stringify([...loose.repositories]);
  fc.assert(
    fc.property(someClaims, someAsk, (job, asked) => {
      expect(JSON.stringify(decide(loose, job, asked))).toBe(JSON.stringify(decide(loose, job, asked)));
    }),
  );
  expect(JSON.stringify([...loose.repositories])).toBe(before);
});
