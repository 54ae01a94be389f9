// Durations and sizes as a policy writes them.

/** `90s`, `10m`, `2h` */
export const durationForm = /^[1-9][0-9]{0,6}[smh]$/;
/** `512KiB`, `64MiB`, `1GiB` */
export const sizeForm = /^[1-9][0-9]{0,6}(?:KiB|MiB|GiB)$/;

const factors: ReadonlyMap<string, number> = new Map([
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['KiB', 1024],
  ['MiB', 1_048_576],
  ['GiB', 1_073_741_824],
]);

function measure(text: string): number {
  const unit = text.replace(/^[0-9]+/, '');
  return Number(text.slice(0, text.length - unit.length)) * (factors.get(unit) ?? Number.NaN);
}

/** Milliseconds. `text` has the form of a duration. */
export const milliseconds = (text: string): number => measure(text);
/** Bytes. `text` has the form of a size. */
export const bytes = (text: string): number => measure(text);
