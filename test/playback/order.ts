// The order that a gate would give for a recorded trigger. Times are those of the recording, scaled, with room for a busy
// machine where only a broken recording would come to the limit.

import { randomBytes } from 'node:crypto';
import { type Order, orderVersion } from '../../src/protocol/index.ts';
import { type Recording, jsonOf } from '../support/recordings.ts';
import type { Story } from '../support/stories.ts';
import { isBuild } from './sightings.ts';
import { timelineOf } from './timeline.ts';

/** Milliseconds beyond what was recorded, after which nothing more comes. */
const roomMs = 4000;
/** For what comes as soon as a busy machine can: ninety thousand lines of a stored log, for example. */
const workMs = 60_000;
const nowhere = 'refs/heads/main';

function refOf({ branch, exchange }: Story): string {
  if (branch !== '') return branch.startsWith('refs/') ? branch : `refs/heads/${branch}`;
  const answer = exchange.response === undefined ? undefined : jsonOf(exchange.response);
  const ref = isBuild(answer) && 'ref' in answer ? answer.ref : nowhere;
  return typeof ref === 'string' ? ref : nowhere;
}

/** Second at which the last thing of a recording happened. */
function endOf(from: Recording): number {
  const times = from.items.flatMap((item) => [item.at, item.kind === 'stream' ? item.ended.at : item.at]);
  const answers = from.items.flatMap((item) => (item.kind === 'poll' ? item.answers.map(({ at }) => at) : []));
  return Math.max(0, ...times, ...answers);
}

/** `scale`: seconds of the recording to seconds of the test. */
export function orderOf(story: Story, server: string, scale: number): Order {
  const ms = (seconds: number): number => Math.ceil(seconds * scale * 1000);
  const whole = ms(endOf(story.recording) - story.at);
  const isShown = story.number !== undefined && timelineOf(story, story.number, undefined).frames.length > 0;
  return {
    v: orderVersion,
    id: randomBytes(16).toString('hex'),
    kind: 'build',
    drone: { server, token: randomBytes(16).toString('hex') },
    repository: story.repository,
    ref: refOf(story),
    ...(story.commit === undefined ? {} : { commit: story.commit }),
    nonce: randomBytes(16).toString('hex'),
    params: story.params,
    log: 'full',
    redact: [],
    limits: {
      call: workMs,
      trigger: ms(story.exchange.took) + (story.exchange.response === undefined ? 1000 : roomMs),
      lookup: 400,
      queue: whole + roomMs,
      blocked: whole + roomMs,
      run: whole + roomMs,
      // A minute of Drone's, in which a killed step's log comes or does not.
      cancel: ms(60),
      poll: 20,
      reconnect: 200,
      // Of a build that the recording never shows again there is nothing to wait for.
      lost: whole + (isShown ? workMs : 1000),
      logBytes: 1_000_000_000,
    },
  };
}
