// What others did in the world of a recording: builds that no recorded request made, numbers that were lost, and cancels,
// approvals and refusals of which only the outcome was seen.

import type { SimulatedBuild, SimulatedDrone } from '../../../../src/try/drone/index.ts';
import { ask } from '../client.ts';
import type { Mover } from './mover.ts';
import type { Observations, Observed, ObservedBuild } from './observed.ts';
import { answersOf, tokenOf } from './people.ts';
import { type Exchange, type Item, numberOf, type Recording, slugOf } from './recording.ts';
import type { Seen } from './report.ts';

type Planted = NonNullable<Parameters<SimulatedDrone['plantBuild']>[1]>;

interface Arrival {
  at: number;
  what: string;
  run: () => Promise<void>;
}

/** A build that no recorded request made. */
interface Foreign {
  slug: string;
  number: number;
  observed: Observed;
}

/** An administrator: nothing is refused to him. */
const SOMEBODY = 'octo';
const OPEN: ReadonlySet<string> = new Set(['pending', 'running', 'waiting_on_dependencies', 'blocked']);
/** The build is there just before it is seen. */
const BEFORE_SECONDS = 1e-6;

function plantable(build: ObservedBuild): Planted {
  const { parent, deploy_to: deployTo, error, ...same } = build;
  return {
    ...same,
    ...(parent === undefined ? {} : { parent }),
    ...(deployTo === undefined ? {} : { deployTo }),
    ...(error === undefined ? {} : { error }),
  };
}

/** Of a build that had ended, and of which nobody saw a stage, nothing more is asked than that it is in the list. */
const isPast = ({ states }: Observed): boolean =>
  states.length > 0 && states.every(({ build }) => !OPEN.has(build.status) && build.stages === undefined);

const isThere = ({ states, logs, streamed, implied }: Observed): boolean =>
  states.length > 0 || logs.size > 0 || streamed.size > 0 || implied;

const isAbout = (item: Item, slug: string, number: number): boolean =>
  item.kind !== 'note' && slugOf(item.request.path) === slug && numberOf(item.request.path) === number;

/** Whether a list shows that there was no such build yet: it is newer than everything in it, and would be the first. */
const lacks = (json: unknown, number: number): boolean =>
  Array.isArray(json) && (json as ObservedBuild[]).every((build) => build.number < number);

export class Others {
  readonly #recording: Recording;
  readonly #seen: Observations;
  readonly #drone: SimulatedDrone;
  readonly #mover: Mover;

  constructor(recording: Recording, seen: Observations, drone: SimulatedDrone, mover: Mover) {
    this.#recording = recording;
    this.#seen = seen;
    this.#drone = drone;
    this.#mover = mover;
  }

  /** Builds that were there before the recording began. */
  plantOlder(): void {
    for (const one of this.#notMadeHere()) if (this.#wasThere(one)) this.#plant(one);
  }

  /** Builds that somebody else made, each just before it was seen or asked for. */
  arrivals(): Arrival[] {
    return this.#notMadeHere().flatMap((one): Arrival[] => {
      const { slug, number, observed } = one;
      if (!isThere(observed) || this.#wasThere(one)) return [];
      const asked = this.#recording.items.filter((item) => isAbout(item, slug, number)).map(({ at }) => at);
      const at = Math.min(observed.states[0]?.at ?? Number.POSITIVE_INFINITY, ...asked) - BEFORE_SECONDS;
      return [{ at, what: `build ${number} of somebody else`, run: async () => this.#plant(one) }];
    });
  }

  #plant({ slug, number, observed }: Foreign): void {
    const [first] = observed.states;
    const isKnown =
      first !== undefined || observed.logs.size > 0 || observed.streamed.size > 0 || observed.decided.size > 0;
    const shape = first === undefined ? this.#parent(slug, number) : plantable(first.build);
    this.#drone.plantBuild(slug, { ...shape, number, lives: isKnown && !isPast(observed) });
  }

  /** A build of which only what was made of it was seen: that has its commit, and parameters that hold its own. */
  #parent(slug: string, number: number): Planted {
    const all = [...this.#seen.repository(slug).builds.values()].flatMap(({ states }) => states);
    const child = all.find(({ build }) => build.parent === number)?.build;
    if (child === undefined) return {};
    const { ref, after, params = {}, sender, message } = child;
    return { ref, after, params, sender, message };
  }

  /** Of a build that a list was the first to show: older than those made here, and in every list that could show it. */
  #wasThere({ slug, number, observed: { states, firstListed } }: Foreign): boolean {
    const [first] = states;
    if (first === undefined || !firstListed) return false;
    const { builds } = this.#seen.repository(slug);
    if ([...builds].some(([other, { madeHere }]) => madeHere && other < number)) return false;
    return !this.#recording.items.some(
      (item) =>
        item.kind !== 'note' &&
        item.at < first.at &&
        item.request.path.split('?')[0] === `/api/repos/${slug}/builds` &&
        answersOf(item).some(({ json }) => lacks(json, number)),
    );
  }

  /** A trigger that failed late takes a number with it: the build that is made now has the recorded one. */
  skipNumbers({ request, response }: Exchange): void {
    const slug = slugOf(request.path);
    const { number } = (response?.json ?? {}) as Partial<ObservedBuild>;
    if (slug !== undefined && typeof number === 'number' && this.#seen.repositories.has(slug))
      this.#drone.skipNumbers(slug, number);
  }

  /** What time alone does not bring: a cancel, an approval, a refusal that nobody recorded. False: nothing was left to do. */
  async step(path: string, { json }: Seen): Promise<boolean> {
    const slug = slugOf(path);
    if (slug === undefined) return false;
    const wanted = (Array.isArray(json) ? json : [json]) as (ObservedBuild | null | undefined)[];
    for (const build of wanted) if (build && (await this.#decide(slug, build))) return true;
    return false;
  }

  async #decide(slug: string, wanted: ObservedBuild): Promise<boolean> {
    const now = this.#builds(slug).find(({ number }) => number === wanted.number);
    if (now === undefined) return false;
    const path = `/api/repos/${slug}/builds/${now.number}`;
    for (const { number, status } of now.stages) {
      const other = wanted.stages?.find((stage) => stage.number === number)?.status ?? status;
      if (status !== 'blocked' || other === 'blocked' || other === 'killed' || other === 'skipped') continue;
      await this.#do('POST', `${path}/${other === 'declined' ? 'decline' : 'approve'}/${number}`);
      return true;
    }
    if (wanted.status !== 'killed' || !OPEN.has(now.status)) return false;
    if (
      wanted.stages?.some(({ steps = [] }) => steps.some((step) => step.status === 'killed' && step.exit_code !== 130))
    )
      return false;
    await this.#mover.beforeCancel(path, wanted, Number.POSITIVE_INFINITY);
    await this.#do('DELETE', path);
    return true;
  }

  async #do(method: string, path: string): Promise<void> {
    await ask(this.#drone.url, path, { method, token: tokenOf(SOMEBODY) });
  }

  #builds(slug: string): readonly SimulatedBuild[] {
    return this.#seen.repositories.has(slug) ? this.#drone.builds(slug) : [];
  }

  #notMadeHere(): Foreign[] {
    return [...this.#seen.repositories].flatMap(([slug, { builds }]) =>
      [...builds]
        .filter(([, { madeHere }]) => !madeHere)
        .sort(([a], [b]) => a - b)
        .map(([number, observed]) => ({ slug, number, observed })),
    );
  }
}
