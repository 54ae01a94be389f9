// Each single value of a policy: what is accepted, what is refused and with which words.

import { describe, expect, test } from 'vitest';
import { type Data, digest, drone, entry, file, problems, repository } from './sample.ts';

const image = (changes: Data) => file({ image: { run: `sha256:${digest}`, accept: ['airlock'], ...changes } });
const identity = (changes: Data) => file({ identity: { audience: 'https://airlock.example', ...changes } });
const drones = (changes: Data) => file({ drones: { internal: drone(changes) } });
const repo = (changes: Data) => file({ repositories: [repository(changes)] });
const allow = (changes: Data) => repo({ allow: [entry(changes)] });
const limits = (changes: Data) => file({ limits: changes });

interface Field {
  readonly name: string;
  readonly make: (value: unknown) => Data;
  readonly path: string;
  readonly accepted: readonly unknown[];
  /** Value and what is said of it. */
  readonly refused: readonly (readonly [unknown, string])[];
}

const notPinned =
  'is not pinned; write name@sha256:<64 hex digits> without a tag, or the image id sha256:<64 hex digits>';
const noImage = 'is no image name as a job gives it; write it without docker:// and without blanks';
const noAudience =
  'is no audience; write a URL of your own without a trailing slash, as in https://airlock.example.org';
const noPath = 'is no absolute path; write the whole path, beginning with /';
const notHttp = 'is no http or https URL; write https://host or https://host:port';
const hasPath =
  'has a path; Drone cannot be served below a path (it answers there with its web page), write scheme, host and port alone';
const hasUser = 'holds a user or a password; secrets are never in the policy, remove them';
const noUrl = 'is no plain URL; write scheme, host and port alone, as in https://drone.internal';
const noId = "is no repository id; write GitHub's number (the audit line of a refused job tells it)";
const noRepository = 'is no repository; write owner/name, spelt and cased as GitHub shows it';
const noBranch = 'is no branch; write its name alone, as in main';
const noCommit = 'is no commit; write all 40 (or 64) digits in lower case, in quotes';
const oddRef = 'is no ref that Drone can be given; letters, digits and . _ / - * are allowed, without .. or //';
const wildcard = 'holds a wildcard other than *; * is the only one, and it never crosses /';
const noWorkflow =
  "is no workflow of this repository; write its path, as in .github/workflows/deploy.yml (it counts at the job's own ref)";
const noCalled =
  'is no called workflow; write owner/name/.github/workflows/file.yml@refs/heads/main in full, without wildcards';
const noDuration = 'is no duration; write a whole number and s, m or h, as in 90s, 10m, 2h';
const noSize = 'is no size; write a whole number and KiB, MiB or GiB, as in 64MiB';
const tooFew = 'is less than 1; write 1 or more (to allow nothing, remove the entries)';

