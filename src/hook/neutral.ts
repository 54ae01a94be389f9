// Foreign text on its way into a job's log. The runner reads workflow commands from it (contract/README.md, What the
// hook prints), people's terminals obey its control bytes, and both are the build's to choose: attacker-controlled.
//
// What is shown in its place:
//   CR, LF, CRLF            a new line; a line of more than 65,536 characters goes on in the next one
//   `::` and `##[`          `:\:` and `##\[`, anywhere; also with colours or invisible characters in between, since the
//                           runner's .NET compares by culture and passes those over
//   ESC[…m (colours)        kept, and ended with the line
//   other escape sequences  nothing
//   control characters      their picture, U+2400 and following (TAB is kept); DEL, C1, bidi marks, U+2028: <U+2028>

/** UTF-16 units of one printed line, before anything is replaced. */
const longest = 65_536;
const suspicious = /[\0-\x08\n-\x1f\x7f-\x9f\u2028\u2029]|\p{Default_Ignorable_Code_Point}|::|##\[/u;
const escapes = /\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])/g;
const colour = /^\x1b\[[0-9;]*m$/;
// An ESC that is left after the step above belongs to a colour, or to nothing.
const unseen = /[\0-\x08\n-\x1a\x1c-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|\x1b(?!\[[0-9;]*m)/g;
const between = '(?:\\x1b\\[[0-9;]*m|\\p{Default_Ignorable_Code_Point})*';
const colons = new RegExp(`:(?=${between}:)`, 'gu');
const oldStyle = new RegExp(`(#${between}#${between})\\[`, 'gu');

function name(character: string): string {
  const code = character.charCodeAt(0);
  return code < 32 ? String.fromCharCode(0x2400 + code) : `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`;
}

function neutralPiece(piece: string): string {
  const line = piece
    .replace(escapes, (sequence) => (colour.test(sequence) ? sequence : ''))
    .replace(unseen, name)
    .replace(colons, ':\\')
    .replace(oldStyle, '$1\\[');
  return line.includes('\x1b') ? `${line}\x1b[0m` : line;
}

/** Calls `take` with each line that is to be printed for a piece of foreign text; none of them starts a command. */
export function neutralLines(text: string, take: (line: string) => void): void {
  // Nearly every line of a build is plain; a million of them have to pass.
  if (text.length <= longest && !suspicious.test(text)) {
    take(text);
    return;
  }
  for (const line of text.replace(/(?:\r\n?|\n)$/, '').split(/\r+\n?|\n/)) {
    for (let at = 0; at === 0 || at < line.length; at += longest) take(neutralPiece(line.slice(at, at + longest)));
  }
}

/** Foreign text within one of our own lines. */
export function neutral(text: string): string {
  const lines: string[] = [];
  neutralLines(text, (line) => lines.push(line));
  return lines.join(' ');
}

/** The same without colours, cut at `most` characters: for files and tables. */
export function plain(text: string, most: number): string {
  const shown = neutral(text.slice(0, most)).replace(/\x1b\[[0-9;]*m/g, '');
  return text.length > most ? `${shown}…` : shown;
}
