// One job with its faults, and what must hold of it, whatever they were.

import type { JobResult } from '../../src/try/runner/index.ts';
import type { SimulatedDroneOptions, TriggerFault } from '../../src/try/drone/index.ts';
import type { Built } from '../../src/try/built.ts';
import type { Fault, Moment, Plan } from './kinds.ts';
import { type Lane, slug, startLane } from './lane.ts';

export interface Outcome {
  readonly conclusion: JobResult['conclusion'];
  /** Of the annotation that says why it did not succeed; empty: it did. */
  readonly code: string;
  /** Statuses of the builds that Drone made. */
  readonly builds: readonly string[];
  /** Rules that did not hold. */
  readonly broken: readonly string[];
}

export interface Bench {
  run(nth: number, plan: Plan): Promise<Outcome>;
  close(): Promise<void>;
}

/** What an author reads when nobody knows what became of the build. */
const unknown: ReadonlySet<string> = new Set([
  'trigger-unknown',
  'drone-lost',
  'drone-unreachable',
  'not-a-drone',
  'drone-answer-malformed',
  'cell-lost',
  'recovery-impossible',
  'no-result',
  'gate-unreachable',
  'cancel-lost',
]);
export const isUnknown = ({ code }: Outcome): boolean => unknown.has(code);

const ended: ReadonlySet<string> = new Set(['success', 'failure', 'killed', 'error']);
const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
async function until(holds: () => boolean, ms: number): Promise<boolean> {
  for (const limit = Date.now() + ms; !holds(); await pause(2)) if (Date.now() > limit) return false;
  return true;
}

/** Shows the job's log and the gate's of a run that does not end. */
const show = process.env['AIRLOCK_FAULTS_SHOW'] !== undefined;
/** For a whole job: many times what the longest one takes. */
const limit = 240_000;

function rulesBroken(result: JobResult, code: string, builds: readonly string[], plan: Plan): readonly string[] {
  const { conclusion, outputs } = result;
  const cancelled = plan.faults.some(({ deed }) => deed === 'cancel job');
  const rules: readonly (readonly [string, boolean])[] = [
    ['one build at most', builds.length <= 1],
    ['no success without a build that succeeded', conclusion !== 'success' || builds[0] === 'success'],
    ['a success names its build', conclusion !== 'success' || outputs['number'] !== ''],
    ['no build is left running', builds.every((status) => ended.has(status))],
    ['what does not succeed says why', conclusion === 'success' || cancelled || code !== ''],
    [
      'a build that succeeded is a success, or called unknown',
      builds[0] !== 'success' || conclusion === 'success' || cancelled || unknown.has(code),
    ],
    ['a job that nobody cancelled is not cancelled', conclusion !== 'cancelled' || cancelled],
  ];
  return rules.flatMap(([rule, holds]) => (holds ? [] : [rule]));
}

const codeIn = (result: JobResult): string =>
  result.annotations.flatMap(({ message }) => /^\[airlock ([a-z-]+)\]/.exec(message)?.[1] ?? []).at(-1) ?? '';

export async function openBench(built: Built): Promise<Bench> {
  let answers: TriggerFault[] = [];
  let triggered = false;
  let stalledUntil = 0;
  const disturb: SimulatedDroneOptions['disturb'] = ({ method }) => {
    if (method === 'POST') triggered = true;
    const delayMs = stalledUntil - Date.now();
    return delayMs > 0 ? { delayMs } : undefined;
  };
  const scenario = {
    stages: [{ name: 'default', steps: [{ name: 'deploy', lines: ['deploying\n'], ms: 60 }] }],
    pendingMs: 20,
    trigger: () => answers.shift() ?? 'ok',
    slowMs: 0,
  };
  const lane: Lane = await startLane(built, scenario, disturb, { logLevel: show ? 'trace' : 'silent' });
  const { drone, gate } = lane;

  // A server is not stopped while it stops.
  let droneIsAt: Promise<void> = Promise.resolve();
  const after = (what: () => Promise<void>): Promise<void> => (droneIsAt = droneIsAt.then(what));

  async function act({ deed, lasts }: Fault, job: AbortController): Promise<void> {
    if (deed === 'kill gate') return gate.kill();
    if (deed === 'stop gate') return gate.stop();
    if (deed === 'stall gate') return gate.stall(lasts);
    if (deed === 'replace stalled gate') return gate.replaceStalled(lasts);
    if (deed === 'kill cell') return lane.killCells();
    if (deed === 'restart Drone') return after(() => drone.restart());
    if (deed === 'cancel job') return job.abort();
    if (deed === 'stall Drone') stalledUntil = Date.now() + lasts;
    else
      await after(async () => {
        await drone.stop();
        await pause(lasts);
        await drone.start();
      });
  }

  return {
    async run(nth, plan) {
      const base = drone.builds(slug).length;
      const from = lane.auditSize();
      answers = [...plan.answers];
      scenario.slowMs = plan.slow;
      triggered = false;
      const job = new AbortController();
      const lines: string[] = [];
      let over = false;
      const reached: Readonly<Record<Moment, () => boolean>> = {
        job: () => lines.length > 0,
        order: () => lane.audited('order', from),
        trigger: () => triggered,
      };
      const playing = lane.job(nth, job.signal, (line) => lines.push(line)).finally(() => (over = true));
      const faults = plan.faults.map(async (fault) => {
        await until(() => over || reached[fault.after](), limit);
        await pause(fault.delay);
        await act(fault, job);
      });
      const late = pause(limit).then(() => undefined);
      const result = await Promise.race([playing, late]);
      await Promise.all(faults);
      const builds = (): string[] =>
        drone
          .builds(slug)
          .slice(base)
          .map(({ status }) => status);
      await until(() => builds().every((status) => ended.has(status)), 30_000);
      if (result === undefined) {
        job.abort();
        if (show) console.log(`${lines.join('\n')}\n${lane.gateLog()}`);
        return { conclusion: 'failure', code: '', builds: builds(), broken: [`the job ends within ${limit} ms`] };
      }
      const code = codeIn(result);
      const broken = rulesBroken(result, code, builds(), plan);
      return { conclusion: result.conclusion, code, builds: builds(), broken };
    },
    close: () => lane.close(),
  };
}
