// Where two normalised values differ, told by path: `stages[0].status: recorded "success", simulated "running"`.

type Json = unknown;

const MOST = 40;

function isObject(value: Json): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Recorders cut long arrays in the middle. */
function isCut(value: Json): boolean {
  return isObject(value) && 'omitted' in value;
}

function say(value: Json): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 160 ? `${text.slice(0, 160)}…` : text;
}

/** Types in place of values: all that can be said of the elements of an array that was cut. */
function shape(value: Json): string {
  if (Array.isArray(value)) return `[${[...new Set(value.map(shape))].join('|')}]`;
  if (isObject(value))
    return `{${Object.entries(value)
      .map(([key, inner]) => `${key}:${shape(inner)}`)
      .join()}}`;
  return typeof value;
}

/** Recorders also cut long texts: then only the two ends can be compared, and the length. */
function isSameText(recorded: string, simulated: string): boolean {
  const [head = '', left, tail = ''] = recorded.split(/<omitted (\d+) characters>/);
  if (left === undefined) return recorded === simulated;
  const length = head.length + Number(left) + tail.length;
  return (
    recorded === simulated || (simulated.length === length && simulated.startsWith(head) && simulated.endsWith(tail))
  );
}

export function differences(recorded: Json, simulated: Json, path = ''): string[] {
  if (Array.isArray(recorded) && Array.isArray(simulated)) return arrays(recorded, simulated, path);
  if (isObject(recorded) && isObject(simulated)) return objects(recorded, simulated, path);
  if (Object.is(recorded, simulated)) return [];
  if (typeof recorded === 'string' && typeof simulated === 'string' && isSameText(recorded, simulated)) return [];
  return [`${path || 'body'}: recorded ${say(recorded)}, simulated ${say(simulated)}`];
}

function arrays(recorded: readonly Json[], simulated: readonly Json[], path: string): string[] {
  if (recorded.some(isCut)) {
    const known = recorded.filter((one) => !isCut(one));
    return differences([...new Set(known.map(shape))], [...new Set(simulated.map(shape))], `${path}[]`);
  }
  const found =
    recorded.length === simulated.length
      ? []
      : [`${path || 'body'}: recorded ${recorded.length} elements, simulated ${simulated.length}`];
  const shared = Math.min(recorded.length, simulated.length);
  for (let at = 0; at < shared && found.length < MOST; at += 1) {
    found.push(...differences(recorded[at], simulated[at], `${path}[${at}]`));
  }
  return found;
}

function objects(recorded: Record<string, Json>, simulated: Record<string, Json>, path: string): string[] {
  const found: string[] = [];
  const keys = new Set([...Object.keys(recorded), ...Object.keys(simulated)]);
  for (const key of keys) {
    const inner = path === '' ? key : `${path}.${key}`;
    const there = Object.hasOwn(recorded, key) ? recorded[key] : undefined;
    const here = Object.hasOwn(simulated, key) ? simulated[key] : undefined;
    found.push(...differences(there, here, inner));
  }
  const order = Object.keys(recorded).join();
  const other = Object.keys(simulated).join();
  if (found.length === 0 && order !== other)
    found.push(`${path || 'body'}: keys are in the order ${order}, simulated ${other}`);
  return found;
}
