// Which old build may be promoted or rolled back to: what stands in it was written by anybody who may write to the
// repository in Drone.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type MadeBuild,
  type Plan,
  chooseBuild,
  decide,
  inheritedNames,
  wantedBuilds,
} from '../../src/policy/index.ts';
import { type OldBuild, Refusal, isPlainCommit, isPlainRef } from '../../src/protocol/index.ts';
import { type Data, ask, claims, entry, file, load, repository, sha } from './sample.ts';

const other = 'f'.repeat(40);
const nonce = 'e'.repeat(32);

interface Case {
  /** Of `builds`, of the entry, of the repository, of what is asked for. */
  readonly builds?: Data;
  readonly entry?: Data;
  readonly repository?: Data;
  readonly params?: Record<string, string>;
  readonly build?: number;
  readonly rollback?: boolean;
}

function planOf({ builds, entry: more, repository: its, params = {}, build, rollback = false }: Case = {}): Plan {
  const task = rollback ? 'drone rollback' : 'drone promote';
  const allow = entry({
    task,
    targets: ['production'],
    params: { ENVIRONMENT: { values: ['eu', 'us'] }, VERSION: { pattern: 'v[0-9]+' } },
    builds: { refs: ['refs/heads/main', 'refs/heads/release/*'], ...builds },
    ...more,
  });
  const policy = load(file({ repositories: [repository({ allow: [allow], ...its })] }));
  const decision = decide(policy, claims(), ask({ task, target: 'production', params, build }));
  if (!decision.allowed) throw decision.refusal;
  return JSON.parse(JSON.stringify(decision.plan)) as Plan;
}

const old = (changes: Partial<OldBuild> = {}): OldBuild => ({
  number: 12,
  event: 'push',
  status: 'success',
  ref: 'refs/heads/main',
  commit: sha,
  params: {},
  ...changes,
});
const found = (...builds: OldBuild[]) => ({ builds, seen: builds.length, whole: true });
const choose = (plan: Plan, builds: OldBuild[], made: MadeBuild[] = []) => chooseBuild(plan, found(...builds), made);

function told(plan: Plan, builds: OldBuild[], made: MadeBuild[] = []): readonly [string, string] {
  const no = choose(plan, builds, made);
  if (!(no instanceof Refusal)) throw new Error(`build ${no.number} is chosen`);
  expect(no.code).toBe('build-not-allowed');
  expect(no.fix).not.toBe('');
  return [no.rule, no.message];
}

const asOurs = (build: OldBuild, changes: Partial<MadeBuild> = {}): MadeBuild => ({
  number: build.number,
  event: build.event as MadeBuild['event'],
  ref: build.ref,
  commit: build.commit,
  params: build.params,
  ...changes,
});

