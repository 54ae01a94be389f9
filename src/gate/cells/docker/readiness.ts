// Whether a cell could be started now, looked at again and again: an engine is restarted, an image is pruned, a network
// is deleted, and the operator should read so before the next job does.

import { Failure } from '../../../protocol/index.ts';
import type { Logger } from '../../log.ts';
import type { InfoAnswer } from './answers.ts';
import type { EngineApi } from './api.ts';
import { EngineError } from './engine-error.ts';
import { cellEnvironment } from './environment.ts';
import { imageProblem } from './image.ts';
import { networkProblem } from './network.ts';
import { failure, noImage, noNetwork, told, unfit } from './sentences.ts';
import type { DockerTiming } from './timing.ts';

/** What a start needs to know; `environment` is the cells' own. */
export type Readiness =
  | { readonly environment: readonly string[]; readonly internal: boolean }
  /** In one sentence for the operator. */
  | { readonly problem: string; readonly failure: Failure };

export interface Readings {
  /** The last look; null: there was none yet. */
  last(): Readiness | null;
  /** Looks now. Those who ask at the same time share one look. */
  look(): Promise<Readiness>;
  stop(): void;
}

interface Wanted {
  readonly image: string;
  readonly network: string;
}

const notReady = (problem: string, author = unfit): Readiness => ({
  problem,
  failure: new Failure('no-cell-engine', author, { cause: new Error(problem), status: 503 }),
});

/** What keeps the seal from being kept on this machine. */
function engineProblem({ SecurityOptions, MemoryLimit, PidsLimit, CpuCfsQuota }: InfoAnswer): string | null {
  const seccomp = (SecurityOptions ?? []).find((option) => option.split(',').includes('name=seccomp'));
  if (seccomp === undefined || seccomp.includes('unconfined'))
    return 'the Docker engine runs containers without seccomp: start it with its default profile';
  const limits = { memory: MemoryLimit, processes: PidsLimit, 'processor time': CpuCfsQuota };
  const missing = Object.entries(limits).flatMap(([name, kept]) => (kept ? [] : [name]));
  return missing.length === 0
    ? null
    : `the Docker engine cannot limit ${missing.join(' and ')} on this machine: enable the control groups for it`;
}

/** null: the engine has none. */
async function orNull<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof EngineError && error.status === 404) return null;
    throw error;
  }
}

export function createReadings(api: EngineApi, wanted: Wanted, timing: DockerTiming, log: Logger): Readings {
  const { image, network } = wanted;
  let last: Readiness | null = null;
  let looking: Promise<Readiness> | null = null;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  /** The engine whose abilities are known; null: ask. */
  let known: string | null = null;

  async function ask(): Promise<Readiness> {
    const { Version, ApiVersion } = await api.hello();
    const engine = `${Version} ${ApiVersion}`;
    if (known !== engine) {
      const info = await api.info();
      const problem = engineProblem(info);
      if (problem !== null) return notReady(problem);
      if (!info.LiveRestoreEnabled)
        log.warn('cells end when the Docker engine is restarted: set "live-restore": true in its daemon.json');
    }
    const seenImage = await orNull(api.image(image));
    if (seenImage === null) return notReady(`${noImage.operator} (${image})`, noImage.author);
    const seenNetwork = await orNull(api.network(network));
    if (seenNetwork === null) return notReady(`${noNetwork.operator} (${network})`, noNetwork.author);
    const problem = imageProblem(image, seenImage) ?? networkProblem(network, seenNetwork);
    if (problem !== null) return notReady(problem);
    const environment = cellEnvironment(seenImage.Config.Env ?? []);
    if (environment === null)
      return notReady(`the image ${image} sets a variable without a name, which no container can be rid of`);
    known = engine;
    return { environment, internal: seenNetwork.Internal };
  }

  async function lookOnce(): Promise<Readiness> {
    let seen: Readiness;
    try {
      seen = await ask();
    } catch (error) {
      const problem =
        error instanceof EngineError ? `${told('check', error).operator} (${error.message})` : String(error);
      seen = { problem, failure: failure('check', error) };
    }
    const before = last !== null && 'problem' in last ? last.problem : null;
    if ('problem' in seen) {
      known = null;
      if (seen.problem !== before) log.error({ problem: seen.problem }, 'no cell can be started');
    } else if (before !== null || last === null) {
      log.info({ engine: known, image, network, internal: seen.internal }, 'cells can be started');
    }
    last = seen;
    return seen;
  }

  async function look(): Promise<Readiness> {
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
    look,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
