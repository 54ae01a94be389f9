// Whether a cell could be started now, looked at again and again: the PodTemplate is there and seals, the API server takes
// a cell of it, and refuses one that differs. The last is the proof that the ValidatingAdmissionPolicy is enforced: with a
// policy that could not be created nothing is, without any error (measured).

import { randomBytes } from 'node:crypto';
import { Failure } from '../../../protocol/index.ts';
import { KubernetesError, isStatus } from '../../kubernetes/index.ts';
import type { Logger } from '../../log.ts';
import type { PodApi } from './api.ts';
import { failure, isQuota, isRefusedByPolicy, told, unfit } from './sentences.ts';
import { type Template, podOf, templateProblem } from './template.ts';
import type { KubernetesTiming } from './timing.ts';

export type Readiness =
  | { readonly template: Template }
  /** In one sentence for the operator. */
  | { readonly problem: string; readonly failure: Failure };

export interface Readings {
  /** The last look; null: there was none yet. */
  last(): Readiness | null;
  /** The last template that was read, whether or not it seals: cells that run are found by it. @throws {Failure} */
  known(): Promise<Template>;
  /** Looks now. Those who ask at the same time share one look. */
  look(): Promise<Readiness>;
  stop(): void;
}

interface Wanted {
  readonly image: string;
  readonly deadline: number;
  /** False: the operator has no ValidatingAdmissionPolicy and says so. */
  readonly admission: boolean;
}

const notReady = (problem: string): Readiness => ({
  problem,
  failure: new Failure('no-cell-engine', unfit, { cause: new Error(problem), status: 503 }),
});

/** Differs in what Pod Security allows: only a policy that compares can notice. */
function otherPod(template: Template, id: string): object {
  const { containers } = template.spec as { containers: readonly object[] };
  const other = containers.map((container) => ({ ...container, args: ['process.exit(0)'] }));
  return podOf({ ...template, spec: { ...template.spec, containers: other } }, id);
}

export function createReadings(api: PodApi, wanted: Wanted, timing: KubernetesTiming, log: Logger): Readings {
  let last: Readiness | null = null;
  let known: Template | null = null;
  let looking: Promise<Readiness> | null = null;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const newId = (): string => randomBytes(16).toString('hex');

  async function admissionProblem(template: Template): Promise<string | null> {
    try {
      await api.dryRun(podOf(template, newId()));
    } catch (error) {
      // The quota is full of cells that run.
      if (!isQuota(error)) throw error;
    }
    if (!wanted.admission) return null;
    try {
      await api.dryRun(otherPod(template, newId()));
    } catch (error) {
      if (isRefusedByPolicy(error)) return null;
      // The quota comes after every policy (measured): whoever gets as far as it was let through.
      if (!isQuota(error)) throw error;
    }
    return "no ValidatingAdmissionPolicy refuses a pod that differs from the cells' PodTemplate: install the chart's, or see its typeChecking";
  }

  async function ask(): Promise<Readiness> {
    let template: Template;
    try {
      template = await api.template();
    } catch (error) {
      if (!isStatus(error, 404)) throw error;
      return notReady("the cells' PodTemplate is not there: the chart makes it");
    }
    known = template;
    const problem = templateProblem(template, wanted);
    if (problem !== null) return notReady(`the cells' PodTemplate does not seal: ${problem}`);
    const open = await admissionProblem(template);
    return open === null ? { template } : notReady(open);
  }

  async function lookOnce(): Promise<Readiness> {
    let seen: Readiness;
    try {
      seen = await ask();
    } catch (error) {
      const problem = error instanceof KubernetesError ? `${told(error).operator} (${error.message})` : String(error);
      seen = { problem, failure: failure(error) };
    }
    const before = last !== null && 'problem' in last ? last.problem : null;
    if ('problem' in seen) {
      if (seen.problem !== before) log.error({ problem: seen.problem }, 'no cell can be started');
    } else if (before !== null || last === null) log.info('cells can be started');
    last = seen;
    return seen;
  }

  function look(): Promise<Readiness> {
    looking ??= lookOnce().finally(() => {
      looking = null;
      clearTimeout(timer);
      // Unreferenced: a process that has nothing else to do may end.
      if (!stopped) timer = setTimeout(() => void look(), timing.recheck).unref();
    });
    return looking;
  }

  return {
    last: () => last,
    async known() {
      if (known !== null) return known;
      const seen = await look();
      if ('template' in seen) return seen.template;
      // Also what does not seal was read.
      return known ?? Promise.reject(seen.failure);
    },
    look,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
