import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { refFits } from '../../src/policy/glob.ts';

describe('* in a ref', () => {
  test.each([
    ['refs/heads/*', 'refs/heads/main'],
    ['refs/heads/*/*', 'refs/heads/a/b'],
    ['refs/heads/a*b', 'refs/heads/ab'],
    ['refs/heads/a*b', 'refs/heads/axxb'],
    ['refs/heads/a*b*c', 'refs/heads/abbc'],
    ['refs/heads/a*b*c', 'refs/heads/abcbc'],
    ['refs/heads/*aa', 'refs/heads/aaa'],
    ['refs/tags/v*.*', 'refs/tags/v1.2'],
  ])('%s is met by %s', (glob, ref) => {
    expect(refFits(glob, ref)).toBe(true);
  });

  test.each([
    ['refs/heads/*', 'refs/heads/'],
    ['refs/heads/*', 'refs/heads/a/b'],
    ['refs/heads/*', 'refs/heads'],
    ['refs/heads/*/*', 'refs/heads/a/'],
    ['refs/heads/*/*', 'refs/heads//a'],
    ['refs/heads/a*a', 'refs/heads/a'],
    ['refs/heads/a*b*c', 'refs/heads/acb'],
    ['refs/heads/a*b*b', 'refs/heads/ab'],
    ['refs/heads/a.b', 'refs/heads/axb'],
    ['refs/heads/(a|b)', 'refs/heads/a'],
    ['refs/heads/a+', 'refs/heads/aa'],
  ])('%s is not met by %s', (glob, ref) => {
    expect(refFits(glob, ref)).toBe(false);
  });

  test('means the same as a regular expression that knows it, for every small glob and ref', () => {
    const piece = fc.string({ unit: fc.constantFrom('a', 'b', '*', '/'), maxLength: 8 });
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 8 });
    fc.assert(
      fc.property(piece, text, (glob, ref) => {
        fc.pre(!glob.includes('**'));
        const segments = glob.split('/').map((segment) => `(?=[^/])${segment.replaceAll('*', '[^/]*')}`);
        expect(refFits(glob, ref)).toBe(new RegExp(`^${segments.join('/')}$`).test(ref));
      }),
      { numRuns: 2000 },
    );
  });
});
