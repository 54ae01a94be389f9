import type { IncomingMessage } from 'node:http';

/** What an answer of at most `most` bytes holds; undefined: something else than JSON, or more. @throws when cut off */
export async function readJson(response: IncomingMessage, most: number): Promise<unknown> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
    text += chunk;
    if (text.length > most) return undefined;
  }
  try {
    return JSON.parse(text || '{}');
  } catch {
    return undefined;
  }
}
