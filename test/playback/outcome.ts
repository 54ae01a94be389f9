// One recording: everything in it is played, judged by the general rules, and held against the committed table.

import { createHash } from 'node:crypto';
import { parseRecording } from '../support/recordings.ts';
import { type StoryKind, allStoriesOf } from '../support/stories.ts';
import { type Judged, type Told, differences, judge } from './judge.ts';
import { type Played, playStory } from './play.ts';
import { readRecording } from './reads.ts';
import { type Truth, truthOf } from './truth.ts';

export interface Expectation {
  /** For a person; the key is what counts. */
  readonly file: string;
  /** Each story in its order. */
  readonly stories?: readonly Told[];
  /** Of a recording without one. */
  readonly reads?: string;
}

/** By the SHA-256 of a recording's text. */
export type Table = Readonly<Record<string, Expectation>>;

export interface PlayedStory {
  readonly kind: StoryKind;
  readonly truth: Truth;
  readonly played: Played;
  readonly judged: Judged;
}

export interface Outcome {
  /** Without `.json`. */
  readonly name: string;
  readonly hash: string;
  readonly stories: readonly PlayedStory[];
  /** Of a recording without a story; undefined: there is one, or it could not be played. */
  readonly reads: string | undefined;
  readonly problems: readonly string[];
  readonly judgement: 'as expected' | 'not as expected' | 'not judged';
}

type Found = Pick<Outcome, 'stories' | 'reads'>;

/** Seconds of a recording to seconds here. */
const scale = 0.02;

async function playAll(text: string): Promise<Found> {
  const recording = parseRecording(text);
  const stories = await Promise.all(
    allStoriesOf(recording).map(async (story): Promise<PlayedStory> => {
      const played = await playStory(story, scale);
      const truth = truthOf(story, played.number);
      return { kind: story.kind, truth, played, judged: judge(played, truth) };
    }),
  );
  return { stories, reads: stories.length > 0 ? undefined : await readRecording(recording) };
}

function against(expected: Expectation, { stories, reads }: Found): readonly string[] {
  const { stories: wanted = [] } = expected;
  const found = stories.flatMap(({ judged: { told } }, index) =>
    differences(told, wanted[index]).map((one) => (stories.length > 1 ? `story ${index + 1}: ${one}` : one)),
  );
  if (wanted.length > stories.length) found.push(`the table expects ${wanted.length} stories`);
  if (reads !== expected.reads) found.push(`what was read should be ${JSON.stringify(expected.reads)}`);
  return found;
}

/** Never rejects: what cannot be played is not as expected. */
export async function outcomeOf(name: string, text: string, table: Table): Promise<Outcome> {
  const hash = createHash('sha256').update(text).digest('hex');
  const expected = Object.hasOwn(table, hash) ? table[hash] : undefined;
  try {
    const found = await playAll(text);
    const broken = found.stories.flatMap(({ judged }) => judged.problems);
    const problems = [...broken, ...(expected === undefined ? [] : against(expected, found))];
    const judgement = problems.length > 0 ? 'not as expected' : expected === undefined ? 'not judged' : 'as expected';
    return { name, hash, ...found, problems, judgement };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const problems = [`it cannot be played: ${why}`];
    return { name, hash, stories: [], reads: undefined, problems, judgement: 'not as expected' };
  }
}

/** What the table would say of it. How many lines there are is told by a stored log alone, and by a whole one. */
export function expectationOf({ name, stories, reads }: Outcome): Expectation {
  const file = `${name}.json`;
  if (reads !== undefined) return { file, reads };
  return {
    file,
    stories: stories.map(({ judged: { told }, truth: { logs } }) => {
      const { lines: _lines, ...without } = told;
      return logs.length === 0 || logs.some(({ first }) => first > 0) ? without : told;
    }),
  };
}
