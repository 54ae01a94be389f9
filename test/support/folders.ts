// What the commands have in common that play folders of recordings.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Paths of the recordings of some folders, by name in each. @throws {Error} when a folder is not there */
export async function recordingsIn(folders: readonly string[]): Promise<readonly string[]> {
  const files: string[] = [];
  for (const folder of folders) {
    const names = (await readdir(folder)).filter((name) => name.endsWith('.json'));
    files.push(...names.toSorted().map((name) => join(folder, name)));
  }
  return files;
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
