// What the fleet sees: its containers, by their labels, and GitHub's list of its registrations.

import type { Engine, Logger } from '../gate/index.ts';
import type { RunnerAnswer } from './github/answers.ts';
import type { GitHub } from './github/client.ts';
import type { Memory } from './memory.ts';
import { isOwn } from './names.ts';
import type { SeenRunner } from './plan.ts';
import { installationLabel, madeLabel, registrationLabel, runnerLabel } from './specification.ts';
import type { FleetTiming } from './timing.ts';

const alive = new Set(['running', 'paused', 'restarting']);
const digits = /^[0-9]{1,15}$/;
const numberOf = (text: string | null): number | null => (text !== null && digits.test(text) ? Number(text) : null);

/** All containers of this installation's fleet, whichever gate made them. @throws {EngineError} */
export async function lookAtRunners(
  engine: Engine,
  installation: string,
  prefix: string,
  memory: Memory,
): Promise<readonly SeenRunner[]> {
  const seen = await engine.list([`${installationLabel}=${installation}`, runnerLabel]);
  return seen.flatMap(({ State, Labels }) => {
    const name = Labels(runnerLabel);
    if (name === null || !isOwn(prefix, name)) return [];
    const registration = numberOf(Labels(registrationLabel));
    if (registration !== null) memory.registered(name, registration);
    const { busySince, doneSince, missingSince } = memory.of(name);
    const made = numberOf(Labels(madeLabel)) ?? 0;
    return [{ name, running: alive.has(State), made, busySince, doneSince, missingSince }];
  });
}

export interface Registrations {
  /** As far as they are known. */
  last(): readonly RunnerAnswer[];
  /** Asks again when it is time; who calls meanwhile shares the question. Never rejects. */
  refresh(): Promise<void>;
  /** It was dealt with, or is left for the next list. */
  drop(id: number): void;
}

export function createRegistrations(
  {
    github,
    prefix,
    timing,
    log,
    now,
  }: {
    readonly github: GitHub;
    readonly prefix: string;
    readonly timing: FleetTiming;
    readonly log: Logger;
    readonly now: () => number;
  },
  /** @param asked when the list was asked for */
  onList: (list: readonly RunnerAnswer[], asked: number) => void,
): Registrations {
  let list: readonly RunnerAnswer[] = [];
  let next = -Infinity;
  let asking: Promise<void> | null = null;

  async function ask(): Promise<void> {
    const asked = now();
    next = asked + timing.list;
    try {
      list = (await github.runners(prefix)).filter(({ name }) => isOwn(prefix, name));
      onList(list, asked);
    } catch (err) {
      log.warn({ err }, "GitHub's list of runners cannot be read");
    }
  }

  return {
    last: () => list,
    refresh() {
      if (asking === null && now() < next) return Promise.resolve();
      asking ??= ask().finally(() => {
        asking = null;
      });
      return asking;
    },
    drop(id) {
      list = list.filter((one) => one.id !== id);
    },
  };
}