const fields: readonly Field[] = [
  {
    name: 'image.run is pinned by digest or id',
    make: (run) => image({ run }),
    path: 'image.run',
    accepted: [
      `sha256:${digest}`,
      `node@sha256:${digest}`,
      `registry.internal:5000/library/node_base@sha256:${digest}`,
      `Registry.Internal/a/b-c@sha256:${digest}`,
    ],
    refused: [
      ['node:24', notPinned],
      ['node', notPinned],
      [`node:24@sha256:${digest}`, notPinned],
      [`node@sha256:${digest.slice(1)}`, notPinned],
      [`node@sha256:${digest}a`, notPinned],
      [`node@sha256:${digest.toUpperCase()}`, notPinned],
      [`node@md5:${digest}`, notPinned],
      [`docker://node@sha256:${digest}`, notPinned],
      [` node@sha256:${digest}`, notPinned],
      [`node@sha256:${digest}\n`, notPinned],
    ],
  },
  {
    name: 'image.accept holds names as a job gives them',
    make: (name) => image({ accept: [name] }),
    path: 'image.accept[0]',
    accepted: ['airlock', 'registry.example/task:1', `a@sha256:${digest}`],
    refused: [
      ['docker://airlock', noImage],
      ['air lock', noImage],
      ['airlock ', noImage],
      ['', noImage],
      [7, 'is a number and must be text; put it in quotes'],
    ],
  },
  {
    name: 'image.accept is never empty and names nothing twice',
    make: (accept) => image({ accept }),
    path: 'image.accept',
    accepted: [['airlock'], ['airlock', 'Airlock']],
    refused: [[[], 'is empty; name at least one, or leave the key out']],
  },
  {
    name: 'identity.audience is one of the installation',
    make: (audience) => identity({ audience }),
    path: 'identity.audience',
    accepted: ['https://airlock.callisto.example', 'airlock-callisto'],
    refused: [
      ['https://airlock.example/', noAudience],
      ['', noAudience],
      ['https://airlock.example?x=1', noAudience],
      ['https://airlock.example#x', noAudience],
      ['two words', noAudience],
      [['a'], 'is a list and must be text; put it in quotes'],
    ],
  },
  {
    name: 'identity.issuer is an exact https URL',
    make: (issuer) => identity({ issuer }),
    path: 'identity.issuer',
    accepted: [
      'https://token.actions.githubusercontent.com',
      'https://token.actions.githubusercontent.com/octo-enterprise',
      'https://github.internal/_services/token',
      'http://127.0.0.1:8080',
      'http://localhost:8080',
      'http://[::1]:8080',
    ],
    refused: [
      [
        'https://token.actions.githubusercontent.com/',
        'ends with /; GitHub writes its issuer without, and it is compared exactly',
      ],
      ['http://token.actions.githubusercontent.com', 'is not https; tokens are believed only from an https issuer'],
      ['http://127.0.0.1.evil.example', 'is not https; tokens are believed only from an https issuer'],
      [
        'https://a@token.actions.githubusercontent.com',
        'is no plain URL; write the issuer exactly as GitHub does, as in https://token.actions.githubusercontent.com',
      ],
    ],
  },
  {
    name: 'identity.mode is one of two words',
    make: (mode) => identity({ mode }),
    path: 'identity.mode',
    accepted: ['github'],
    refused: [
      ['Github', 'is none of the words known here; did you mean github?'],
      ['none', 'is none of the words known here; use github, asserted'],
    ],
  },
  {
    name: 'identity.bind is one of three words',
    make: (bind) => identity({ bind }),
    path: 'identity.bind',
    accepted: ['none', 'arc', 'github'],
    refused: [[false, 'is none of the words known here; use none, arc, github']],
  },
  {
    name: 'a file is an absolute path',
    make: (path) => identity({ keys: { file: path } }),
    path: 'identity.keys.file',
    accepted: ['/etc/airlock/jwks.json'],
    refused: [
      ['jwks.json', noPath],
      ['./jwks.json', noPath],
      ['/', noPath],
      ['/a\u0000b', noPath],
    ],
  },
  {
    name: 'the name of a Drone is plain',
    make: (name) => file({ drones: { internal: drone(), [String(name)]: drone() } }),
    path: 'drones.a b',
    accepted: ['other', 'eu-west.1'],
    refused: [['a b', 'is no name for a Drone; letters, digits and . _ - are allowed']],
  },
  {
    name: 'drones.*.server is scheme, host and port',
    make: (server) => drones({ server }),
    path: 'drones.internal.server',
    accepted: [
      'https://drone.internal',
      'https://drone.internal/',
      'https://drone.internal:8443',
      'https://10.0.0.1',
      'https://[fd00::1]:8443',
      'http://localhost:8080',
      'http://127.0.0.1:8080/',
      'http://[::1]:8080',
    ],
    refused: [
      ['drone.internal', notHttp],
      ['HTTPS://drone.internal', notHttp],
      ['ftp://drone.internal', notHttp],
      ['https://drone.internal/drone', hasPath],
      ['https://drone.internal/drone/', hasPath],
      ['https://user:secret@drone.internal', hasUser],
      ['https://token@drone.internal/path', hasUser],
      ['https://drone.internal?x', noUrl],
      ['https://drone.internal/#x', noUrl],
      ['https://drone.internal//', noUrl],
      ['https://', noUrl],
      ['https://drone internal', noUrl],
      ['https://drone.internal:99999', 'has a port above 65535; correct it'],
      ['https://dröne.internal', noUrl],
    ],
  },
  {
    name: 'drones.*.address is an IP address',
    make: (address) => drones({ address }),
    path: 'drones.internal.address',
    accepted: ['10.0.0.7', 'fd00::7'],
    refused: [
      ['drone.internal', 'is no IP address; write one, or leave the key out so that DNS is asked'],
      ['10.0.0', 'is no IP address; write one, or leave the key out so that DNS is asked'],
      ['10.0.0.256', 'is no IP address; write one, or leave the key out so that DNS is asked'],
    ],
  },
  {
    name: 'drones.*.token is a file or workflow',
    make: (token) => drones({ token }),
    path: 'drones.internal.token',
    accepted: [{ file: '/run/secrets/token' }, 'workflow'],
    refused: [
      ['s3cret-t0ken', 'is neither a file nor workflow; write { file: /path } or workflow'],
      ['workfow', 'is neither a file nor workflow; write { file: /path } or workflow'],
      [[], 'is neither a file nor workflow; write { file: /path } or workflow'],
    ],
  },
  {
    name: 'drones.*.logins holds logins',
    make: (login) => drones({ logins: [login] }),
    path: 'drones.internal.logins[0]',
    accepted: ['deploy-bot', 'svc.deploy_1'],
    refused: [['deploy bot', 'is no login; write the name of the Drone user that the token belongs to']],
  },
  {
    name: 'drones.*.publicUrl is hidden or a URL',
    make: (publicUrl) => drones({ publicUrl }),
    path: 'drones.internal.publicUrl',
    accepted: ['hidden', 'https://ci.example', 'https://ci.example/drone'],
    refused: [
      ['none', 'is neither hidden nor a URL; write hidden, or the address that authors may see'],
      ['javascript:alert(1)', 'is neither hidden nor a URL; write hidden, or the address that authors may see'],
      ['https://ci.example?x', 'is neither hidden nor a URL; write hidden, or the address that authors may see'],
    ],
  },
  {
    name: 'plainHttp can only be accepted',
    make: (plainHttp) => drones({ server: 'http://drone.internal', plainHttp }),
    path: 'drones.internal.plainHttp',
    accepted: ['accepted'],
    refused: [[true, 'can only be accepted; write accepted, or remove it']],
  },
  {
    name: 'repositories[].repository is owner/name',
    make: (name) => repo({ repository: name }),
    path: 'repositories[0].repository',
    accepted: ['octo/widgets', 'Octo-Org/widgets.js', 'user_corp/widgets'],
    refused: [
      ['widgets', noRepository],
      ['octo/widgets/x', noRepository],
      ['https://github.com/octo/widgets', noRepository],
      ['octo/*', noRepository],
      ['octo/widgets ', noRepository],
      ['осto/widgets', noRepository],
      ['octo/..', 'is no repository; write owner/name'],
    ],
  },
  {
    name: 'repositories[].id is a positive whole number',
    make: (id) => repo({ id }),
    path: 'repositories[0].id',
    accepted: [1, 999_999_999_999_999, '1', '12345678901234567890'],
    refused: [
      [0, noId],
      ['0', noId],
      ['0123', noId],
      ['12x', noId],
      ['١٢٣', noId],
      ['123456789012345678901', noId],
      [true, noId],
    ],
  },
  {
    name: 'pipeline is same or a trusted repository',
    make: (pipeline) => repo({ pipeline }),
    path: 'repositories[0].pipeline',
    accepted: [
      'same',
      { repository: 'octo/deploy', branch: 'main' },
      { repository: 'octo/deploy', branch: 'release/1.x', commit: digest },
    ],
    refused: [
      ['Same', 'is neither same nor a trusted repository; write same, or { repository, branch }'],
      ['octo/deploy', 'is neither same nor a trusted repository; write same, or { repository, branch }'],
    ],
  },
  {
    name: 'pipeline.branch is a plain branch',
    make: (branch) => repo({ pipeline: { repository: 'octo/deploy', branch } }),
    path: 'repositories[0].pipeline.branch',
    accepted: ['main', 'release/1.x'],
    refused: [
      ['refs/heads/main', noBranch],
      ['release/*', noBranch],
      ['a..b', noBranch],
      ['a//b', noBranch],
      ['main/', noBranch],
      ['-main', noBranch],
      ['$(id)', noBranch],
    ],
  },
  {
    name: 'pipeline.commit is a whole commit',
    make: (commit) => repo({ pipeline: { repository: 'octo/deploy', branch: 'main', commit } }),
    path: 'repositories[0].pipeline.commit',
    accepted: ['a'.repeat(40), 'a'.repeat(64)],
    refused: [
      ['a'.repeat(39), noCommit],
      ['a'.repeat(41), noCommit],
      ['A'.repeat(40), noCommit],
      ['main', noCommit],
    ],
  },
  {
    name: 'log is one of three levels',
    make: (log) => repo({ log }),
    path: 'repositories[0].log',
    accepted: ['full', 'tail', 'status'],
    refused: [['none', 'is none of the words known here; use full, tail, status']],
  },
  {
    name: 'task is one of three tasks',
    make: (task) => allow({ task }),
    path: 'repositories[0].allow[0].task',
    accepted: ['drone build'],
    refused: [
      ['Drone build', 'is none of the words known here; did you mean drone build?'],
      ['drone restart', 'is none of the words known here; use drone build, drone promote, drone rollback'],
    ],
  },
  {
    name: 'events are the five that cannot bring foreign code',
    make: (event) => allow({ events: [event] }),
    path: 'repositories[0].allow[0].events[0]',
    accepted: ['push', 'workflow_dispatch', 'release', 'schedule', 'merge_group'],
    refused: [
      [
        'pull_request',
        'pull_request is not allowed: its code may come from a fork, which this version cannot tell apart; use push, workflow_dispatch, release, schedule, merge_group',
      ],
      [
        'pull_request_target',
        "pull_request_target is not allowed: anybody's pull request starts it, with the base branch's rights; use push, workflow_dispatch, release, schedule, merge_group",
      ],
      [
        'issue_comment',
        'issue_comment is not allowed: anybody who may comment starts it; use push, workflow_dispatch, release, schedule, merge_group',
      ],
      [
        'workflow_run',
        "workflow_run is not allowed: another workflow starts it, also a fork's pull request; use push, workflow_dispatch, release, schedule, merge_group",
      ],
      ['Push', 'is no event that a task may be asked for by; did you mean push?'],
      ['*', 'is no event that a task may be asked for by; use push, workflow_dispatch, release, schedule, merge_group'],
      [{}, 'is no event that a task may be asked for by; use push, workflow_dispatch, release, schedule, merge_group'],
    ],
  },
  {
    name: 'refs are full, and * is the only wildcard',
    make: (ref) => allow({ refs: [ref] }),
    path: 'repositories[0].allow[0].refs[0]',
    accepted: [
      'refs/heads/main',
      'refs/heads/*',
      'refs/heads/release/*',
      'refs/tags/v*',
      'refs/heads/*/x',
      'refs/heads/a-*-b',
    ],
    refused: [
      ['main', 'is no full ref; write refs/heads/main for a branch, refs/tags/… for a tag'],
      ['heads/main', 'is no full ref; write refs/heads/main for a branch, refs/tags/… for a tag'],
      ['*', 'is no full ref; write refs/heads/* for a branch, refs/tags/… for a tag'],
      ['refs/*', 'is no full ref; write refs/heads/* for a branch, refs/tags/… for a tag'],
      ['refs/heads/', 'is no full ref; write refs/heads/main for a branch, refs/tags/… for a tag'],
      ['refs/pull/1/merge', 'is a pull request; only branches and tags can be allowed'],
      ['refs/heads/**', 'holds **; * never crosses /, so write one ref for each depth, as in refs/heads/release/*/*'],
      ['refs/heads/v?', wildcard],
      ['refs/heads/[a-z]', wildcard],
      ['refs/heads/{a,b}', wildcard],
      ['refs/heads/main/../x', oddRef],
      ['refs/heads//main', oddRef],
      ['refs/heads/main/', oddRef],
      ['refs/heads/$(id)', oddRef],
      ['refs/heads/main\n', oddRef],
      ['refs/heads/-x', oddRef],
      [' refs/heads/main', 'is no full ref; write refs/heads/main for a branch, refs/tags/… for a tag'],
    ],
  },
  {
    name: 'workflows are paths of this repository',
    make: (path) => allow({ workflows: [path] }),
    path: 'repositories[0].allow[0].workflows[0]',
    accepted: ['.github/workflows/deploy.yml', '.github/workflows/deploy.yaml'],
    refused: [
      ['deploy.yml', noWorkflow],
      ['.github/workflows/*.yml', noWorkflow],
      ['.github/workflows/../x.yml', noWorkflow],
      ['.github/workflows/deploy.yml@refs/heads/main', noWorkflow],
      ['.github/workflows/deploy.json', noWorkflow],
      ['octo/widgets/.github/workflows/deploy.yml', noWorkflow],
    ],
  },
  {
    name: 'calledWorkflows are whole',
    make: (path) => allow({ calledWorkflows: [path] }),
    path: 'repositories[0].allow[0].calledWorkflows[0]',
    accepted: [
      'octo/ci/.github/workflows/deploy.yml@refs/heads/main',
      'octo/ci/.github/workflows/deploy.yml@refs/tags/v1',
      `octo/ci/.github/workflows/deploy.yml@${'a'.repeat(40)}`,
    ],
    refused: [
      ['octo/ci/.github/workflows/deploy.yml', noCalled],
      ['octo/ci/.github/workflows/deploy.yml@main', noCalled],
      ['octo/ci/.github/workflows/deploy.yml@refs/heads/*', noCalled],
      ['octo/*/.github/workflows/deploy.yml@refs/heads/main', noCalled],
      ['octo/ci/.github/workflows/deploy.yml@refs/pull/1/merge', noCalled],
      ['.github/workflows/deploy.yml@refs/heads/main', noCalled],
    ],
  },
  {
    name: 'environment is a plain name',
    make: (environment) => allow({ environment }),
    path: 'repositories[0].allow[0].environment',
    accepted: ['production', 'eu/prod-1'],
    refused: [
      ['prod eu', 'is no plain environment name; letters, digits and . _ / - are allowed'],
      ['*', 'is no plain environment name; letters, digits and . _ / - are allowed'],
      ['a..b', 'is no plain environment name; .. and // are not allowed'],
    ],
  },
  {
    name: 'expect.steps are stage/step',
    make: (step) => allow({ expect: { steps: [step] } }),
    path: 'repositories[0].allow[0].expect.steps[0]',
    accepted: ['default/deploy', 'default/build and push'],
    refused: [
      ['deploy', 'is no step; write stage/step, as in default/deploy'],
      ['a/b/c', 'is no step; write stage/step, as in default/deploy'],
    ],
  },
  {
    name: 'whenLost is one of two words',
    make: (whenLost) => allow({ whenLost }),
    path: 'repositories[0].allow[0].whenLost',
    accepted: ['finish', 'cancel'],
    refused: [['cancle', 'is none of the words known here; did you mean cancel?']],
  },
  {
    name: 'durations have a unit and an end',
    make: (run) => limits({ run }),
    path: 'limits.run',
    accepted: ['1s', '90s', '120h', '7200m'],
    refused: [
      ['0s', noDuration],
      ['10', noDuration],
      [10, noDuration],
      ['1.5h', noDuration],
      ['1h30m', noDuration],
      ['-1h', noDuration],
      ['1d', noDuration],
      ['1 h', noDuration],
      ['121h', 'is too long; at most 120h'],
    ],
  },
  {
    name: 'sizes have a unit and an end',
    make: (logBytes) => limits({ logBytes }),
    path: 'limits.logBytes',
    accepted: ['1KiB', '64MiB', '4GiB'],
    refused: [
      ['64MB', noSize],
      ['64', noSize],
      [64, noSize],
      ['5GiB', 'is too large; at most 4GiB'],
    ],
  },
  {
    name: 'counts are at least 1 and have an end',
    make: (tasksPerJob) => limits({ tasksPerJob }),
    path: 'limits.tasksPerJob',
    accepted: [1, 16],
    refused: [
      [0, tooFew],
      [17, 'is more than 16; write less'],
      ['4', 'is text and must be a number; write digits without quotes'],
    ],
  },
];

