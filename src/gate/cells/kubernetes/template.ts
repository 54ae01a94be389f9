// The PodTemplate that every cell is made from, word for word: the single source that the ValidatingAdmissionPolicy
// compares with too (DESIGN.md, Kubernetes). The gate adds a name and nothing else, so no byte of a workflow can become
// part of a pod. What a cell must not have is looked for here as well: a template is written by people.

import { isDeepStrictEqual } from 'node:util';
import * as v from 'valibot';
import { isObject } from '../../../protocol/index.ts';
import type { PodView } from './pod-view.ts';

const names = v.optional(v.record(v.string(), v.string()), {});
const podTemplate = v.object({
  template: v.object({
    metadata: v.optional(v.object({ labels: names, annotations: names }), {}),
    spec: v.record(v.string(), v.unknown()),
  }),
});

type Fields = Readonly<Record<string, unknown>>;

export interface Template {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: Fields;
}

/** @throws {Error} not a PodTemplate */
export function readTemplate(object: unknown): Template {
  const { metadata, spec } = v.parse(podTemplate, object).template;
  return { labels: metadata.labels ?? {}, annotations: metadata.annotations ?? {}, spec };
}

/** Keys of a pod's specification that may stand in the template; everything else is a promise that might be broken. */
const specKeys = new Set([
  'activeDeadlineSeconds',
  'affinity',
  'automountServiceAccountToken',
  'containers',
  'dnsConfig',
  'dnsPolicy',
  'enableServiceLinks',
  'hostUsers',
  'imagePullSecrets',
  'nodeSelector',
  'os',
  'preemptionPolicy',
  'priorityClassName',
  'restartPolicy',
  'runtimeClassName',
  'schedulerName',
  'securityContext',
  'serviceAccount',
  'serviceAccountName',
  'terminationGracePeriodSeconds',
  'tolerations',
  'topologySpreadConstraints',
]);
const containerKeys = new Set([
  'args',
  'command',
  'image',
  'imagePullPolicy',
  'name',
  'resources',
  'securityContext',
  'stdin',
  'stdinOnce',
  'terminationMessagePath',
  'terminationMessagePolicy',
  'tty',
  'workingDir',
]);

/** Of a container's securityContext: nothing that could take back what the others promise. */
const sealKeys = new Set([
  'allowPrivilegeEscalation',
  'appArmorProfile',
  'capabilities',
  'privileged',
  'readOnlyRootFilesystem',
  'runAsGroup',
  'runAsNonRoot',
  'runAsUser',
  'seccompProfile',
  'seLinuxOptions',
]);

/** Labels that no upgrade changes; a chart's version may stand in others. */
const stable = ['app.kubernetes.io/name', 'app.kubernetes.io/instance', 'app.kubernetes.io/component'];

/** Empty lists and maps are written by some and left out by others. */
const present = (fields: Fields): readonly string[] =>
  Object.entries(fields).flatMap(([key, value]) =>
    value === null || isDeepStrictEqual(value, []) || isDeepStrictEqual(value, {}) ? [] : [key],
  );

const at = (fields: unknown, key: string): unknown =>
  isObject(fields) && Object.hasOwn(fields, key) ? fields[key] : undefined;

interface Wanted {
  /** The policy's `image.run`. */
  readonly image: string;
  /** Seconds that the policy's limits need at least. */
  readonly deadline: number;
}

function containerProblem(container: Fields, image: string): string | null {
  const unknown = present(container).find((key) => !containerKeys.has(key));
  if (unknown !== undefined) return `its container must not have "${unknown}"`;
  if (container['name'] !== 'cell') return 'its container has to be named "cell"';
  if (container['image'] !== image) return `its container's image has to be the policy's image.run (${image})`;
  if (!isDeepStrictEqual(container['command'], ['node', '-e']))
    return 'its container\'s command has to be ["node", "-e"]';
  const { args } = container;
  if (!Array.isArray(args) || args.length !== 1 || typeof args[0] !== 'string')
    return "its container's args have to be the managed script alone";
  if (container['stdin'] !== true || at(container, 'stdinOnce') === true || at(container, 'tty') === true)
    return 'its container needs stdin: true, and neither stdinOnce nor tty';
  const limits = at(container['resources'], 'limits');
  if (at(limits, 'memory') === undefined || at(limits, 'cpu') === undefined)
    return 'its container needs limits of memory and cpu';
  const { securityContext } = container;
  const strange = isObject(securityContext) ? present(securityContext).find((key) => !sealKeys.has(key)) : undefined;
  if (strange !== undefined) return `its container's securityContext must not have "${strange}"`;
  if (at(securityContext, 'runAsNonRoot') === false || at(securityContext, 'runAsUser') === 0)
    return 'its container must not run as root';
  if (at(at(securityContext, 'seccompProfile'), 'type') === 'Unconfined')
    return 'its container must not be without seccomp';
  if (
    at(securityContext, 'allowPrivilegeEscalation') !== false ||
    at(securityContext, 'readOnlyRootFilesystem') !== true
  )
    return 'its container needs allowPrivilegeEscalation: false and readOnlyRootFilesystem: true';
  if (!isDeepStrictEqual(at(securityContext, 'capabilities'), { drop: ['ALL'] }))
    return 'its container has to drop the capabilities ALL and add none';
  if (at(securityContext, 'privileged') === true) return 'its container must not be privileged';
  return null;
}

