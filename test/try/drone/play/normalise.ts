// What two runs of the same Drone may differ in is put out of sight; everything else stays: which keys there are and in which
// order, types, statuses, versions, exit codes, parameters, messages of errors, the framing of streams.

type Json = unknown;

/** Given by the database. Zero stays: it means "none". */
const IDS = new Set(['id', 'uid', 'repo_id', 'build_id', 'step_id', 'user_id']);
const TIMES = new Set(['created', 'updated', 'started', 'stopped', 'finished', 'synced', 'last_login']);
const ADDRESSES = new Set(['link', 'git_http_url', 'git_ssh_url', 'avatar', 'author_avatar']);
/** What people and machines are called. */
const NAMES = new Set(['author_login', 'author_name', 'author_email', 'email', 'machine', 'token']);

function isObject(value: Json): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A number as text (`uid`) is an id too. */
function hidden(value: Json, as: string): Json {
  const empty = value === 0 || value === '';
  return empty || (typeof value !== 'number' && typeof value !== 'string') ? value : `<${typeof value} ${as}>`;
}

function field(owner: Readonly<Record<string, Json>>, key: string, value: Json): Json {
  if (IDS.has(key)) return hidden(value, 'id');
  if (TIMES.has(key)) return hidden(value, 'time');
  if (ADDRESSES.has(key)) return hidden(value, 'address');
  if (NAMES.has(key)) return hidden(value, 'name');
  if (key === 'time' && 'pos' in owner) return typeof value === 'number' ? '<number of seconds>' : value;
  // A build's message is the commit's; an error's is what the caller has to understand.
  if (key === 'message' && 'number' in owner) return hidden(value, 'commit message');
  if (key === 'params') return value;
  return normalJson(value);
}

/** The same with ids, times, hosts and names hidden; keys keep their order. */
export function normalJson(value: Json): Json {
  if (Array.isArray(value)) return value.map(normalJson);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, field(value, key, inner)]));
}

/** Said by the connection, not by Drone; lengths differ with names and hosts. */
const OF_THE_CONNECTION = new Set(['date', 'connection', 'keep-alive', 'content-length', 'transfer-encoding']);

/** Names in lower case, in alphabetical order, hosts hidden. */
export function normalHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(headers)
    .map(([name, value]) => [name.toLowerCase(), withoutHost(value)] as const)
    .filter(([name]) => !OF_THE_CONNECTION.has(name));
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function withoutHost(text: string): string {
  return text.replace(/\bhttps?:\/\/[^/"\s]+/g, (found) => `${found.split('//')[0] ?? ''}//<host>`);
}

/** A page is a page; of other text only hosts are hidden. */
export function normalText(body: string): string {
  return /^<!doctype html>/i.test(body) ? '<page>' : withoutHost(body);
}

export interface NormalBody {
  json?: Json;
  text?: string;
}

/** By what it is, not by what its header says. */
export function normalBody(body: string, json: Json): NormalBody {
  return json === undefined ? { text: normalText(body) } : { json: normalJson(json) };
}

/**
 * A stream as a list of frames with all their newlines, JSON normalised. Only the first ping counts: when the others come
 * depends on the clock.
 */
export function normalFrames(text: string): string[] {
  const frames = text.match(/(?:[^\n]+\n)+\n+|[^\n]+\n*$/g) ?? [];
  const opening = frames[0] === ': ping\n\n' ? frames.slice(0, 1) : [];
  return [...opening, ...frames.filter((frame) => frame !== ': ping\n\n').map(normalFrame)];
}

function jsonOf(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

function normalFrame(frame: string): string {
  return frame.replace(/^(data: )?(\{.*\})/s, (all, data: string | undefined, json: string) => {
    const value = jsonOf(json);
    return value === undefined ? all : `${data ?? ''}${JSON.stringify(normalJson(value))}`;
  });
}

/** The kinds of frames there are, each once, in order of appearance: for streams of which a part was not recorded. */
export function kinds(frames: readonly string[]): string[] {
  return [...new Set(frames.map((frame) => frame.replace(/\{.*\}/s, '{…}')))];
}
