import { describe, expect, it } from 'vitest';
import { files, text } from '../support/tree.ts';

// Limits that hold. Node 20 keeps the sources of AbortSignal.any only weakly: a garbage collection takes an
// AbortSignal.timeout among them away, and what it should have ended waits for ever (measured with 20.20.2; 24 is sound).
// So nothing uses AbortSignal.any, not even with sources that somebody holds today. AbortSignal.timeout by itself is held
// by whoever listens to it, which a reader cannot see where it is made: what runs on a Node that we do not choose, the
// hook and the cell, has timers of its own (src/hook/deadline.ts).

const sources = files('src').filter((path) => path.endsWith('.ts'));
const strange = /^src\/(?:protocol|drone|hook|cell)\//;
const code = (source: string): string => source.replace(/^\s*(?:\/\/|\*|\/\*).*$/gm, '');
const any = /\bAbortSignal\s*\.\s*any\b|\bany\b[^;=]*\}\s*=\s*AbortSignal\b/;
const timeout = /\bAbortSignal\s*\.\s*timeout\b|\btimeout\b[^;=]*\}\s*=\s*AbortSignal\b/;

describe('a limit', () => {
  it('is never part of a signal that is made of others', () => {
    expect(sources.filter((path) => any.test(code(text(path))))).toEqual([]);
  });

  it('is a timer of its own in hook and cell', () => {
    expect(sources.filter((path) => strange.test(path) && timeout.test(code(text(path))))).toEqual([]);
  });

  it.each([
    ['AbortSignal.any([over, AbortSignal.timeout(1)])', true, true],
    ['const signal = AbortSignal\n  .timeout(1);', false, true],
    ['const { any } = AbortSignal;', true, false],
    ['const { timeout: after } = AbortSignal;', false, true],
    ['// not AbortSignal.any\n * nor AbortSignal.timeout', false, false],
    ['signal: AbortSignal; const timeout = 1;', false, false],
  ])('%j is told apart', (source, isAny, isTimeout) => {
    expect([any.test(code(source)), timeout.test(code(source))]).toEqual([isAny, isTimeout]);
  });
});
