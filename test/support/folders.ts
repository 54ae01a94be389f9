// What the commands have in common that play folders of recordings.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

interface Found {
  /** Paths of the recordings, by folder as it was named, by name in each. */
  readonly files: readonly string[];
  /** What was named and holds none, one sentence each: the others are played all the same. */
  readonly problems: readonly string[];
}

async function inFolder(folder: string): Promise<readonly string[] | string> {
  try {
    const names = (await readdir(folder)).filter((name) => name.endsWith('.json'));
    if (names.length === 0) return `${folder} holds no recording: none of its files is called *.json`;
    return names.toSorted().map((name) => join(folder, name));
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return `there is no folder ${folder}`;
    return code === 'ENOTDIR' ? `${folder} is no folder` : `${folder} cannot be read: ${code}`;
  }
}

export async function recordingsIn(folders: readonly string[]): Promise<Found> {
  const found = await Promise.all(folders.map(inFolder));
  return {
    files: found.flatMap((one) => (typeof one === 'string' ? [] : one)),
    problems: found.filter((one) => typeof one === 'string'),
  };
}

/** Some at the same time, given out in the order in which they came, whichever ends first. `work` does not reject. */
export async function* inOrder<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const lanes: Promise<unknown>[] = Array.from({ length: atOnce }, () => Promise.resolve());
  const results = items.map((item, index) => {
    const lane = index % atOnce;
    const result = (lanes[lane] ?? Promise.resolve()).then(() => work(item));
    lanes[lane] = result;
    return result;
  });
  for (const result of results) yield await result;
}
