// The fleet's hands: making a runner and taking it away, each whole or not at all.

import { type Engine, type Logger, defaultDockerTiming, removeContainer } from '../gate/index.ts';
import type { Doors } from './doors.ts';
import type { GitHub } from './github/client.ts';
import type { Memory } from './memory.ts';
import type { FleetSettings } from './settings.ts';
import { runnerSpecification, unsealedRunner, workFolder } from './specification.ts';

export interface Works {
  /** @throws whatever kept it from being made; nothing of it is left, or what is left is found again later */
  make(name: string): Promise<void>;
  /**
   * Ends and deletes it, whatever it does.
   * @returns what GitHub says of its registration; null: it did not answer
   */
  remove(name: string): Promise<'removed' | 'gone' | 'busy' | null>;
  /** The same for one without a job. @returns false: it has one. @throws {GitHubError} nobody knows */
  retire(name: string): Promise<boolean>;
}

export interface WorksParts {
  readonly github: GitHub;
  readonly engine: Engine;
  readonly doors: Doors;
  readonly memory: Memory;
  readonly settings: FleetSettings;
  readonly installation: string;
  readonly log: Logger;
  readonly now: () => number;
}

export function createWorks({ github, engine, doors, memory, settings, installation, log, now }: WorksParts): Works {
  let group: Promise<number> | null = null;

  /** Asked once; a group that is made anew has another number, so a failure asks again. */
  function groupId(): Promise<number> {
    group ??= github.group(settings.group).catch((error: unknown) => {
      group = null;
      throw error;
    });
    return group;
  }

  /** A registration that cannot be removed now is found in GitHub's list later. */
  async function unregister(name: string): ReturnType<Works['remove']> {
    const id = memory.registrationOf(name);
    if (id === null) return null;
    return github.removeRunner(id).catch((err: unknown) => {
      log.warn({ err, runner: name }, "a runner's registration could not be removed yet");
      return null;
    });
  }

  async function takeAway(name: string): Promise<void> {
    await removeContainer(engine, name, 'the runner', defaultDockerTiming);
    await doors.remove(name);
  }

  async function start(name: string): Promise<void> {
    const wanted = { name, group: await groupId(), labels: settings.labels, workFolder };
    const { id: registration, config } = await github.makeRunner(wanted);
    memory.registered(name, registration);
    const folder = doors.folderOf(name);
    const body = runnerSpecification({ ...settings, name, installation, folder, registration, config, made: now() });
    await engine.create(name, body);
    const differing = unsealedRunner(body, await engine.inspect(name));
    if (differing.length > 0)
      throw new Error(`the Docker engine made a runner that differs in ${differing.join(', ')}`);
    await engine.start(name);
  }

  return {
    async make(name) {
      try {
        // Before its container, so that the hook never finds a closed door.
        await doors.open(name);
        await start(name);
      } catch (error) {
        group = null;
        await takeAway(name).catch((err: unknown) => log.error({ err, runner: name }, 'a failed runner may be left'));
        await unregister(name);
        memory.forget(name);
        throw error;
      }
    },
    async remove(name) {
      await takeAway(name);
      const registration = await unregister(name);
      memory.forget(name);
      return registration;
    },
    async retire(name) {
      const id = memory.registrationOf(name);
      // Once GitHub has let it go, no job can come any more.
      if (id !== null && (await github.removeRunner(id)) === 'busy') return false;
      await takeAway(name);
      memory.forget(name);
      return true;
    },
  };
}
