// The hook's one way to the job's log. Everything goes to stdout: the runner reads both streams, but not in order.

import { neutral, neutralLines } from './neutral.ts';
import { random } from './random.ts';

export interface Printer {
  /** A line of ours, in which nothing foreign is. */
  own(line: string): void;
  /** Lines that the hook did not make, or that hold something it did not make. Waits for a slow reader. */
  foreign(...lines: readonly string[]): Promise<void>;
  /** An annotation with a code, of one or more lines. The runner obeys commands again from here on. */
  annotation(level: 'error' | 'warning', code: string, text: string): void;
  /** Waits until the reader has taken what was printed so far. */
  flush(): Promise<void>;
  /** The last lines: what something that still runs prints later is dropped. */
  end(): Promise<void>;
}

/** Characters that are collected before a write; with the longest line together below 1 MiB. */
const full = 131_072;

/** GitHub's escaping of a workflow command's message. */
const escaped = (text: string): string => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');

export function createPrinter(write: (text: string) => Promise<void>): Printer {
  let text = '';
  let written = Promise.resolve();
  let ended = false;
  /** Not empty while the runner obeys no command but this one. */
  let token = '';

  function flush(): Promise<void> {
    const next = text;
    text = '';
    if (next !== '' && !ended) written = written.then(() => write(next));
    return written;
  }
  function resume(): void {
    if (token !== '') text += `::${token}::\n`;
    token = '';
  }
  return {
    flush,
    own(line) {
      text += `${neutral(line)}\n`;
    },
    async foreign(...lines) {
      if (token === '') {
        token = random();
        text += `::stop-commands::${token}\n`;
      }
      for (const line of lines) {
        neutralLines(line, (shown) => {
          text += `${shown}\n`;
        });
        if (text.length >= full) await flush();
      }
    },
    annotation(level, code, message) {
      resume();
      const lines = message.split('\n').map(neutral).join('\n');
      text += `::${level} title=airlock%3A ${code}::${escaped(`[airlock ${code}] ${lines}`)}\n`;
    },
    async end() {
      resume();
      await flush();
      ended = true;
    },
  };
}
