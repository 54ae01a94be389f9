import { expect, test } from 'vitest';
import { nearest } from '../../src/policy/suggest.ts';

const known = ['repository', 'repositories', 'refs', 'redact', 'required', 'run', 'id'];

test.each([
  ['repositry', 'repository'],
  ['Repository', 'repository'],
  ['reopsitory', 'repository'],
  ['repositorys', 'repository'],
  ['repositorie', 'repositories'],
  ['ref', 'refs'],
  ['rfes', 'refs'],
  ['rnu', 'run'],
  ['ID', 'id'],
])('for %s it is %s', (word, meant) => {
  expect(nearest(word, known)).toBe(meant);
});

test.each(['colour', 'x', '', 'x'.repeat(100_000)])('for what is like no word there is none: %#', (word) => {
  expect(nearest(word, known)).toBeUndefined();
});
