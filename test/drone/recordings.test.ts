import { describe, expect, test } from 'vitest';
import { isLogEntry, parseBuild, parseBuilds, parseRepo, parseUser } from '../../src/drone/answers.ts';
import { EntryReader } from '../../src/drone/stored.ts';
import { SseReader } from '../../src/drone/sse.ts';
import { jsonOf, recording, recordingNames } from '../support/recordings.ts';
import type { RecordedAnswer } from '../support/recordings.ts';

interface Answered {
  readonly path: string;
  readonly method: string;
  readonly json: unknown;
}

/** Every JSON answer with status 200, whoever asked. */
function answersOf(name: string): readonly Answered[] {
  return recording(name).items.flatMap((item) => {
    if (item.kind !== 'exchange' && item.kind !== 'poll') return [];
    const answers =
      item.kind === 'poll'
        ? item.answers.filter((one): one is RecordedAnswer => 'status' in one)
        : item.response === undefined
          ? []
          : [item.response];
    const { path, method } = item.request;
    const type = (answers[0]?.headers?.['Content-Type'] ?? 'application/json').split(';')[0];
    if (type !== 'application/json') return [];
    return answers
      .filter((answer) => answer.status === 200)
      .map((answer) => ({ path: path.split('?')[0] ?? '', method, json: jsonOf(answer) }));
  });
}

const build = /^\/api\/repos\/[^/]+\/[^/]+\/builds\/(?:\d+|latest)(?:\/(?:promote|rollback))?$/;
const list = /^\/api\/repos\/[^/]+\/[^/]+\/builds(?:\/deployments)?$/;
const repository = /^\/api\/repos\/[^/]+\/[^/]+$/;
const log = /\/logs\/\d+\/\d+$/;

function read({ path, method, json }: Answered): string {
  if (path === '/api/user' || path === '/api/user/') return `user ${parseUser(json).login}`;
  if (log.test(path)) {
    const entries: number[] = [];
    const reader = new EntryReader(({ pos }) => entries.push(pos));
    reader.feed(JSON.stringify(json));
    reader.end();
    return `log of ${entries.length} entries`;
  }
  if (json === null) return 'no build';
  if (build.test(path)) return `build ${parseBuild(json).number}`;
  if (list.test(path))
    return method === 'POST' ? `build ${parseBuild(json).number}` : `${parseBuilds(json).length} builds`;
  if (repository.test(path) && method !== 'DELETE') return `repository ${parseRepo(json).slug}`;
  return 'something else';
}

const readable = (name: string): readonly string[] => answersOf(name).map(read);

describe('the client reads every answer of every recording', () => {
  test.each(recordingNames)('%s', (name) => {
    expect(() => readable(name)).not.toThrow();
  });

  test('and there are hundreds of them', () => {
    const all = recordingNames.flatMap(readable);
    const kinds = (word: string): number => all.filter((one) => one.startsWith(word)).length;
    expect(kinds('build ')).toBeGreaterThan(150);
    expect(kinds('log of ')).toBeGreaterThan(15);
    expect(kinds('repository ')).toBeGreaterThan(10);
    expect(kinds('user ')).toBeGreaterThan(3);
  });
});

describe('the client reads every live stream of every recording', () => {
  test.each(recordingNames)('%s', (name) => {
    for (const item of recording(name).items) {
      if (item.kind !== 'stream' || !/\/api\/stream\/[^/]+\/[^/]+\/\d+\/\d+\/\d+$/.test(item.request.path)) continue;
      const events: { event: string; data: string }[] = [];
      const reader = new SseReader((event) => events.push(event));
      for (const { data } of item.chunks) reader.feed(data ?? '');
      const entries = events.filter(({ event }) => event === 'message').map(({ data }) => JSON.parse(data) as unknown);
      expect(entries.every(isLogEntry)).toBe(true);
      expect(
        events
          .filter(({ event }) => event !== 'message')
          .every(({ event, data }) => event === 'error' && data === 'eof'),
      ).toBe(true);
    }
  });
});