describe('the old build', () => {
  test('that fits is chosen, by its number or as the newest', () => {
    expect(choose(planOf({ build: 12 }), [old()])).toEqual(old());
    expect(choose(planOf(), [old()])).toEqual(old());
  });

  const custom = old({ event: 'custom', params: { AIRLOCK_NONCE: nonce } });
  // biome-ignore format: a table is read by its columns
  test.each<[string, OldBuild, OldBuild, Case, string, string]>([
    ['of another event', old({ event: 'tag' }), old(), {}, 'allow[0].builds.events', 'its event is "tag", the entry wants push or custom'],
    ['of a pull request', old({ event: 'pull_request' }), old(), {}, 'allow[0].builds.events', 'its event is "pull_request"'],
    ['of another ref', old({ ref: 'refs/heads/x' }), old({ ref: 'refs/heads/release/1' }), {}, 'allow[0].builds.refs', 'it is of "refs/heads/x", the entry wants refs/heads/main or refs/heads/release/*'],
    ['of a tag that is called like a branch', old({ ref: 'refs/tags/heads/main' }), old(), {}, 'allow[0].builds.refs', 'it is of "refs/tags/heads/main"'],
    ['of a ref deeper than the glob', old({ ref: 'refs/heads/release/a/b' }), old({ ref: 'refs/heads/release/a' }), {}, 'allow[0].builds.refs', 'it is of "refs/heads/release/a/b"'],
    ['of a ref that a shell would read', old({ ref: 'refs/heads/release/$(id)' }), old({ ref: 'refs/heads/release/id' }), {}, 'allow[0].plain ref and commit', 'not plain enough'],
    ['of another commit', old({ commit: other }), old(), {}, 'allow[0].builds.commit', `it is of the commit "${other}", the job is of ${sha}`],
    ['whose commit is none', old({ commit: 'HEAD' }), old({ commit: other }), { builds: { commit: 'any' } }, 'allow[0].plain ref and commit', 'not plain enough'],
    ['that failed', old({ status: 'failure' }), old(), {}, 'allow[0].builds.status', 'its status is "failure", the entry wants success'],
    ['that was declined', old({ status: 'declined' }), old(), {}, 'allow[0].builds.status', 'its status is "declined"'],
    ['that still runs', old({ status: 'running' }), old(), {}, 'allow[0].builds.status', 'its status is "running"'],
    ['that was killed', old({ status: 'killed' }), old(), {}, 'allow[0].builds.status', 'its status is "killed"'],
    ['with a parameter that the entry does not list', old({ params: { EVIL: 'x' } }), old({ params: { ENVIRONMENT: 'eu' } }), {}, 'allow[0].params', 'it brings the parameter "EVIL" along, which the entry does not list'],
    ['with a value that is not listed', old({ params: { ENVIRONMENT: 'hunter2' } }), old({ params: { ENVIRONMENT: 'us' } }), {}, 'allow[0].params', 'it brings ENVIRONMENT along with a value that the entry does not allow'],
    ['with a value that the pattern does not match', old({ params: { VERSION: 'v1; id' } }), old({ params: { VERSION: 'v1' } }), {}, 'allow[0].params', 'it brings VERSION along with a value'],
    ['with a reserved parameter', old({ params: { AIRLOCK_COMMIT: other } }), old({ params: { AIRLOCK_NONCE: nonce } }), {}, 'allow[0].params', 'it brings the reserved parameter "AIRLOCK_COMMIT" along'],
    ['with a parameter that Drone itself knows', old({ params: { DRONE_BRANCH: 'x' } }), old(), {}, 'allow[0].params', '"DRONE_BRANCH"'],
    ['with a parameter that objects inherit', old({ params: { constructor: 'x' } as unknown as OldBuild['params'] }), old(), {}, 'allow[0].params', '"constructor"'],
    ['of a call that this gate did not make', custom, old(), {}, 'allow[0].builds.events', 'its event is custom, and the ledger does not say that this gate made it'],
  ])('%s is not promoted', (_name, refused, allowed, given, rule, message) => {
    for (const build of [12, undefined]) {
      const [by, text] = told(planOf({ ...given, ...(build === undefined ? {} : { build }) }), [refused]);
      expect(by).toBe(rule);
      expect(text).toContain(message);
      expect(text).toMatch(build === undefined ? /^no build of Drone's may be promoted; build 12, the only one/ : /^Drone's build 12 may not be promoted: /);
      expect(text).not.toContain('hunter2');
      expect(choose(planOf({ ...given, ...(build === undefined ? {} : { build }) }), [allowed])).toEqual(allowed);
    }
  });

  test('of another commit is rolled back to where the entry says any', () => {
    const plan = planOf({ rollback: true, builds: { commit: 'any' } });
    expect(choose(plan, [old({ commit: other })])).toEqual(old({ commit: other }));
    expect(told(planOf({ rollback: true, builds: { commit: 'same' } }), [old({ commit: other })])[1]).toContain(
      "no build of Drone's may be rolled back to",
    );
  });

  test('brings along what the job does not ask for anew', () => {
    const plan = planOf({ params: { ENVIRONMENT: 'eu' } });
    const build = old({ params: { ENVIRONMENT: 'hunter2', VERSION: 'v2', AIRLOCK_NONCE: nonce } });
    expect(choose(plan, [build])).toEqual(build);
    expect(inheritedNames(plan, build)).toEqual(['VERSION']);
    expect(told(planOf({ params: { VERSION: 'v1' } }), [build])[1]).toContain('ENVIRONMENT');
  });

  test('comes to no more parameters than Drone stores', () => {
    const params = (length: number) => ({
      ...old(),
      params: { LONG: 'x'.repeat(250), ENVIRONMENT: 'e'.repeat(length) },
    });
    const many = Object.fromEntries('ABCDEF'.split('').map((name) => [name, { pattern: 'x*' }]));
    const rules = { LONG: { pattern: 'x*' }, ENVIRONMENT: { pattern: 'e*' }, ...many };
    const asked = Object.fromEntries('ABCD'.split('').map((name) => [name, 'x'.repeat(240)]));
    const plan = planOf({ entry: { params: rules }, params: asked });
    expect(choose(plan, [params(100)])).toEqual(params(100));
    expect(told(plan, [params(250)])[1]).toContain(
      'bytes of parameters with what is sent; Drone is given at most 1500',
    );
  });

  test('is never another one than was asked for', () => {
    expect(told(planOf({ build: 11 }), [old()])[1]).toContain('it is not build 11');
    expect(told(planOf({ build: 11 }), [])[1]).toContain("no build of Drone's may be promoted");
  });
});

