// Which modules a source file names. The formatter decides how an import is written, so a scan of the text suffices:
// a statement begins its line, and a string is quoted with '.  Type imports count too: they bind the rooms as tightly
// as values do, although a bundler never sees them.

const statement = /^(?:import|export)\b(?:[^;'"`]*?\bfrom)?\s*'([^'\n]+)'/gm;
const call = /\b(?:import|require)\(\s*'([^'\n]+)'\s*\)/g;
const unnamed = /\bimport\(\s*(?!')/;

/** The specifiers as written, in the order of the text, statements first. */
export function imports(source: string): string[] {
  return [...source.matchAll(statement), ...source.matchAll(call)].map((match) => match[1]!);
}

/** Whether a module is chosen at run time, which no table can allow. */
export function importsUnnamed(source: string): boolean {
  return unnamed.test(source);
}
