// The states of a build as the playback server shows them, each from its time on: what was seen of it, and where nobody
// looked, what its streams, its logs and its own times tell.

import { type Frame, framesOf, jsonOf } from '../support/recordings.ts';
import { type Story, buildPath } from '../support/stories.ts';
import {
  type SeenBuild,
  type SeenStage,
  type SeenStep,
  type Sighting,
  isBuild,
  isOver,
  sightingsOf,
} from './sightings.ts';

export interface Timeline {
  readonly frames: readonly Frame[];
  /** Nobody saw how the build ended; that it was a success is inferred from its logs alone. */
  readonly assumed: boolean;
}

/** Seconds of the recording; infinity: not told. */
interface Life {
  readonly from: number;
  readonly to: number;
}

const never = Number.POSITIVE_INFINITY;
/** Where no look tells a time, any will do. */
const someTime = 1_700_000_000;
const buildOf = (frame: Frame): SeenBuild | undefined => {
  const json = 'status' in frame && frame.status === 200 ? jsonOf(frame) : undefined;
  return isBuild(json) ? json : undefined;
};

/** A step runs while its stream is open, and has ended when its stored log is there. */
function livesByLogs(story: Story, number: number): ReadonlyMap<string, Life> {
  const lives = new Map<string, { from: number; to: number }>();
  const last = new Map<string, number>();
  const log = new RegExp(`^/api/(?:stream/[^/]+/[^/]+/${number}|repos/[^/]+/[^/]+/builds/${number}/logs)/(\\d+/\\d+)$`);
  for (const item of story.recording.items) {
    if (item.kind === 'note' || item.at < story.at || !item.request.path.includes(`/${story.repository}/`)) continue;
    const key = log.exec(item.request.path)?.[1];
    if (key === undefined) continue;
    const life = lives.get(key) ?? { from: item.at, to: never };
    // An end at once says that the step has not begun or is over (recording 43), so only the last one counts.
    const ended = item.kind === 'stream' && item.ended.how === 'the server ended the response';
    if (item.kind === 'exchange' && item.response?.status === 200) life.to = Math.min(life.to, item.at);
    else if (ended && item.chunks.length > 2) life.to = Math.min(life.to, item.ended.at);
    else if (ended) last.set(key, item.at);
    lives.set(key, life);
  }
  for (const [key, at] of last) {
    const known = lives.get(key);
    if (known?.to === never) known.to = at;
  }
  return lives;
}

/** Drone's own times, in whole seconds. */
function lifeByTimes(
  story: Story,
  { created = 0 }: SeenBuild,
  { started = 0, stopped = 0 }: SeenStep,
): Life | undefined {
  if (started === 0 || created === 0) return undefined;
  return { from: story.at + started - created, to: stopped === 0 ? never : story.at + stopped - created };
}

/** Stages and steps of a look, or those that the logs name. */
function shapeOf(look: SeenBuild | undefined, lives: ReadonlyMap<string, Life>): readonly SeenStage[] {
  if (look?.stages !== undefined) return look.stages;
  const keys = [...lives.keys()].map((key) => key.split('/').map(Number));
  const numbers = [...new Set(keys.map(([stage = 1]) => stage))].toSorted((a, b) => a - b);
  return numbers.map((number) => ({
    number,
    name: number === 1 ? 'default' : `stage-${number}`,
    status: 'pending',
    steps: keys
      .filter(([stage]) => stage === number)
      .map(([, step = 1]) => ({ number: step, name: `step-${step}`, status: 'pending', exit_code: 0 }))
      .toSorted((a, b) => a.number - b.number),
  }));
}

interface Guess {
  readonly story: Story;
  /** What was answered to the trigger. */
  readonly posted: unknown;
  /** The look that is nearest in time. */
  readonly look: SeenBuild | undefined;
  readonly lives: ReadonlyMap<string, Life>;
  /** Before the first look nothing has ended that is not known to; after the last one everything may have. */
  readonly side: 'before' | 'after';
}

function statusAt({ side }: Guess, step: SeenStep, { from, to }: Life, at: number): string {
  if (at >= to) return isOver(step) ? step.status : 'success';
  if (side === 'after') return at < from ? step.status : 'running';
  return at < from || step.status === 'skipped' ? 'pending' : 'running';
}

function stepAt(guess: Guess, stage: SeenStage, step: SeenStep, at: number): SeenStep {
  const { story, look, lives, side } = guess;
  const life = lives.get(`${stage.number}/${step.number}`) ?? (look && lifeByTimes(story, look, step));
  if (life === undefined) return side === 'after' ? step : { ...step, status: 'pending', started: 0, stopped: 0 };
  if (side === 'after' && isOver(step)) return step;
  const status = statusAt(guess, step, life, at);
  const seconds = (time: number): number => Math.floor((look?.created ?? someTime) + Math.max(0, time - story.at));
  return {
    ...step,
    status,
    started: status === 'pending' ? 0 : (step.started ?? seconds(life.from)),
    stopped: isOver({ status }) ? (step.stopped ?? seconds(life.to)) : 0,
  };
}

const isBad = ({ status }: { readonly status: string }): boolean => status !== 'success' && status !== 'skipped';

function stageAt(guess: Guess, stage: SeenStage, at: number): SeenStage {
  if (guess.side === 'after' && isOver(stage)) return stage;
  const steps = (stage.steps ?? []).map((step) => stepAt(guess, stage, step, at));
  const begun = steps.some(({ status }) => status !== 'pending');
  const over = guess.side === 'after' && steps.length > 0 && steps.every(isOver);
  const waits = guess.side === 'after' ? stage.status : 'pending';
  const status = over ? (steps.some(isBad) ? 'failure' : 'success') : begun ? 'running' : waits;
  return { exit_code: 0, started: 0, stopped: 0, ...stage, status, steps: begun ? steps : [] } as SeenStage;
}

