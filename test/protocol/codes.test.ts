import { describe, expect, it } from 'vitest';
import { failureCodes, refusalCodes } from '../../src/protocol/index.ts';

const codes: readonly string[] = [...refusalCodes, ...failureCodes];

describe('the codes', () => {
  it('are each of one kind, written once', () => {
    expect(new Set(codes).size).toBe(codes.length);
  });

  it.each(codes)('%s is in kebab case and short enough for the title of an annotation', (code) => {
    expect(code).toMatch(/^[a-z0-9]+(?:-[a-z0-9]+)*$/);
    expect(code.length).toBeLessThanOrEqual(40);
    expect(code).not.toBe('ok');
  });
});
