// Every place of a document, and copies of a document that differ in one place.

export type Path = readonly (string | number)[];
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export function places(value: unknown, path: Path = []): { readonly path: Path; readonly value: unknown }[] {
  if (typeof value !== 'object' || value === null) return [{ path, value }];
  const keys: Path = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  const below = keys.flatMap((key) => places((value as Record<string | number, unknown>)[key], [...path, key]));
  return [{ path, value }, ...below];
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const objects = (value: unknown) =>
  places(value).flatMap((place) => (isObject(place.value) ? [{ path: place.path, value: place.value }] : []));

export const wrote = (path: Path): string => path.join('.');

/** With list positions as `#`, as the tables of rules name them. */
export const ruleName = (path: Path): string => path.map((key) => (typeof key === 'number' ? '#' : key)).join('.');

function changed(document: unknown, path: Path, change: (holder: Record<string | number, unknown>) => void): unknown {
  const copy = { root: structuredClone(document) } as Record<string | number, unknown>;
  const holder = ['root', ...path].slice(0, -1).reduce((at, key) => at[key] as Record<string | number, unknown>, copy);
  change(holder);
  return copy['root'];
}

export const withValue = (document: unknown, path: Path, value: unknown): unknown =>
  changed(document, path, (holder) => {
    // oxlint-disable-next-line eslint/no-param-reassign
    holder[path.at(-1) ?? 'root'] = value;
  });

export const without = (document: unknown, path: Path): unknown =>
  changed(document, path, (holder) => {
    Reflect.deleteProperty(holder, path.at(-1) ?? 'root');
  });

const mark = '@member@';

/** JSON text of `document` with `member`, as it is, in front of or behind the members of the object at `path`. */
export function withMember(document: unknown, path: Path, member: string, where: 'first' | 'last' = 'last'): string {
  const sought = JSON.stringify(path);
  const holder = places(document).find((place) => JSON.stringify(place.path) === sought)?.value;
  const marked = where === 'first' ? { [mark]: 0, ...(holder as object) } : { ...(holder as object), [mark]: 0 };
  return JSON.stringify(withValue(document, path, marked)).replace(`"${mark}":0`, () => member);
}
