// Recordings as another world would have given them: other names, numbers, ids and times, or parts of them missing. What plays
// recordings may rely on none of these.

type Json = Record<string, unknown>;

interface Item extends Json {
  kind: string;
  at: number;
}
export interface AnyRecording extends Json {
  items: Item[];
}

const further = 1000;
const seconds = 5_000_000;
const ids: ReadonlySet<string> = new Set(['id', 'uid', 'repo_id', 'build_id', 'step_id']);
const times: ReadonlySet<string> = new Set(['created', 'updated', 'started', 'stopped', 'finished', 'synced']);
const texts: ReadonlySet<string> = new Set(['body', 'data']);

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const moved = (text: string): string =>
  text
    .replaceAll('octo/', 'acme/')
    .replace(
      /(\/builds\/|\/api\/stream\/[^/]+\/[^/]+\/)(\d+)/g,
      (_all, path: string, n: string) => path + (+n + further),
    );

/** JSON inside a text; a text that a recorder cut is none. */
function inside(text: string): string {
  try {
    return `${JSON.stringify(other(JSON.parse(text) as unknown))}\n`;
  } catch {
    return text.replace(/^data: (\{.*\})$/gm, (all, json: string) => {
      try {
        return `data: ${JSON.stringify(other(JSON.parse(json) as unknown))}`;
      } catch {
        return all;
      }
    });
  }
}

function field(owner: Json, key: string, value: unknown): unknown {
  if (key === 'params') return value;
  if (typeof value === 'number' && value !== 0) {
    if (ids.has(key)) return value * 7 + 3;
    if (times.has(key)) return value + seconds;
    if ((key === 'number' || key === 'parent') && 'after' in owner) return value + further;
  }
  if (key === 'counter' && typeof value === 'number') return value + further;
  if (key === 'namespace' && value === 'octo') return 'acme';
  return typeof value === 'string' && texts.has(key) ? inside(value) : other(value);
}

function other(value: unknown): unknown {
  if (typeof value === 'string') return moved(value);
  if (Array.isArray(value)) return value.map(other);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, field(value, key, inner)]));
}

/** Another owner, builds a thousand numbers further, other ids, two months later. */
export const elsewhere = (recording: AnyRecording): AnyRecording => other(recording) as AnyRecording;

/** Ends early: what was open then was left by its recorder. `part`: of all its seconds. */
export function cutShort({ items, ...recording }: AnyRecording, part: number): AnyRecording {
  const end = (item: Item): number => (item['ended'] as { at: number } | undefined)?.at ?? item.at;
  const last = Math.max(0, ...items.map(end)) * part;
  const upTo = (list: unknown): unknown => (list as { at?: number }[]).filter(({ at = 0 }) => at <= last);
  const left = { at: last, how: 'the recorder closed it' };
  return {
    ...recording,
    items: items
      .filter(({ at }) => at <= last)
      .map((item) => {
        if (item.kind === 'poll') return { ...item, answers: upTo(item['answers']) };
        return item.kind === 'stream' && end(item) > last
          ? { ...item, chunks: upTo(item['chunks']), ended: left }
          : item;
      }),
  };
}

/** Nobody recorded this one exchange, poll, stream or note. */
export const without = (recording: AnyRecording, nth: number): AnyRecording => ({
  ...recording,
  items: recording.items.filter((_item, index) => index !== nth),
});

/** Answers as a recorder keeps them that does not look at headers. */
export function headless(recording: AnyRecording): AnyRecording {
  const bare = ({ headers: _headers, ...answer }: Json): Json => answer;
  return {
    ...recording,
    items: recording.items.map((item) => ({
      ...item,
      ...(isObject(item['response']) ? { response: bare(item['response']) } : {}),
      ...(Array.isArray(item['answers']) ? { answers: (item['answers'] as Json[]).map(bare) } : {}),
    })),
  };
}
