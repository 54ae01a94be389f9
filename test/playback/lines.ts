// How an outcome is shown: a line for the recording's main build, and one below it for each other.

import type { Outcome, PlayedStory } from './outcome.ts';
import { isOver } from './sightings.ts';

const hasEnded = ({ truth: { status } }: PlayedStory): boolean => status !== undefined && isOver({ status });

/** The first trigger whose build was seen to end; else the first such build, however it was made; else the first. */
function mainOf(stories: readonly PlayedStory[]): PlayedStory | undefined {
  return stories.find((story) => story.kind === 'build' && hasEnded(story)) ?? stories.find(hasEnded) ?? stories[0];
}

/** What the recording itself does not tell: the verdict is then one of what was played in its place, or of a limit. */
function remarkOf({ played, truth }: Pick<PlayedStory, 'played' | 'truth'>): readonly string[] {
  if (played.assumed) return ['(nobody recorded the end)'];
  const left = played.number !== undefined && (truth.status === undefined || !isOver({ status: truth.status }));
  return left ? ['(the recording ends before the build)'] : [];
}

function columns({ kind, judged: { told }, played, truth }: PlayedStory): string {
  const count = (value: number | null | undefined): string => String(value ?? '-').padEnd(6);
  return [
    kind.padEnd(8),
    told.verdict.padEnd(16),
    told.code.padEnd(26),
    `build ${count(played.number)}`,
    `Drone ${(truth.status ?? '-').padEnd(8)}`,
    `lines ${count(told.lines)}`,
    `lost ${count(told.lost)}`,
    `doubled ${count(told.doubled)}`,
    `${played.seconds.toFixed(1)} s`,
    ...remarkOf({ played, truth }),
  ].join(' ');
}

/** `details`: with the sentences that the author would read. */
export function linesOf({ name, stories, reads, problems, judgement }: Outcome, details: boolean): readonly string[] {
  const main = mainOf(stories);
  const head = main === undefined ? (reads ?? 'not played') : columns(main);
  const sentence = ({ played }: PlayedStory): readonly string[] => (details ? [`        ${played.message}`] : []);
  return [
    `${name.padEnd(30)} ${head}  ${judgement}`,
    ...(main === undefined ? [] : sentence(main)),
    ...stories.flatMap((story, index) =>
      story === main ? [] : [`${`    ${index + 1}.`.padEnd(30)} ${columns(story)}`, ...sentence(story)],
    ),
    ...problems.map((problem) => `    unexpected: ${problem}`),
  ];
}
