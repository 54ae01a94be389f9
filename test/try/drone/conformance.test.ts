import { afterAll, describe, expect, it } from 'vitest';
import { accepted, KNOWN_DIFFERENCES, type KnownDifference } from './play/known-differences.ts';
import { play } from './play/player.ts';
import { type Item, type Recording, recordingsIn } from './play/recording.ts';

const FIXTURES = 'test/fixtures/drone';
/** More folders of recordings, separated by `:`. */
const MORE = (process.env.DRONE_RECORDINGS ?? '').split(':').filter((folder) => folder !== '');

const RECORDINGS = recordingsIn(FIXTURES);
const used = new Set<KnownDifference>();
let played = 0;

/** Requests that were compared, and what differed and is not accepted. */
async function unexpected(recording: Recording): Promise<{ compared: number; findings: string[] }> {
  const { compared, findings } = await play(recording);
  const open = findings.filter((finding) => {
    const known = accepted(finding);
    if (known !== undefined) used.add(known);
    return known === undefined;
  });
  return { compared, findings: open.map(({ request, differences }) => [request, ...differences].join('\n  ')) };
}

describe.each([FIXTURES, ...MORE])('the simulated Drone answers as the one that was recorded in %s', (folder) => {
  const recordings = folder === FIXTURES ? RECORDINGS : recordingsIn(folder);

  it.each(recordings.map((recording) => [recording.name, recording] as const))('%s', async (_name, recording) => {
    const { compared, findings } = await unexpected(recording);
    played += folder === FIXTURES ? 1 : 0;
    expect(findings).toEqual([]);
    expect(compared).toBeGreaterThanOrEqual(recording.items.filter(({ kind }) => kind !== 'note').length);
  });

  afterAll(() => {
    if (played < RECORDINGS.length) return;
    const unused = KNOWN_DIFFERENCES.filter((known) => !used.has(known)).map(({ because }) => because);
    expect(unused, 'differences are accepted that no recording shows').toEqual([]);
  });
});

describe('the comparison finds what was changed in a recording', () => {
  /** A copy in which the text of each answer was changed; requests are the same. */
  function changed(name: string, change: (text: string) => string): Recording {
    const recording = RECORDINGS.find((one) => one.name === name);
    const items = (recording?.items ?? []).map((item) => {
      if (item.kind === 'note') return item;
      const { request, ...rest } = item;
      return { ...(JSON.parse(change(JSON.stringify(rest))) as Omit<Item, 'request'>), request } as Item;
    });
    return { name, items };
  }

  it.each([
    ['a status', '02-whoami', '"status":401', '"status":403'],
    ['a content type', '02-whoami', 'application/json', 'text/plain'],
    ['a message', '15-trigger-no-permission', 'Not Found', 'not found'],
    ['a type', '02-whoami', '"machine":false', '"machine":"false"'],
    ['a key that is left out', '14-trigger-unknown-commit', '"sender":"bot",', ''],
    ['a key that is new', '14-trigger-unknown-commit', '"sender":"bot",', '"sender":"bot","robot":true,'],
    [
      'the order of keys',
      '14-trigger-unknown-commit',
      '"ref":"refs/heads/main","source_repo":"",',
      '"source_repo":"","ref":"refs/heads/main",',
    ],
    ['an id that is none', '14-trigger-unknown-commit', '"repo_id":1,', '"repo_id":0,'],
    ['a version', '16-trigger-disabled', '"version":2', '"version":7'],
    ['a status of a step', '30-fail', '"status":"skipped"', '"status":"pending"'],
    ['a parameter', '20-trigger-twice', '77-1-deploy', '77-1-other'],
    ['the newlines of a frame', '10-trigger-ok', '}\\n\\n\\n"', '}\\n\\n"'],
    ['the end of a stream', '43-log-before-and-after', 'data: eof', 'data: end'],
    ['a type in a log', '42-log-empty', '"time":0', '"time":"0"'],
  ])('%s', async (_what, name, from, to) => {
    const recording = changed(name, (text) => text.replaceAll(from, to));
    expect(JSON.stringify(recording)).not.toBe(JSON.stringify(changed(name, (text) => text)));
    expect((await unexpected(recording)).findings).not.toEqual([]);
  });
});