describe.each(fields)('$name', ({ make, path, accepted, refused }) => {
  test.each(accepted.map((value) => [value]))('%j is accepted', (value) => {
    expect(problems(make(value))).toEqual([]);
  });

  test.each(refused.map(([value, message]) => [value, message] as const))('%j is refused', (value, message) => {
    expect(problems(make(value))).toContain(`${path}: ${message}`);
  });
});

test('a list names nothing twice', () => {
  expect(problems(allow({ refs: ['refs/heads/a', 'refs/heads/b', 'refs/heads/a'] }))).toEqual([
    'repositories[0].allow[0].refs[2]: stands in this list twice; keep one',
  ]);
});

test('a list names at most a thousand', () => {
  const refs = Array.from({ length: 1001 }, (_, index) => `refs/heads/branch-${index}`);
  expect(problems(allow({ refs: refs.slice(1) }))).toEqual([]);
  expect(problems(allow({ refs }))).toEqual([
    'repositories[0].allow[0].refs: names more than 1000; use wildcards or patterns, or split the entry',
  ]);
});

test.each([
  ['file', file({ later: 1 })],
  ['image', image({ later: 1 })],
  ['identity', identity({ later: 1 })],
  ['drone', drones({ later: 1 })],
  ['token', drones({ token: { file: '/x', later: 1 } })],
  ['repository', repo({ later: 1 })],
  ['pipeline', repo({ pipeline: { repository: 'octo/deploy', branch: 'main', later: 1 } })],
  ['entry', allow({ later: 1 })],
  ['order, which is not known yet', allow({ order: 'newest' })],
  ['reruns, which is not known yet', allow({ reruns: 'refuse' })],
  ['concurrency, which is not known yet', allow({ concurrency: 1 })],
  ['expect', allow({ expect: { steps: ['default/deploy'], later: 1 } })],
  ['param', allow({ params: { ENVIRONMENT: { values: ['a'], later: 1 } } })],
  ['builds', allow({ task: 'drone promote', targets: ['a'], builds: { later: 1 } })],
  ['limits', limits({ later: 1 })],
  ['perRepository', limits({ perRepository: { later: 1 } })],
])('an unknown key is refused in %s', (_, data) => {
  expect(problems(data)).toHaveLength(1);
  expect(problems(data)[0]).toMatch(/: is not a key that is known here; (?:known here: |did you mean )/);
});