describe('a build that somebody made by a call of the API', () => {
  const ours = old({ event: 'custom', params: { ENVIRONMENT: 'eu', AIRLOCK_NONCE: nonce } });
  const plan = planOf();

  test('may be promoted if this gate made it', () => {
    expect(choose(plan, [ours], [asOurs(ours)])).toEqual(ours);
    expect(choose(plan, [ours], [asOurs(ours, { commit: undefined })])).toEqual(ours);
  });

  // biome-ignore format: a table is read by its columns
  test.each<[string, Partial<MadeBuild>]>([
    ['another number', { number: 11 }],
    ['another event', { event: 'promote' }],
    ['another ref', { ref: 'refs/heads/release/1' }],
    ['another commit', { commit: other }],
    ['another nonce', { params: { ENVIRONMENT: 'eu', AIRLOCK_NONCE: 'd'.repeat(32) } }],
    ['another parameter', { params: { ENVIRONMENT: 'us', AIRLOCK_NONCE: nonce } }],
    ['one parameter more', { params: { ENVIRONMENT: 'eu', VERSION: 'v1', AIRLOCK_NONCE: nonce } }],
    ['one parameter less', { params: { AIRLOCK_NONCE: nonce } }],
  ])('may not if what this gate made has %s', (_name, changes) => {
    expect(told(plan, [ours], [asOurs(ours, changes)])[1]).toContain('the ledger does not say that this gate made it');
  });

  test.each(['promote', 'rollback'])('may not be a %s by hand, which could be of any build', (event) => {
    const again = planOf({ builds: { events: ['push', 'promote', 'rollback'], commit: 'any' } });
    const build = old({ event, commit: other, params: { AIRLOCK_NONCE: nonce } });
    expect(told(again, [build])[1]).toContain(`its event is ${event}, and the ledger does not say`);
    expect(choose(again, [build], [asOurs(build)])).toEqual(build);
    expect(told(planOf({ builds: { commit: 'any' } }), [build], [asOurs(build)])[0]).toBe('allow[0].builds.events');
  });
});

