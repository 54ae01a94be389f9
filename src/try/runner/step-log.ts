// The log of one step: everything that is shown of it goes through here, masked, with its annotations counted as the
// runner counts them.

import type { Masker } from './masker.ts';
import type { Annotation, RunnerLine, StepRef } from './types.ts';

/** The runner sends no more than ten annotations of a kind for a step, each of at most 4096 characters. */
const maxOfAKind = 10;
const maxMessage = 4096;

export type Level = Annotation['level'];

export interface StepLog {
  readonly step: StepRef;
  readonly annotations: readonly Annotation[];
  plain(text: string): void;
  group(text: string): void;
  endGroup(): void;
  command(text: string): void;
  debug(text: string): void;
  /** A line of its own colour, and an annotation. */
  issue(level: Level, message: string, properties?: ReadonlyMap<string, string>): void;
}

const placeOf = (properties: ReadonlyMap<string, string>): Partial<Annotation> =>
  Object.fromEntries(
    ['title', 'file', 'line'].flatMap((key) => {
      const value = properties.get(key);
      return value === undefined || value === '' ? [] : [[key, value]];
    }),
  );

export function createStepLog(step: StepRef, masker: Masker, emit: (line: RunnerLine) => void): StepLog {
  const annotations: Annotation[] = [];
  const show = (kind: RunnerLine['kind'], text: string, annotation?: Annotation) => {
    emit({ kind, text, step, ...(annotation === undefined ? {} : { annotation }) });
  };
  return {
    step,
    annotations,
    plain: (text) => show('plain', masker.mask(text)),
    group: (text) => show('group', masker.mask(text)),
    endGroup: () => show('endgroup', ''),
    command: (text) => show('command', masker.mask(text)),
    debug: (text) => show('debug', masker.mask(text)),
    issue: (level, message, properties = new Map()) => {
      const text = masker.mask(message);
      const annotation: Annotation = { level, message: text.slice(0, maxMessage), ...placeOf(properties) };
      const same = annotations.filter((other) => other.level === level).length;
      if (same < maxOfAKind) annotations.push(annotation);
      show(level, text, annotation);
    },
  };
}

export const errorMessage = (error: unknown): string => (error instanceof Error ? error.message : String(error));
