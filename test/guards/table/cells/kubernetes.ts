import { type Guard, guardsOf } from '../../guard.ts';

// Cells as pods: from a template that seals, in a cluster that refuses every other pod.

const tests = ['test/kubernetes/sealed.test.ts'];

const template = guardsOf('cells', 'src/gate/cells/kubernetes/template.ts', tests, [
  {
    rule: 'a template has no field of a pod that nobody knows',
    code: 'no-cell-engine',
    find: 'const unknown = present(spec).find((key) => !specKeys.has(key));',
    replace: 'const unknown = [].find((key) => !specKeys.has(key));',
  },
  {
    rule: 'a template has no field of a container that nobody knows',
    code: 'no-cell-engine',
    find: 'const unknown = present(container).find((key) => !containerKeys.has(key));',
    replace: 'const unknown = [].find((key) => !containerKeys.has(key));',
  },
  {
    rule: "a template runs the policy's image",
    code: 'no-cell-engine',
    find: "if (container['image'] !== image)",
    replace: "if (container['image'] === undefined)",
  },
  {
    rule: 'a template gives no token of its service account',
    code: 'no-cell-engine',
    find: "if (spec['automountServiceAccountToken'] !== false)",
    replace: "if (spec['automountServiceAccountToken'] === true)",
  },
  {
    rule: "a container's own settings take no seal back",
    find: 'if (strange !== undefined) return `its container',
    replace: "if (strange === '') return `its container",
  },
  {
    rule: 'a cell never runs as root',
    find: "if (at(securityContext, 'runAsNonRoot') === false || at(securityContext, 'runAsUser') === 0)",
    replace: "if (at(securityContext, 'runAsNonRoot') === 'x')",
  },
  {
    rule: 'a cell has a seccomp profile',
    find: "if (!['RuntimeDefault', 'Localhost'].includes(",
    replace: "if (!['RuntimeDefault', 'Localhost', 'Unconfined'].includes(",
  },
  {
    rule: 'a cell has no capability',
    find: "if (!isDeepStrictEqual(at(securityContext, 'capabilities'), { drop: ['ALL'] }))",
    replace: "if (at(securityContext, 'capabilities') === undefined)",
  },
  {
    rule: 'a cell that is removed is not merely forgotten',
    find: "if (typeof grace !== 'number' || grace < 1)",
    replace: "if (typeof grace !== 'number')",
  },
  {
    rule: 'a label that something in the cluster adds is noticed',
    find: "isDeepStrictEqual({ ...made.labels }, { ...labels }) ? [] : ['labels']",
    replace: '[]',
  },
]);

const pods = guardsOf('cells', 'src/gate/cells/kubernetes/kubernetes-cells.ts', tests, [
  {
    rule: 'a pod that differs from its template is not used',
    code: 'cell-start-failed',
    find: 'if (fields.length > 0) {',
    replace: 'if (fields.length > 1e9) {',
  },
  {
    rule: 'a pod of another installation is nobody to adopt',
    code: 'cell-lost',
    find: 'if (selectorOf(pod) !== selectorOf(template))',
    replace: "if (selectorOf(pod) === '')",
  },
]);

const readiness = guardsOf('cells', 'src/gate/cells/kubernetes/readiness.ts', tests, [
  {
    rule: 'a policy of the cluster refuses what differs from the template',
    find: 'if (!wanted.admission) return null;',
    replace: 'if (wanted.admission) return null;',
  },
  {
    rule: 'a full quota does not pass for a policy',
    find: 'if (!isQuota(error)) throw error;\n    }\n    return "no',
    replace: 'if (isQuota(error)) return null;\n      throw error;\n    }\n    return "no',
  },
]);

const removal = guardsOf('cells', 'src/gate/cells/kubernetes/api.ts', tests, [
  {
    rule: 'a removed cell has a grace, so that its end is proved',
    find: 'gracePeriodSeconds: 1,',
    replace: 'gracePeriodSeconds: 0,',
  },
]);

export const guards: readonly Guard[] = [...template, ...pods, ...readiness, ...removal];
