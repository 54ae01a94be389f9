import { Refusal } from '../../../src/protocol/index.ts';

/** The refusal that `act` throws. Another error, or none, fails the test. */
export function refusalOf(act: () => unknown): Refusal {
  try {
    act();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

/** What a test compares: the code and the whole sentence. */
export function answerOf(act: () => unknown): string {
  const { code, message } = refusalOf(act);
  return `${code}: ${message}`;
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
