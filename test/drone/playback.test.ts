import { describe, expect, test } from 'vitest';
import type { Ending } from '../../src/drone/index.ts';
import { LineJoiner } from '../../src/drone/lines.ts';
import { type Ran, type RunOptions, runBuild } from '../support/drone-run.ts';
import { type Entry, answerJson } from '../playback/logs.ts';
import { type PlaybackOptions, startPlayback } from '../playback/server.ts';
import { type Story, storiesOf } from '../support/stories.ts';

interface Expectation {
  /** `recording#story`, counted from 0. */
  readonly story: string;
  readonly is: string;
  readonly verdict: Ending['verdict'];
  readonly code: Ending['code'];
  /** Part of the sentence that the author reads. */
  readonly message: string;
  /** Lines in all; absent: not the point. */
  readonly lines?: number;
  /** Sentences about missing lines; absent: none about a gap. */
  readonly gaps?: number;
  /** Cancel after so many seconds of the recording. */
  readonly cancel?: number;
  readonly play?: PlaybackOptions;
  readonly run?: Partial<RunOptions>;
  readonly expect?: readonly string[];
}

/** Every moment is a good one: the recording decides what the cancel reaches. */
const anyMoment = { cycle: 1000, from: 0, to: 1000, deaf: 2000 };

// biome-ignore format: a table is read by its columns
const table: readonly Expectation[] = [
  { story: '10#0', is: 'a build from trigger to success', verdict: 'success', code: 'ok', message: "Drone's build 1 succeeded", lines: 13, expect: ['default/deploy'] },
  { story: '10#0', is: 'a success without the step that is expected', verdict: 'expected-missing', code: 'expected-missing', message: '"default/release"', expect: ['default/release'] },
  { story: '11#0', is: 'no pipeline for the event', verdict: 'nothing-ran', code: 'drone-nothing-matched', message: 'event "custom"' },
  { story: '11#1', is: 'no pipeline for the branch', verdict: 'nothing-ran', code: 'drone-nothing-matched', message: 'Drone started nothing' },
  { story: '11#2', is: 'no pipeline for the action', verdict: 'nothing-ran', code: 'drone-nothing-matched', message: 'Drone started nothing' },
  { story: '12#0', is: 'a broken .drone.yml', verdict: 'error', code: 'config-invalid', message: 'yaml: line 6' },
  { story: '12#1', is: 'a dependency cycle', verdict: 'error', code: 'config-invalid', message: 'linter: invalid or unknown pipeline dependency' },
  { story: '12#2', is: 'an unknown dependency', verdict: 'error', code: 'config-invalid', message: 'linter' },
  { story: '12#3', is: 'an empty .drone.yml', verdict: 'error', code: 'drone-config-missing', message: 'configuration: not found' },
  { story: '12#4', is: 'a cycle of steps: all skipped, build success', verdict: 'nothing-ran', code: 'nothing-ran', message: 'not one of its steps ran' },
  { story: '13#0', is: 'no .drone.yml: 500 after 45 s', verdict: 'error', code: 'drone-config-missing', message: 'no .drone.yml at 3008e07e' },
  { story: '14#0', is: 'an unknown commit', verdict: 'error', code: 'drone-commit-not-found', message: 'GitHub does not know it' },
  { story: '14#1', is: 'an unknown branch', verdict: 'error', code: 'drone-commit-not-found', message: '"refs/heads/nobranch"' },
  { story: '15#0', is: 'an unknown repository', verdict: 'error', code: 'drone-repository-not-found', message: '"octo/unknown"' },
  { story: '16#0', is: 'a disabled repository, which Drone would build', verdict: 'error', code: 'drone-repository-disabled', message: 'is disabled' },
  { story: '17#0', is: 'a protected repository is not blocked', verdict: 'success', code: 'ok', message: 'succeeded' },
  { story: '18#2', is: 'a parameter that breaks the yaml', verdict: 'error', code: 'build-error', message: 'cannot unmarshal' },
  { story: '21#0', is: 'a tag', verdict: 'success', code: 'ok', message: 'succeeded' },
  { story: '21#2', is: 'a tag at its own commit', verdict: 'success', code: 'ok', message: 'succeeded', lines: 84 },
  { story: '22#1', is: "the owner's access was refused", verdict: 'error', code: 'drone-owner-access-lost', message: 'no longer accepts the account' },
  { story: '22#2', is: "the source code host's rate limit", verdict: 'error', code: 'drone-scm-failed', message: 'API rate limit exceeded' },
  { story: '23#0', is: 'a blocked build that is approved', verdict: 'success', code: 'ok', message: 'succeeded' },
  { story: '23#1', is: 'a blocked build that is declined', verdict: 'declined', code: 'build-declined', message: 'declined' },
  { story: '23#2', is: 'a blocked build that nobody approves', verdict: 'blocked', code: 'build-blocked', message: 'an admin of the repository', run: { limits: { blocked: 300 } } },
  { story: '28#0', is: 'success although every step was left out', verdict: 'nothing-ran', code: 'nothing-ran', message: 'not one of its steps ran' },
  { story: '28#1', is: 'success without the stage that was meant', verdict: 'expected-missing', code: 'expected-missing', message: '"deploy/deploy"', expect: ['deploy/deploy'] },
  { story: '30#0', is: 'a step that exits 3', verdict: 'failure', code: 'build-failed', message: 'step "default/check" ended with exit code 3', lines: 5 },
  { story: '33#0', is: 'two stages', verdict: 'success', code: 'ok', message: 'succeeded', expect: ['compile/make', 'deploy/deploy'] },
  { story: '34#0', is: "the repository's time-out", verdict: 'timed-out', code: 'build-timed-out', message: '(1 minute)', play: { timeout: 1 }, lines: 122 },
  { story: '35#0', is: 'a pending build is cancelled', verdict: 'cancelled', code: 'cancelled', message: 'was cancelled', cancel: 0.04 },
  { story: '36#0', is: 'a running build is cancelled', verdict: 'cancelled', code: 'cancelled', message: 'was cancelled', cancel: 4.1, lines: 12 },
  { story: '40#0', is: '8,000 lines at once', verdict: 'success', code: 'ok', message: 'succeeded' },
  { story: '41#0', is: 'more than 5 MB', verdict: 'success', code: 'ok', message: 'succeeded', gaps: 1 },
  { story: '42#0', is: 'a step without commands: its log is null', verdict: 'success', code: 'ok', message: 'succeeded', lines: 1 },
  { story: '43#0', is: 'streams that end at once', verdict: 'success', code: 'ok', message: 'succeeded', lines: 8 },
  { story: '45#0', is: 'odd bytes', verdict: 'success', code: 'ok', message: 'succeeded', lines: 30 },
  { story: '47#0', is: 'a stream that is silent for 75 s', verdict: 'success', code: 'ok', message: 'succeeded', lines: 5 },
  { story: '57#0', is: 'a restart of the server while the build is pending', verdict: 'success', code: 'ok', message: 'succeeded' },
  { story: '58#0', is: 'the server dies during the trigger', verdict: 'unknown', code: 'trigger-unknown', message: 'AIRLOCK_NONCE=', run: { limits: { lookup: 200 } } },
  { story: '59#0', is: 'a restart of the server while the build runs', verdict: 'success', code: 'ok', message: 'succeeded', lines: 41 },
  { story: '61#0', is: 'the runner is killed', verdict: 'runner-lost', code: 'runner-lost', message: 'its runner is gone', play: { timeout: 0.01 }, run: { limits: { lost: 400 } }, lines: 14 },
  { story: '62#0', is: 'a cancel that does not reach the runner', verdict: 'cancel-lost', code: 'cancel-lost', message: 'no stored log of "default/work"', cancel: 34, run: { window: anyMoment, limits: { cancel: 500 } }, gaps: 1 },
  { story: '63#0', is: 'the queue is paused for a while', verdict: 'success', code: 'ok', message: 'succeeded' },
  { story: '64#0', is: 'no runner for the platform', verdict: 'never-started', code: 'never-started', message: 'no runner of Drone took build', run: { limits: { queue: 200 } } },
  { story: '64#3', is: 'no runner for the second stage', verdict: 'never-started', code: 'never-started', message: 'no runner of Drone took build', run: { limits: { queue: 200 } } },
  { story: '66#0', is: 'a proxy that redirects', verdict: 'error', code: 'drone-redirected', message: 'redirects to "http://drone.example/api/repos/octo/hello/builds"' },
  { story: '67#0', is: "Drone's own port 80", verdict: 'error', code: 'drone-redirected', message: 'redirects to "https://drone.example/' },
  { story: '67#2', is: 'Drone behind its own certificate', verdict: 'success', code: 'ok', message: 'succeeded' },
  { story: '70#0', is: 'Drone with Gogs', verdict: 'success', code: 'ok', message: 'succeeded' },
  { story: '70#1', is: 'Gogs: an unknown commit has no message of its own', verdict: 'error', code: 'drone-commit-not-found', message: 'it does not exist there, or' },
  { story: '71#0', is: 'a masked secret', verdict: 'success', code: 'ok', message: 'succeeded', lines: 4 },
];

