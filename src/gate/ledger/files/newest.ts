// The newest revision of a name, while another gate may be removing what was just listed.

import type { Disk } from './disk.ts';
import type { Folder } from './folder.ts';
import type { Kind } from './names.ts';
import type { Place } from './place.ts';
import { readPlace } from './read-place.ts';
import type { Entry, Standing } from './standing.ts';

/** A name is listed again this often when its revision has gone in between. */
const tries = 5;

export type Newest<T> = { readonly value: T } | { readonly unreadable: string };

/** @returns null: nothing stands under this name any more @throws the system's error */
export async function readNewest<T>(
  { disk, folder, standing }: { readonly disk: Disk; readonly folder: Folder; readonly standing: Standing<T> },
  kind: Kind,
  name: string,
  entry: Entry<T>,
  parse: (value: unknown, where: Place) => T,
): Promise<Newest<T> | null> {
  let { revs } = entry;
  for (let time = 0; time < tries; time++) {
    const rev = revs.at(-1);
    if (rev === undefined) return null;
    if (entry.newest?.rev === rev) return { value: entry.newest.value };
    const read = await readPlace(disk, folder, { kind, name, rev }, parse);
    if ('value' in read && entry.revs.at(-1) === rev) standing.keep(entry, rev, read.value);
    if (!('gone' in read)) return read;
    const now = (await standing.scan()).get(name)?.revs ?? [];
    // Revisions only go when a newer one stands or when all go: a newest one that is missing was not removed by a gate.
    if ((now.at(-1) ?? rev) < rev) return { unreadable: `${name}.${rev}: it has vanished` };
    revs = now;
  }
  return { unreadable: `${name}: it changes faster than it can be read` };
}
