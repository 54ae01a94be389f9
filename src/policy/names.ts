// The names that GitHub and Drone know a job by, as a policy may write them. Everything here is at least as plain as
// what an order needs (protocol's plain.ts), so that no entry can allow what a decision must refuse afterwards.

import * as v from 'valibot';
import { isPlainName, isPlainRepository } from '../protocol/index.ts';
import { text } from './shapes.ts';
import { nearest } from './suggest.ts';

export const repositoryName = v.pipe(
  v.string(),
  v.regex(
    /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}\/[A-Za-z0-9._-]{1,100}$/,
    'is no repository; write owner/name, spelt and cased as GitHub shows it',
  ),
  v.check(isPlainRepository, 'is no repository; write owner/name'),
  v.description('owner/name'),
);

const idWrong = "is no repository id; write GitHub's number (the audit line of a refused job tells it)";
export const repositoryId = v.pipe(
  v.union(
    [
      v.pipe(v.number(), v.integer(idWrong), v.minValue(1, idWrong)),
      v.pipe(v.string(), v.regex(/^[1-9][0-9]{0,19}$/, idWrong)),
    ],
    idWrong,
  ),
  v.description("GitHub's number of the repository: it stays when names change, and no other repository ever gets it"),
);

const event = ['push', 'workflow_dispatch', 'release', 'schedule', 'merge_group'] as const;
const otherEvents: ReadonlyMap<string, string> = new Map([
  ['pull_request', 'its code may come from a fork, which this version cannot tell apart'],
  ['pull_request_target', "anybody's pull request starts it, with the base branch's rights"],
  ['pull_request_review', 'its code may come from a fork'],
  ['pull_request_review_comment', 'its code may come from a fork'],
  ['issue_comment', 'anybody who may comment starts it'],
  ['issues', 'anybody who may open an issue starts it'],
  ['workflow_run', "another workflow starts it, also a fork's pull request"],
  ['repository_dispatch', 'its payload, not a commit, says what is meant'],
  ['deployment', 'its ref may be empty'],
]);

export const eventName = v.pipe(
  v.picklist(event, ({ input }) => {
    const name = typeof input === 'string' ? input : '';
    const reason = otherEvents.get(name);
    if (reason !== undefined) return `${name} is not allowed: ${reason}; use ${event.join(', ')}`;
    const meant = nearest(name, event);
    return meant === undefined
      ? `is no event that a task may be asked for by; use ${event.join(', ')}`
      : `is no event that a task may be asked for by; did you mean ${meant}?`;
  }),
  v.description('Event of the workflow run'),
);

function refProblem({ input }: { readonly input: string }): string {
  if (input.startsWith('refs/pull/')) return 'is a pull request; only branches and tags can be allowed';
  if (!/^refs\/(?:heads|tags)\/./.test(input))
    return `is no full ref; write refs/heads/${input.trim().replace(/^\/?(?:refs\/)?(?:heads\/|tags\/)?/, '') || 'main'} for a branch, refs/tags/… for a tag`;
  if (input.includes('**'))
    return 'holds **; * never crosses /, so write one ref for each depth, as in refs/heads/release/*/*';
  if (/[?[\]{}!]/.test(input)) return 'holds a wildcard other than *; * is the only one, and it never crosses /';
  return 'is no ref that Drone can be given; letters, digits and . _ / - * are allowed, without .. or //';
}
export const refGlob = text(
  /^refs\/(?:heads|tags)\/(?!.*(?:\*\*|\.\.|\/\/))[A-Za-z0-9*](?:[A-Za-z0-9._/*-]{0,199}[A-Za-z0-9._*-])?$/,
  refProblem,
  'A full ref, refs/heads/… or refs/tags/…; * stands for any characters but /',
);

export const branchName = text(
  /^(?!refs\/)(?!.*(?:\.\.|\/\/))[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,199}[A-Za-z0-9._-])?$/,
  'is no branch; write its name alone, as in main',
  'Branch whose head is built',
);

export const commitId = text(
  /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/,
  'is no commit; write all 40 (or 64) digits in lower case, in quotes',
  'Pins the pipeline to one commit',
);

export const workflowPath = text(
  /^\.github\/workflows\/[A-Za-z0-9_](?:[A-Za-z0-9._ -]{0,120})\.ya?ml$/,
  "is no workflow of this repository; write its path, as in .github/workflows/deploy.yml (it counts at the job's own ref)",
  "Path of a workflow file in this repository, at the job's own ref",
);

export const calledWorkflow = text(
  /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}\/[A-Za-z0-9._-]{1,100}\/\.github\/workflows\/[A-Za-z0-9_](?:[A-Za-z0-9._ -]{0,120})\.ya?ml@(?:refs\/(?:heads|tags)\/(?!.*(?:\.\.|\/\/))[A-Za-z0-9][A-Za-z0-9._/-]{0,200}|[0-9a-f]{40})$/,
  'is no called workflow; write owner/name/.github/workflows/file.yml@refs/heads/main in full, without wildcards',
  'A reusable workflow in full: owner/name/.github/workflows/file.yml@refs/heads/main',
);

const plain = (what: string, description: string) =>
  v.pipe(
    v.string(),
    v.regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,100}$/, `is no plain ${what}; letters, digits and . _ / - are allowed`),
    v.check(isPlainName, `is no plain ${what}; .. and // are not allowed`),
    v.description(description),
  );
export const environmentName = plain(
  'environment name',
  'GitHub must have let the job into the environment of this name',
);
export const targetName = plain('target', 'Where to promote to, as Drone names it');

export const stepName = text(
  /^[A-Za-z0-9][A-Za-z0-9._ -]{0,99}\/[A-Za-z0-9][A-Za-z0-9._ -]{0,99}$/,
  'is no step; write stage/step, as in default/deploy',
  'stage/step that must be there and have succeeded',
);

export const image = v.pipe(
  v.string(),
  v.regex(
    /^(?!docker:\/\/)[\x21-\x7e]{1,512}$/,
    'is no image name as a job gives it; write it without docker:// and without blanks',
  ),
  v.description('What a workflow may write as container:'),
);

export const pinnedImage = text(
  /^(?:(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]{0,252}[a-zA-Z0-9])?(?::[0-9]{1,5})?\/)?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*@)?sha256:[0-9a-f]{64}$/,
  'is not pinned; write name@sha256:<64 hex digits> without a tag, or the image id sha256:<64 hex digits>',
  'The image that cells run in, pinned: name@sha256:… or sha256:… (image id). Any image with node >= 20',
);

export const loginName = text(
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/,
  'is no login; write the name of the Drone user that the token belongs to',
  'Login in Drone',
);