function storyOf(name: string): Story {
  const [file = '', index = '0'] = name.split('#');
  const story = storiesOf(file)[Number(index)];
  if (story === undefined) throw new Error(`there is no story ${name}`);
  return story;
}

async function play(
  story: Story,
  options: Partial<RunOptions>,
  playback: PlaybackOptions = {},
): Promise<Ran & { requests: readonly string[] }> {
  const server = await startPlayback(story, playback);
  try {
    const ran = await runBuild({
      server: server.url,
      repository: story.repository,
      ref: story.branch.startsWith('refs/') ? story.branch : `refs/heads/${story.branch}`,
      commit: story.commit ?? null,
      params: story.params,
      ...options,
    }).catch((error: unknown) => {
      const { code, message } = error as Ending;
      return { ending: { verdict: 'error', code, message } satisfies Ending, lines: new Map(), notes: [], phases: [] };
    });
    return { ...ran, requests: server.requests };
  } finally {
    await server.close();
  }
}

/** The lines that the recorded stored logs hold, in order, each step for itself; where the recording cut them it says nothing. */
function storedLines(story: Story): ReadonlyMap<number, readonly string[]> {
  const steps = new Map<number, readonly string[]>();
  for (const item of story.recording.items) {
    if (item.kind !== 'exchange' || item.at < story.at || item.response?.status !== 200) continue;
    const match = new RegExp(`/builds/${story.number}/logs/1/(\\d+)$`).exec(item.request.path);
    if (match?.[1] === undefined) continue;
    const lines: string[] = [];
    const joiner = new LineJoiner({ line: (text) => lines.push(text), note: () => {} });
    const entries = answerJson(story.recording, item.request.path, item.response) as Entry[] | null;
    for (const entry of entries ?? []) {
      joiner.settle(entry.pos);
      joiner.take(entry);
    }
    joiner.finish();
    steps.set(Number(match[1]), lines);
  }
  return steps;
}