/** What keeps cells of this template from being sealed, in a few words for the operator; null: nothing. */
export function templateProblem({ spec, labels }: Template, { image, deadline }: Wanted): string | null {
  const unknown = present(spec).find((key) => !specKeys.has(key));
  if (unknown !== undefined) return `its specification must not have "${unknown}"`;
  const missing = stable.find((key) => labels[key] === undefined);
  if (missing !== undefined) return `it needs the label ${missing}, by which cells are found again`;
  if (spec['automountServiceAccountToken'] !== false) return 'it has to say automountServiceAccountToken: false';
  if (spec['restartPolicy'] !== 'Never') return 'it has to say restartPolicy: Never';
  if (spec['enableServiceLinks'] !== false) return 'it has to say enableServiceLinks: false';
  // 0 means "forget": the process runs on for seconds after its pod is gone (measured).
  const grace = spec['terminationGracePeriodSeconds'];
  if (typeof grace !== 'number' || grace < 1) return 'it needs terminationGracePeriodSeconds of at least 1';
  const seconds = spec['activeDeadlineSeconds'];
  if (typeof seconds !== 'number' || seconds < deadline)
    return `it needs activeDeadlineSeconds of at least ${deadline}, which the policy's limits add up to`;
  const { securityContext } = spec;
  if (at(securityContext, 'runAsNonRoot') !== true) return 'it has to say securityContext.runAsNonRoot: true';
  if (at(securityContext, 'runAsUser') === 0) return 'it must not run as root';
  if (!['RuntimeDefault', 'Localhost'].includes(String(at(at(securityContext, 'seccompProfile'), 'type'))))
    return 'it needs a securityContext.seccompProfile, for example RuntimeDefault';
  if (at(securityContext, 'sysctls') !== undefined) return 'its securityContext must not have "sysctls"';
  const { containers } = spec;
  if (!Array.isArray(containers) || containers.length !== 1 || !isObject(containers[0]))
    return 'it has to have exactly one container';
  return containerProblem(containers[0], image);
}

export const podName = (id: string): string => `cell-${id}`;
export const idOf = (name: string): string | null => /^cell-([0-9a-f]{32})$/.exec(name)?.[1] ?? null;
/** Finds the cells of this installation, also those of another version's template. */
export const selectorOf = ({ labels }: Pick<Template, 'labels'>): string =>
  stable.flatMap((key) => (labels[key] === undefined ? [] : [`${key}=${labels[key]}`])).join(',');

/** The body of a pod's creation. */
export function podOf({ labels, annotations, spec }: Template, id: string): object {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: podName(id), labels, annotations }, spec };
}

/** What the API server fills in by itself (measured), beside what the template says. */
const defaulted = new Set([
  'dnsPolicy',
  'nodeName',
  'preemptionPolicy',
  'priority',
  'schedulerName',
  'serviceAccount',
  'serviceAccountName',
  'tolerations',
]);

/** The names of fields in which a made pod is not as its template: something in the cluster changes pods. */
export function differing({ spec, labels }: Template, made: PodView): readonly string[] {
  const changed = Object.keys(spec).filter(
    (key) => !defaulted.has(key) && !isDeepStrictEqual(made.spec[key], spec[key]),
  );
  const added = present(made.spec).filter((key) => !Object.hasOwn(spec, key) && !defaulted.has(key));
  const relabelled = isDeepStrictEqual({ ...made.labels }, { ...labels }) ? [] : ['labels'];
  return [...changed, ...added, ...relabelled];
}
