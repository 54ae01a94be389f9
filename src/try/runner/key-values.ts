// The format of GITHUB_OUTPUT, GITHUB_ENV and GITHUB_STATE: NAME=VALUE, or NAME<<DELIMITER, lines, DELIMITER.

function createReader(text: string) {
  let position = 0;
  const next = (): { line: string; newline: boolean } | null => {
    if (position >= text.length) return null;
    const end = text.indexOf('\n', position);
    const line = text.slice(position, end < 0 ? undefined : end);
    position = end < 0 ? text.length : end + 1;
    return { line, newline: end >= 0 };
  };
  return { next, at: () => position, slice: (from: number, to: number) => text.slice(from, to) };
}

function readUntil(reader: ReturnType<typeof createReader>, delimiter: string): string {
  const start = reader.at();
  let end = start;
  for (let next = reader.next(); next?.line !== delimiter; next = reader.next()) {
    if (next === null) throw new Error(`Invalid value. Matching delimiter not found '${delimiter}'`);
    if (!next.newline) throw new Error('Invalid value. EOF marker missing new line.');
    end = reader.at() - 1;
  }
  return reader.slice(start, end);
}

/**
 * The pairs in the order of the file; a name may come again and then counts again.
 * @throws {Error} with the runner's own words, after which it fails the step
 */
export function parseKeyValues(text: string): [name: string, value: string][] {
  const reader = createReader(text);
  const pairs: [string, string][] = [];
  for (let next = reader.next(); next !== null; next = reader.next()) {
    const { line } = next;
    if (line === '') continue;
    const equals = line.indexOf('=');
    const here = line.indexOf('<<');
    if (equals >= 0 && (here < 0 || equals < here)) {
      pairs.push([line.slice(0, equals), line.slice(equals + 1)]);
      continue;
    }
    if (here < 0) throw new Error(`Invalid format '${line}'`);
    const name = line.slice(0, here);
    const delimiter = line.slice(here + 2);
    if (name === '' || delimiter === '') {
      throw new Error(`Invalid format '${line}'. Name must not be empty and delimiter must not be empty`);
    }
    pairs.push([name, readUntil(reader, delimiter)]);
  }
  return pairs;
}