describe.concurrent('the client plays each recorded story to its verdict', () => {
  test.each(table.map((row) => [`${row.story}: ${row.is}`, row] as const))('%s', async (_name, row) => {
    const story = storyOf(row.story);
    let cancel: AbortController | undefined;
    const begun = new AbortController();
    if (row.cancel !== undefined) cancel = begun;
    const { ending, lines, notes } = await play(
      story,
      {
        ...row.run,
        expect: row.expect ?? [],
        ...(cancel ? { cancel: cancel.signal } : {}),
        // The recording's clock begins with the trigger, and so does the first phase after it.
        onPhase: () => {
          if (row.cancel !== undefined) setTimeout(() => begun.abort('author'), row.cancel * 20);
        },
      },
      row.play,
    );
    expect({ verdict: ending.verdict, code: ending.code }).toEqual({ verdict: row.verdict, code: row.code });
    expect(ending.message).toContain(row.message);
    expect(notes.filter((note) => note.includes('missing here')).length).toBe(row.gaps ?? 0);
    const all = [...lines.values()].flat();
    expect(all.length).toBe(row.lines ?? all.length);
  });
});

describe.concurrent('every line of the stored log comes once and in order', () => {
  test.each(['10#0', '18#1', '30#0', '34#0', '40#0', '41#0', '45#0', '59#0', '71#0'])('%s', async (name) => {
    const story = storyOf(name);
    const { lines } = await play(story, {});
    const printed = [...lines.values()].filter((own) => own.length > 0);
    const stored = [...storedLines(story).values()].filter((own) => own.length > 0);
    // Recording 41: what was printed before Drone forgot the beginning stands before it.
    expect(printed.map((own, index) => own.slice(-(stored[index]?.length ?? 0)))).toEqual(stored);
  });
});

describe('the same trigger twice (recording 20)', () => {
  test('when the answer is lost and the list shows two builds with our nonce, the lower is followed and the other ended', async () => {
    const { ending, requests } = await play(storyOf('20#0'), { limits: { lost: 100 } }, { lose: true });
    expect(requests).toContain('DELETE /api/repos/octo/hello/builds/18');
    expect(requests).not.toContain('DELETE /api/repos/octo/hello/builds/17');
    expect(requests).toContain('GET /api/repos/octo/hello/builds/17');
    expect(requests.filter((one) => one.startsWith('POST')).length).toBe(1);
    expect(ending.build?.number).toBe(17);
  });
});
