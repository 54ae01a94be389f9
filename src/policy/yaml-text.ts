// From text to the one YAML document in it, whatever the text is: syntax, size and depth are judged here.

import { type CST, Composer, type Document, Lexer, type LineCounter, Parser } from 'yaml';

const maxBytes = 1_048_576;
// Collections nest 7 deep in a policy; each takes up to two places on the parser's stack. The composer recurses, and a
// stack that is nearly full lets Node die in its regular expressions (measured at 100,000 open brackets).
const maxStack = 48;

const options = { version: '1.2', schema: 'core', merge: false, uniqueKeys: false, prettyErrors: false } as const;

/** The text is no document that a policy could be read from. */
export class Unreadable extends Error {
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

function* tokensOf(text: string, lines: LineCounter): Generator<CST.Token> {
  const parser = new Parser(lines.addNewLine);
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) {
      if (token.type === 'directive')
        throw new Unreadable(token.offset, 'YAML directives are not read; remove the line that begins with %');
      yield token;
    }
    if (parser.stack.length > maxStack)
      throw new Unreadable(parser.offset, 'is nested too deep; a policy needs 7 levels');
  }
  yield* parser.end();
}

/** @throws {Unreadable} `lines` then knows the lines up to its offset */
export function composeYaml(text: string, lines: LineCounter, what = 'policy'): Document.Parsed {
  lines.addNewLine(0);
  if (Buffer.byteLength(text) > maxBytes)
    throw new Unreadable(0, `is larger than ${maxBytes} bytes; split the installation or shorten the file`);
  let document: Document.Parsed | undefined;
  for (const next of new Composer(options).compose(tokensOf(text, lines), true, text.length)) {
    if (document) throw new Unreadable(next.range[0], `a second document begins; keep one ${what} in one file`);
    document = next;
  }
  if (!document) throw new Unreadable(0, `there is no document; write a ${what}`);
  // What follows the first error is mostly its consequence.
  const [error] = [...document.errors, ...document.warnings].toSorted((a, b) => a.pos[0] - b.pos[0]);
  if (error) throw new Unreadable(error.pos[0], `this is not YAML: ${error.message}; correct it here`);
  return document;
}
