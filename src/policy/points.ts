// The points in which a job can differ from an entry, in the order in which they are told. A point says nothing when the
// job fits it. Everything that a job has is attacker-controlled text and is quoted.

import { quote } from '../protocol/index.ts';
import { type AskPoint, type Compared, type Difference, type Point, anyOf } from './difference.ts';
import { refFits } from './glob.ts';
import { params } from './param-point.ts';
import { nearest } from './suggest.ts';
import type { Ask } from './types.ts';

const hasWants = (has: string, wants: string): string => `the job has ${has}, the entry wants ${wants}`;

const event: Point = ({ entry, claims }) =>
  entry.events.includes(claims.eventName)
    ? undefined
    : {
        point: 'event',
        code: 'event-not-allowed',
        rule: 'events',
        text: hasWants(quote(claims.eventName), anyOf(entry.events)),
        fix: 'start the workflow by an event that is allowed, or ask the operator to allow this one',
      };

const ref: Point = ({ entry, claims }) =>
  entry.refs.some((glob) => refFits(glob, claims.ref))
    ? undefined
    : {
        point: 'ref',
        code: 'ref-not-allowed',
        rule: 'refs',
        text: hasWants(quote(claims.ref, 250), anyOf(entry.refs)),
        fix: 'run the job on a branch or tag that is allowed, or ask the operator to allow this one',
      };

/** With `pipeline: same` the ref's own .drone.yml runs, with every secret of that Drone repository. */
const refProtection: Point = ({ entry, repository, claims }) =>
  claims.refProtected || entry.unprotected || repository.pipeline !== 'same'
    ? undefined
    : {
        point: 'ref protection',
        code: 'ref-not-protected',
        rule: 'unprotected',
        text: hasWants(`${quote(claims.ref, 250)}, which GitHub does not protect`, 'a protected branch or tag'),
        fix: "protect it in the repository's settings (branch protection or a ruleset), or ask the operator for unprotected: true",
      };

const workflow: Point = ({ entry, repository, claims }) => {
  const allowed = entry.workflows?.map((path) => `${repository.repository}/${path}@${claims.ref}`);
  if (allowed === undefined || allowed.includes(claims.workflowRef)) return undefined;
  return {
    point: 'workflow',
    code: 'workflow-not-allowed',
    rule: 'workflows',
    text: hasWants(
      quote(claims.workflowRef, 200),
      `${anyOf(entry.workflows ?? [])} of this repository at the job's own ref`,
    ),
    fix: 'put the job into a workflow file that is allowed, or ask the operator to allow this one',
  };
};

const calledWorkflow: Point = ({ entry, claims }) => {
  const { calledWorkflows } = entry;
  if (calledWorkflows === undefined || calledWorkflows.includes(claims.jobWorkflowRef ?? '')) return undefined;
  const has = claims.jobWorkflowRef === undefined ? 'no called workflow' : quote(claims.jobWorkflowRef, 200);
  return {
    point: 'called workflow',
    code: 'called-workflow-not-allowed',
    rule: 'calledWorkflows',
    text: hasWants(has, anyOf(calledWorkflows)),
    fix: 'call the reusable workflow that is allowed (jobs.<id>.uses), at exactly this ref',
  };
};

const environment: Point = ({ entry, claims }) =>
  entry.environment === undefined || entry.environment === claims.environment
    ? undefined
    : {
        point: 'environment',
        code: 'environment-not-allowed',
        rule: 'environment',
        text: hasWants(
          claims.environment === undefined ? 'no environment' : quote(claims.environment),
          entry.environment,
        ),
        fix: `write environment: ${entry.environment} at the job; GitHub then decides whether it may`,
      };

const task: AskPoint = ({ entry }, ask) =>
  entry.task === ask.task
    ? undefined
    : {
        point: 'task',
        code: 'task-not-allowed',
        rule: 'task',
        text: `the job asks for ${ask.task}, the entry allows ${entry.task}`,
        fix: `ask for ${entry.task}, or ask the operator to allow ${ask.task}`,
      };

/**
 * `drone build` has no target, and DRONE_TARGET beside it is dropped like any other variable. Its value is never told, as
 * no parameter's is: it may be a secret of the workflow that stands in the wrong variable.
 */
const target: AskPoint = ({ entry }, ask) => {
  if (entry.targets === undefined || (ask.target !== undefined && entry.targets.includes(ask.target))) return undefined;
  const meant = ask.target === undefined ? undefined : nearest(ask.target, entry.targets);
  const has = ask.target === undefined ? 'no target' : 'another target';
  return {
    point: 'target',
    code: ask.target === undefined ? 'target-missing' : 'target-not-allowed',
    rule: 'targets',
    text: hasWants(has, anyOf(entry.targets)) + (meant === undefined ? '' : ` (did you mean ${meant}?)`),
    fix: `set DRONE_TARGET to ${anyOf(entry.targets)}, or ask the operator to allow another`,
  };
};

/** What a job is, whatever it asks for. */
export function jobDifferences(compared: Compared): Difference[] {
  return [event, ref, refProtection, workflow, calledWorkflow, environment].flatMap((point) => point(compared) ?? []);
}

/** All points, in order. Which build is promoted is chosen later (choose-build.ts): only Drone knows the builds. */
export function differences(compared: Compared, ask: Ask): Difference[] {
  const askedFor = (points: readonly AskPoint[]) => points.flatMap((point) => point(compared, ask) ?? []);
  return [...askedFor([task]), ...jobDifferences(compared), ...askedFor([target, params])];
}
