// What a recording of Drone must be, so far as anything here reads it. Folders that nobody here has seen are played too,
// so a file is parsed once, strictly where the players rely on it, and unknown keys are left alone.

import * as v from 'valibot';

const optional = v.exactOptional;
const texts = v.pipe(
  v.record(v.string(), v.unknown()),
  v.transform((headers) => Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))),
);
const request = v.looseObject({
  method: v.string(),
  path: v.string(),
  as: optional(v.string()),
  body: optional(v.string()),
});
const answered = { headers: optional(texts), body: optional(v.string()), json: optional(v.unknown()) };

const exchange = v.looseObject({
  kind: v.literal('exchange'),
  at: v.number(),
  took: v.optional(v.number(), 0),
  request,
  response: optional(v.looseObject({ status: v.number(), ...answered })),
  failed: optional(v.string()),
});
const poll = v.looseObject({
  kind: v.literal('poll'),
  at: v.number(),
  request,
  answers: v.array(
    v.looseObject({ at: v.number(), status: optional(v.number()), failed: optional(v.string()), ...answered }),
  ),
});
const stream = v.looseObject({
  kind: v.literal('stream'),
  at: v.number(),
  request,
  response: optional(v.looseObject({ status: v.number(), ...answered })),
  failed: optional(v.string()),
  chunks: v.optional(
    v.array(
      v.looseObject({
        at: optional(v.number()),
        data: optional(v.string()),
        omitted: optional(v.looseObject({ from: v.optional(v.number(), 0) })),
      }),
    ),
    [],
  ),
  ended: optional(v.looseObject({ at: v.number(), how: v.string() })),
});
const note = v.looseObject({ kind: v.literal('note'), at: v.number(), note: optional(v.string()) });

const recording = v.looseObject({
  case: v.optional(v.string(), ''),
  items: v.array(v.variant('kind', [exchange, poll, stream, note])),
});

type Parsed = v.InferOutput<typeof recording>;
export type ParsedItem =
  | Exclude<Parsed['items'][number], { kind: 'stream' }>
  | (v.InferOutput<typeof stream> & Required<Pick<v.InferOutput<typeof stream>, 'response' | 'ended'>>);

/** A stream that never opened is an exchange without an answer; one without an end was still open. */
function whole(item: Parsed['items'][number]): ParsedItem {
  if (item.kind !== 'stream') return item;
  const {
    at,
    request: asked,
    response,
    failed,
    ended = { at: Math.max(at, ...item.chunks.map((one) => one.at ?? at)), how: 'the recorder closed it' },
  } = item;
  if (response === undefined)
    return { kind: 'exchange', at, took: 0, request: asked, failed: failed ?? 'no answer was recorded' };
  return { ...item, response, ended };
}

/** @throws {Error} that says what the text is not */
export function parseItems(text: string): { readonly case: string; readonly items: ParsedItem[] } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error('it is not JSON', { cause: error });
  }
  const result = v.safeParse(recording, value, { abortEarly: true });
  if (!result.success)
    throw new Error(`it is no recording: ${v.getDotPath(result.issues[0]) ?? 'it'}: ${result.issues[0].message}`);
  return { case: result.output.case, items: result.output.items.map(whole) };
}
