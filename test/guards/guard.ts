// What a guard is: one rule of the code, and the smallest change of its text that takes the rule away. A rule that can
// be taken away without any test failing is a rule that nobody would miss.

export const rooms = [
  'protocol',
  'policy',
  'hook',
  'gate',
  'cells',
  'cell',
  'drone',
  'config',
  'fleet',
  'images',
] as const;
export type Room = (typeof rooms)[number];

/** One rule within a file of the sources. */
export interface Rule {
  /** What holds as long as the rule stands, in one sentence without its full stop. */
  readonly rule: string;
  /** What a breach of the rule is told with, where that is a code of docs/codes.md. */
  readonly code?: string;
  /** Stands exactly once in the file. */
  readonly find: string;
  /** Takes its place. Still valid TypeScript: an error of the compiler notices nothing. */
  readonly replace: string;
  /** Test files that must notice, the likeliest first. Default: those of the file. */
  readonly tests?: readonly string[];
  /** Words of a test's title: only such tests of these files are run, where a whole file takes long. */
  readonly only?: string;
}

export interface Guard extends Rule {
  readonly room: Room;
  /** Path from the project's root, as all of these. */
  readonly file: string;
  readonly tests: readonly string[];
}

/** The guards of one file. */
export const guardsOf = (
  room: Room,
  file: string,
  tests: readonly string[],
  rules: readonly Rule[],
): readonly Guard[] => rules.map((rule) => ({ tests, ...rule, room, file }));

/** Whether every word stands in the guard's rule or code, or is the name of its room. */
export function fits({ room, rule, code = '' }: Guard, words: readonly string[]): boolean {
  const text = `${rule} ${code}`.toLowerCase();
  const isRoom = (word: string): boolean => (rooms as readonly string[]).includes(word);
  return words.map((word) => word.toLowerCase()).every((word) => (isRoom(word) ? word === room : text.includes(word)));
}
