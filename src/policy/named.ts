// Which texts a pattern names in so many words. `.*` meets `$(id)` and names nothing of it: whoever writes it thinks of
// letters, not of a shell. What takes effect where Drone puts a value has to stand in the pattern itself.

/** A group's head: `(?:`, `(?i)`, `(?P<name>`. */
const groupHead = /^\(\?[^:)>]*[:)>]/;
const repetition = /^\{[0-9]+(?:,[0-9]*)?\}/;
/** `\Q…\E`: as it stands. */
const quoted = /^\\Q((?:(?!\\E)[^])*)(?:\\E)?/;
const namedClass = /^\[:\^?[a-z]+:\]/;
/** After a backslash: the character itself. Letters and digits are classes, codes and anchors. */
const isItself = (character: string | undefined): boolean => character !== undefined && !/[A-Za-z0-9]/.test(character);

/** The characters of a class that stand there alone; a range names none, and a negated class names nothing. */
function classAt(source: string, from: number): { readonly text: string; readonly end: number } {
  const negated = source[from + 1] === '^';
  const first = from + (negated ? 2 : 1);
  let text = '';
  let at = first;
  while (at < source.length && (source[at] !== ']' || at === first)) {
    const known = namedClass.exec(source.slice(at));
    const size = source[at] === '\\' ? 2 : 1;
    if (known !== null) at += known[0].length;
    else if (source[at + size] === '-' && source[at + size + 1] !== ']')
      at += size + 1 + (source[at + size + 1] === '\\' ? 2 : 1);
    else {
      if (size === 1 || isItself(source[at + 1])) text += source[at + size - 1] ?? '';
      at += size;
    }
  }
  return { text: negated ? '' : text, end: at + 1 };
}

interface Named {
  /** Texts that stand in the pattern, character after character. */
  readonly runs: readonly string[];
  /** Characters of one class each, any of which may follow any other. */
  readonly classes: readonly string[];
}

function namedIn(source: string): Named {
  const runs: string[] = [];
  const classes: string[] = [];
  let run = '';
  for (let at = 0; at < source.length; ) {
    const character = source[at] ?? '';
    const rest = source.slice(at);
    const literal = quoted.exec(rest);
    const skipped = groupHead.exec(rest) ?? repetition.exec(rest);
    if (literal !== null) {
      run += literal[1] ?? '';
      at += literal[0].length;
    } else if (character === '\\' && isItself(source[at + 1])) {
      run += source[at + 1] ?? '';
      at += 2;
    } else if (!'\\[]().^$|*+?'.includes(character) && skipped === null) {
      run += character;
      at += 1;
    } else {
      runs.push(run);
      run = '';
      const inside = character === '[' ? classAt(source, at) : undefined;
      if (inside !== undefined) classes.push(inside.text);
      at = inside?.end ?? at + (skipped?.[0].length ?? (character === '\\' ? 2 : 1));
    }
  }
  return { runs: [...runs, run], classes };
}

/** @param source a pattern that RE2 takes */
export function namerOf(source: string): (text: string) => boolean {
  const { runs, classes } = namedIn(source);
  return (text) =>
    runs.some((run) => run.includes(text)) ||
    classes.some((characters) => text.split('').every((unit) => characters.includes(unit)));
}