function frameAt(guess: Guess, at: number): Frame {
  const stages = shapeOf(guess.look, guess.lives).map((stage) => stageAt(guess, stage, at));
  const over = guess.side === 'after' && stages.length > 0 && stages.every(isOver);
  const runs = stages.some(({ status }) => status === 'running');
  const status = over ? (stages.some(isBad) ? 'failure' : 'success') : runs ? 'running' : 'pending';
  return { at, status: 200, json: { ...((guess.look ?? guess.posted) as object), status, finished: 0, stages } };
}

const timesOf = (guess: Guess): readonly number[] => {
  const { story, look, lives } = guess;
  const byTimes = shapeOf(look, lives).flatMap(({ steps = [] }) =>
    steps.map((step) => (look === undefined ? undefined : lifeByTimes(story, look, step))),
  );
  return [...lives.values(), ...byTimes].flatMap((life) => (life === undefined ? [] : [life.from, life.to]));
};

function framesBetween(guess: Guess, from: number, to: number): readonly Frame[] {
  const times = [from, ...timesOf(guess).filter((at) => at > from && at < to && Number.isFinite(at))];
  return [...new Set(times)].toSorted((a, b) => a - b).map((at) => frameAt(guess, at));
}

/** Everything that was seen of the build by itself; what only a cancel brought is left to the cancel. */
function looksOf(story: Story, number: number): readonly Frame[] {
  const path = buildPath(story, number);
  const own = new Set(framesOf(story.recording, 'GET', path, story.as));
  const shown = framesOf(story.recording, 'GET', path).filter(
    (frame) => ('status' in frame && frame.status === 200) || [...own].some((one) => one.at === frame.at),
  );
  const others = sightingsOf(story.recording, story.repository, number).filter(
    ({ how, build }) => how === 'event' || (how === 'cancel' && isOver(build) && build.status !== 'killed'),
  );
  const frames = [...shown, ...others.map(({ at, build }): Frame => ({ at, status: 200, json: build }))]
    .filter(({ at }) => at >= story.at)
    .toSorted((a, b) => a.at - b.at);
  const end = frames.findIndex((frame) => isOver(buildOf(frame) ?? { status: 'running' }));
  // News of the event stream may be older than a look.
  return frames.filter((frame, index) => end < 0 || index <= end || isOver(buildOf(frame) ?? { status: 'success' }));
}

/** Where only a list shows how the build ended. */
const listedEnd = (story: Story, number: number): Sighting | undefined =>
  sightingsOf(story.recording, story.repository, number).findLast(
    ({ at, how, build }) => at >= story.at && how === 'list' && isOver(build),
  );

const someShape: readonly SeenStage[] = [
  { number: 1, name: 'default', status: 'pending', steps: [{ number: 1, name: 'step-1', status: 'pending' }] },
];

/** A list tells no stages: the last one that had not ended well before is the reason of what it tells. */
function endedFrame(guess: Guess, { at, build }: Sighting): Frame {
  const shape = shapeOf(guess.look, guess.lives);
  const known = shape.length > 0 ? shape : someShape;
  const end = <T extends SeenStep | SeenStage>(part: T, isLast: boolean): T =>
    isOver(part) ? part : { exit_code: 0, started: 0, stopped: 0, ...part, status: isLast ? build.status : 'success' };
  const stages = known.map((stage, index) => {
    const isLast = index === known.length - 1;
    const steps = stage.steps?.map((step, nth, all) => end(step, isLast && nth === all.length - 1));
    return { ...end(stage, isLast), steps };
  });
  const json: unknown = Object.assign({}, guess.look ?? guess.posted, build, { stages });
  return { at, status: 200, json };
}

/** `posted`: the build as the answer to the trigger shows it. `cancelledAt`: when the client itself ended it. */
export function timelineOf(story: Story, number: number, posted: unknown, cancelledAt?: number): Timeline {
  const looks = looksOf(story, number);
  const lives = livesByLogs(story, number);
  const seen = looks.flatMap((frame) => buildOf(frame) ?? []);
  const killed = sightingsOf(story.recording, story.repository, number).find(({ how }) => how === 'cancel')?.build;
  const nearest = seen[0] ?? killed;
  const ended = listedEnd(story, number);
  if (nearest === undefined && lives.size === 0 && ended === undefined) return { frames: looks, assumed: false };

  const first = Math.min(looks[0]?.at ?? never, cancelledAt ?? never);
  const before: Guess = { story, posted, look: nearest, lives, side: 'before' };
  const unseen = nearest === undefined && ended === undefined;
  const frames = unseen ? [] : [...framesBetween(before, story.at, Math.min(first, ended?.at ?? never)), ...looks];
  const last = seen.at(-1);
  if (cancelledAt !== undefined || (last !== undefined && isOver(last))) return { frames, assumed: false };

  const after: Guess = { story, posted, look: last, lives, side: 'after' };
  const since = looks.at(-1)?.at ?? story.at;
  const guessed = framesBetween(after, since, never).filter(({ at }) => at > since || unseen);
  if (ended !== undefined) {
    const open = guessed.filter((frame) => frame.at < ended.at && !isOver(buildOf(frame) ?? { status: 'running' }));
    return { frames: [...frames, ...open, endedFrame(after, ended)], assumed: true };
  }
  const assumed = guessed.some((frame) => isOver(buildOf(frame) ?? { status: 'running' }));
  return { frames: [...frames, ...guessed], assumed };
}