describe('without DRONE_BUILD', () => {
  test('the newest that fits is taken, in whatever order they come', () => {
    const builds = [
      old({ number: 3 }),
      old({ number: 9, status: 'failure' }),
      old({ number: 7 }),
      old({ number: 8, params: { EVIL: 'x' } }),
      old({ number: 5 }),
    ];
    expect(choose(planOf(), builds)).toEqual(old({ number: 7 }));
    expect(choose(planOf({ build: 5 }), [builds[4] as OldBuild])).toEqual(old({ number: 5 }));
  });

  test('and where none fits, the newest is told with what is wrong with it', () => {
    const [rule, text] = told(planOf(), [old({ number: 3, status: 'failure' }), old({ number: 9, event: 'cron' })]);
    expect([rule, text]).toEqual([
      'allow[0].builds.events',
      `no build of Drone's may be promoted; build 9, the newest of 2 that could be meant: its event is "cron", the entry wants push or custom`,
    ]);
  });

  test('and where there is none, what was looked for is told', () => {
    const no = (seen: number, whole: boolean, given: Case = {}) =>
      chooseBuild(planOf(given), { builds: [], seen, whole }, []) as Refusal;
    const events = 'none of 40 has the event push or custom and the status success';
    expect(no(40, true).message).toBe(`no build of Drone's may be promoted: ${events} for the commit ${sha}`);
    expect(no(40, false, { builds: { commit: 'any' } }).message).toBe(
      `no build of Drone's may be promoted: ${events}, and there are older ones`,
    );
  });
});

describe('with a trusted pipeline', () => {
  const deploy = { repository: 'octo/deploy', branch: 'main' };
  const pin = 'c'.repeat(40);
  const trusted = (given: Case = {}, pipeline: Data = deploy): Plan => planOf({ ...given, repository: { pipeline } });
  const source = (changes: Record<string, string> = {}) => ({
    AIRLOCK_REPOSITORY: 'octo/widgets',
    AIRLOCK_REPOSITORY_ID: '123',
    AIRLOCK_REF: 'refs/heads/main',
    AIRLOCK_COMMIT: sha,
    AIRLOCK_EVENT: 'push',
    AIRLOCK_RUN_ID: '900',
    AIRLOCK_ACTOR: 'octocat',
    AIRLOCK_NONCE: nonce,
    ...changes,
  });
  const build = (params = source(), changes: Partial<OldBuild> = {}): OldBuild =>
    old({ event: 'custom', commit: pin, params, ...changes });

  test('a build says in its parameters which source it served, and keeps it', () => {
    expect(choose(trusted(), [build()], [asOurs(build())])).toEqual(build());
    expect(inheritedNames(trusted(), build())).toEqual(['AIRLOCK_REF', 'AIRLOCK_COMMIT']);
    expect(Object.keys(trusted().params)).not.toContain('AIRLOCK_COMMIT');
    expect(trusted().params['AIRLOCK_RUN_ID']).toBe('1001');
  });

  // biome-ignore format: a table is read by its columns
  test.each<[string, OldBuild, Case, string]>([
    ['another source commit', build(source({ AIRLOCK_COMMIT: other })), {}, `it is of the commit "${other}"`],
    ['another source ref', build(source({ AIRLOCK_REF: 'refs/heads/x' })), {}, 'it is of "refs/heads/x"'],
    ['no source at all', build({ AIRLOCK_NONCE: nonce } as unknown as ReturnType<typeof source>), {}, 'not plain enough'],
    ['a source commit that is none', build(source({ AIRLOCK_COMMIT: '$(id)' })), { builds: { commit: 'any' } }, 'not plain enough'],
    ['a .drone.yml of another branch', build(source(), { ref: 'refs/heads/evil' }), {}, 'its .drone.yml is of "refs/heads/evil"'],
  ])('a build of %s is not promoted, even if this gate made it', (_name, refused, given, message) => {
    expect(told(trusted(given), [refused], [asOurs(refused)])[1]).toContain(message);
  });

  test('no build that this gate did not make is promoted, whatever its parameters and its event say', () => {
    for (const event of ['push', 'custom', 'cron']) {
      const planted = build(source(), { event });
      expect(told(trusted({ builds: { events: ['push', 'custom', 'cron'] } }), [planted])[1]).toContain(
        'the pipeline is a trusted one, and the ledger does not say that this gate made it',
      );
    }
  });

  test('of a pinned pipeline only builds of this commit are promoted', () => {
    const pinned = trusted({}, { ...deploy, commit: pin });
    expect(choose(pinned, [build()], [asOurs(build())])).toEqual(build());
    const older = build(source(), { commit: other });
    expect(told(pinned, [older], [asOurs(older)])[1]).toContain(
      `its .drone.yml is of "refs/heads/main" at "${other}", the policy wants refs/heads/main at ${pin}`,
    );
    expect(choose(trusted(), [older], [asOurs(older)])).toEqual(older);
  });

  test('the cell is told what to look for', () => {
    const served = { AIRLOCK_REPOSITORY_ID: '123', AIRLOCK_COMMIT: sha };
    const wanted = { events: ['push', 'custom'], status: 'success' };
    expect(wantedBuilds(trusted())).toEqual({ ...wanted, commit: undefined, params: served });
    expect(wantedBuilds(trusted({}, { ...deploy, commit: pin }))).toMatchObject({ commit: pin });
    const any = { builds: { commit: 'any' } };
    expect(wantedBuilds(trusted(any))?.params).toEqual({ AIRLOCK_REPOSITORY_ID: '123' });
    expect(wantedBuilds(planOf())).toEqual({ ...wanted, commit: sha });
    expect(wantedBuilds(planOf(any))).toEqual({ ...wanted, commit: undefined });
  });
});

