// A cell's environment: constants, and the image's PATH. The engine merges the image's own variables into a container's,
// NODE_OPTIONS and LD_PRELOAD included; a bare name in `Env` removes one. All are removed but PATH, since node is found
// by it: a list of the dangerous ones would be out of date with the next node (THREATS.md section 3).

/** The container's, and so the same for all cells. */
export const cellHostname = 'airlock-cell';

/** Set for every cell, whatever the image says; HOME and HOSTNAME would else be the engine's. */
const constants: Readonly<Record<string, string>> = {
  HOME: '/nonexistent',
  HOSTNAME: cellHostname,
  LANG: 'C.UTF-8',
  TZ: 'UTC',
};

const nameOf = (entry: string): string => {
  const at = entry.indexOf('=');
  return at === -1 ? entry : entry.slice(0, at);
};

/**
 * `Env` of a container made from an image with these variables (`NAME=value`); null: one of them has no name, so
 * nothing can remove it.
 */
export function cellEnvironment(imageVariables: readonly string[]): readonly string[] | null {
  const names = new Set(imageVariables.map(nameOf));
  if (names.has('')) return null;
  const removed = [...names].filter((name) => name !== 'PATH' && !Object.hasOwn(constants, name)).sort();
  return [...Object.entries(constants).map(([name, value]) => `${name}=${value}`), ...removed];
}
