// A trigger of the simulated Drone's repository, and what came of it.

import { connectDrone } from '../../src/drone/connection.ts';
import type { TriggerTask } from '../../src/drone/ours.ts';
import { type Triggered, trigger } from '../../src/drone/trigger.ts';
import type { DroneScenario } from '../../src/try/drone/index.ts';
import { commit, nonce, quick } from '../support/drone-run.ts';
import { oneStage, slug } from './sim.ts';

export const task = (more: Partial<TriggerTask> = {}): TriggerTask => ({
  repository: slug,
  ref: 'refs/heads/main',
  commit,
  params: { ENVIRONMENT: 'staging', AIRLOCK_NONCE: nonce },
  login: 'bot',
  base: 0,
  ...more,
});

export const start = (
  drone: { readonly url: string },
  what: TriggerTask = task(),
  limits: Partial<typeof quick> = {},
  cancel: AbortSignal = new AbortController().signal,
): Promise<Triggered> =>
  trigger(connectDrone({ server: drone.url, token: 'bot-token' }), what, {
    user: { login: 'bot', admin: false, active: true },
    limits: { ...quick, lookup: 150, ...limits },
    cancel,
  });

export const endingOf = (triggered: Triggered): string =>
  'build' in triggered ? `build ${triggered.build.number}` : `${triggered.ending.verdict}/${triggered.ending.code}`;
export const messageOf = (triggered: Triggered): string => ('ending' in triggered ? triggered.ending.message : '');

export const long: DroneScenario = oneStage({ name: 'deploy', ms: Number.POSITIVE_INFINITY });
export const withFault = (fault: DroneScenario['trigger'], more: Partial<DroneScenario> = {}): DroneScenario => ({
  ...long,
  ...(fault === undefined ? {} : { trigger: fault }),
  ...more,
});
