// What holds for every parser and every input: the answer is a value or a refusal, and a refusal is one printable line
// that shows nothing of what was sent but names of fields.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Refusal, errorOf, parseHookState } from '../../src/protocol/index.ts';
import { hookSpecimens } from './support/hook-specimens.ts';
import { places, withValue } from './support/places.ts';
import { specimens } from './support/specimens.ts';
import { jsonValue } from './support/strict-values.ts';

const secret = 'hunter2\r\n::error::##[error]\x1b';
const secrets = fc.constantFrom<unknown>(secret, secret.repeat(20_000), [secret], { '': secret }, 4242.4242, -4242);

function answer(parse: (value: unknown) => unknown, value: unknown): Refusal | null {
  try {
    parse(value);
    return null;
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

describe.each([...hookSpecimens, ...specimens])('the parser of: $name', ({ document, parse }) => {
  const path = fc.constantFrom(...places(document).map((place) => place.path));

  it('answers any JSON, and its own document with any JSON in any place, with a value or a refusal of one line', () => {
    fc.assert(
      fc.property(path, jsonValue, (at, value) => {
        for (const input of [value, withValue(document, at, value)]) {
          const refusal = answer(parse, input);
          if (refusal === null) continue;
          expect(refusal.code).toMatch(/^input-/);
          for (const line of [refusal.message, refusal.rule, refusal.fix]) {
            expect(line).toMatch(/^[\x20-\x7e…]{1,800}$/);
            expect(line).not.toMatch(/::|##\[/);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it('never shows a value, but for the name of an unknown command', () => {
    fc.assert(
      fc.property(path, secrets, (at, value) => {
        const refusal = answer(parse, withValue(document, at, value));
        if (refusal?.code === 'input-unknown-command') return;
        expect(`${refusal?.message} ${refusal?.rule} ${refusal?.fix}`).not.toMatch(/hunter2|4242/);
      }),
      { numRuns: 50 },
    );
  });
});

describe('what never throws', () => {
  it("reads any JSON as the hook's state or as the gate's error", () => {
    fc.assert(
      fc.property(jsonValue, (value) => {
        expect(parseHookState(value)).toBeNull();
        expect(errorOf(500, value)).toMatchObject({ code: 'gate-failed' });
      }),
    );
  });
});
