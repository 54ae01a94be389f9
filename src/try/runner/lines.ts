// A process's output, line by line as .NET's StreamReader reads it: LF, CRLF and a bare CR each end a line. So a build's
// progress bar makes lines of its own, and each of them is looked at for commands.

/** A longer line is told in pieces, so that nobody's output is held without bound. */
const maxLength = 4_194_304;

export interface LineSplitter {
  push(bytes: Uint8Array): void;
  end(): void;
}

export function createLineSplitter(onLine: (line: string) => void, limit = maxLength): LineSplitter {
  const decoder = new TextDecoder('utf-8');
  let rest = '';
  let afterReturn = false;

  const take = (text: string) => {
    let start = 0;
    // A CRLF may be cut between two chunks; the CR has ended the line already.
    if (afterReturn && text.startsWith('\n')) start = 1;
    if (text !== '') afterReturn = text.endsWith('\r');
    const ends = /\r\n|\r|\n/g;
    ends.lastIndex = start;
    for (let end = ends.exec(text); end !== null; end = ends.exec(text)) {
      onLine(rest + text.slice(start, end.index));
      rest = '';
      start = ends.lastIndex;
    }
    rest += text.slice(start);
    while (rest.length > limit) {
      onLine(rest.slice(0, limit));
      rest = rest.slice(limit);
    }
  };

  return {
    push: (bytes) => {
      take(decoder.decode(bytes, { stream: true }));
    },
    end: () => {
      take(decoder.decode());
      if (rest !== '') onLine(rest);
      rest = '';
    },
  };
}