test('whatever Drone says, what is chosen fits in every point', () => {
  const word = fc.constantFrom('push', 'custom', 'tag', 'pull_request', 'success', 'failure', 'x', '');
  const anyOld: fc.Arbitrary<OldBuild> = fc.record({
    number: fc.integer({ min: 1, max: 30 }),
    event: fc.oneof({ weight: 3, arbitrary: fc.constant('push') }, word),
    status: fc.oneof({ weight: 3, arbitrary: fc.constant('success') }, word),
    ref: fc.constantFrom('refs/heads/main', 'refs/heads/release/1', 'refs/heads/x', 'refs/heads/release/$(id)', 'main'),
    commit: fc.constantFrom(sha, other, 'HEAD'),
    params: fc.dictionary(
      fc.constantFrom('ENVIRONMENT', 'VERSION', 'EVIL', 'AIRLOCK_NONCE', 'AIRLOCK_REF'),
      fc.constantFrom('eu', 'v1', 'x', '$(id)', ''),
      { maxKeys: 2 },
    ),
  });
  const plan = planOf();
  let chosen = 0;
  fc.assert(
    fc.property(fc.uniqueArray(anyOld, { selector: ({ number }) => number, maxLength: 8 }), (builds) => {
      const of = choose(plan, builds);
      if (of instanceof Refusal) {
        expect(of.code).toBe('build-not-allowed');
        return;
      }
      chosen++;
      expect(builds).toContain(of);
      expect([of.event, of.status, of.commit]).toEqual(['push', 'success', sha]);
      expect(isPlainRef(of.ref) && isPlainCommit(of.commit)).toBe(true);
      expect(['refs/heads/main', 'refs/heads/release/1']).toContain(of.ref);
      const { AIRLOCK_NONCE: _, ...kept } = of.params;
      for (const [name, value] of Object.entries(kept))
        expect(['ENVIRONMENT=eu', 'VERSION=v1']).toContain(`${name}=${value}`);
      const better = builds.filter(({ number }) => number > of.number);
      expect(choose(plan, better)).toBeInstanceOf(Refusal);
    }),
    { numRuns: 400 },
  );
  expect(chosen).toBeGreaterThan(0);
});
