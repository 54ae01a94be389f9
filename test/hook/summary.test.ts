import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { block, code, link } from '../../src/hook/markdown.ts';
import { createTails } from '../../src/hook/tails.ts';
import { type Told, summaryText } from '../../src/hook/summary.ts';
import { type ResultEvent, type Stage, eventOf } from '../../src/hook/words.ts';
import { resultOf } from '../fakes/gate.ts';

const part = (number: number, name: string, status: string) => ({
  number,
  name,
  status,
  started: 1000,
  stopped: 1012,
  error: '',
});
const resulting = (verdict: string, more: object = {}): ResultEvent =>
  eventOf(JSON.stringify(resultOf(1, verdict, more))) as ResultEvent;
function telling(result: ResultEvent, stages: readonly Stage[] = [], lines: Record<string, string[]> = {}): Told {
  const tails = createTails();
  for (const [step, tail] of Object.entries(lines)) tails.add(step, tail);
  return { task: 'drone build', result, stages, tails };
}

describe("the job's summary", () => {
  it('of a green build names it, links it, and lists what ran', () => {
    const stages = [
      {
        ...part(1, 'default', 'success'),
        steps: [part(1, 'clone', 'success'), { ...part(2, 'deploy', 'skipped'), started: 0, stopped: 0 }],
      },
    ];
    expect(summaryText(telling(resulting('success'), stages, { 'default/clone': ['x'] }), 65_536)).toBe(
      [
        '### airlock: drone build: success',
        '',
        '[build 42](<https://drone.example/r/42>) · commit ` aaaaaaaaaaaa ` · 3 min 04 s',
        '',
        '| Stage | Step | Status | Time |',
        '|---|---|---|---|',
        '| ` default ` | – | ` success ` | 12 s |',
        '| ` default ` | ` clone ` | ` success ` | 12 s |',
        '| ` default ` | ` deploy ` | ` skipped ` |  |',
        '',
      ].join('\n'),
    );
  });

  it('of a red build tells why, and the last lines of the step that failed', () => {
    const stages = [
      { ...part(1, 'default', 'failure'), steps: [part(1, 'clone', 'success'), part(2, 'test', 'failure')] },
    ];
    const lines = { 'default/clone': ['cloned'], 'default/test': Array.from({ length: 30 }, (_, at) => `line ${at}`) };
    const text = summaryText(telling(resulting('failure'), stages, lines), 65_536);
    expect(text).toContain('### airlock: drone build: failure\n');
    expect(text).toContain('\n` the build failed `\n');
    expect(text).toContain('\nLast lines of ` default/test `:\n\n```text\nline 10\nline 11\n');
    expect(text.endsWith('line 29\n```\n')).toBe(true);
    expect(text).not.toContain('cloned');
  });

  it('has no tail where the log level gives no lines, and no table where nothing ran', () => {
    const stages = [{ ...part(1, 'default', 'failure'), steps: [part(2, 'test', 'failure')] }];
    expect(summaryText(telling(resulting('failure'), stages), 65_536)).not.toContain('Last lines');
    const none = { number: '', url: '', status: 'error', commit: '', started: '', finished: '' };
    expect(summaryText(telling(resulting('error', { message: 'no', outputs: none })), 65_536)).toBe(
      '### airlock: drone build: error\n\nno build\n\n` no `\n',
    );
  });

  it('never exceeds its size, and says how many rows are left out', () => {
    const steps = Array.from({ length: 1000 }, (_, at) => part(at, '☃'.repeat(1000), 'failure'));
    const stages = Array.from({ length: 20 }, (_, at) => ({ ...part(at, '☃'.repeat(1000), 'failure'), steps }));
    const name = `${'☃'.repeat(1000)}/${'☃'.repeat(1000)}`;
    const told = telling(resulting('failure', { message: '☃'.repeat(8000) }), stages, {
      [name]: Array<string>(20).fill('☃'.repeat(60_000)),
    });
    const text = summaryText(told, 65_536);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(65_536);
    expect(Buffer.byteLength(text)).toBeGreaterThan(40_000);
    expect(text).toMatch(/\n\d{5} more rows\n/);
  });
});

/** What GitHub's Markdown takes for code: nothing in it is read as anything else. */
function outsideCode(markdown: string): string {
  return markdown.replace(/(?<!`)(`+)(?!`)([\s\S]*?[^`])\1(?!`)/g, '');
}

describe('foreign text in Markdown', () => {
  const evil = [
    '<img src=x onerror=alert(1)>',
    '[x](http://evil)',
    '![x](http://evil)',
    'http://evil.example',
    '@octocat',
    '#1',
    'a|b',
    'a\\|b',
    '`',
    '``',
    '```',
    '` x',
    '\\`',
    '\\',
    '&lt;',
    '|',
    '\n|x|',
    '~~~',
    '<!--',
  ];

  it.each(evil)('%j is code in one cell', (text) => {
    const cell = code(`a${text}b`);
    expect(outsideCode(cell)).toBe('');
    expect(cell).not.toMatch(/[|\n]/);
  });

  it.each(evil)('%j cannot end a block', (text) => {
    const lines = block(['first', text, 'last']).split('\n');
    const [fence = ''] = lines;
    const ticks = /^`{3,}(?=text$)/.exec(fence)?.[0] ?? '';
    expect(ticks).not.toBe('');
    const closing = lines.map((line, at) => (new RegExp(`^ {0,3}\`{${ticks.length},} *$`).test(line) ? at : -1));
    expect(closing.filter((at) => at > 0)).toEqual([lines.length - 2]);
  });

  it('whatever it is, stays in its cell and in its block', () => {
    const text = fc
      .array(fc.oneof(fc.constantFrom(...evil, '\r\n', ' ', '\x1b[31m', '\u202e'), fc.string({ unit: 'binary' })), {
        maxLength: 8,
      })
      .map((all) => all.join(''));
    fc.assert(
      fc.property(text, (value) => {
        const cell = code(value);
        expect(cell).not.toMatch(/[|\r\n]/);
        if (cell !== '–') {
          const [, ticks = ''] = /^(`+) /.exec(cell) ?? [];
          expect(cell.endsWith(` ${ticks}`)).toBe(true);
          const within = cell.slice(ticks.length, -ticks.length);
          expect([...within.matchAll(/`+/g)].every(([run]) => run.length !== ticks.length)).toBe(true);
        }
        const [first = '', ...lines] = block([value]).trimEnd().split('\n');
        const fence = first.slice(0, -4);
        expect(lines.at(-1)).toBe(fence);
        expect(lines.slice(0, -1).some((line) => line.includes(fence))).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  it('is shown as a dash when there is none', () => {
    expect([code(''), code(' \n '), code('\x1b[31m')]).toEqual(['–', '–', '–']);
  });
});

describe('the link to a build', () => {
  it.each([
    ['https://drone.example/o/r/42', '[build 42](<https://drone.example/o/r/42>)'],
    ['http://drone.internal:8080/o/r/42?a=b#c', '[build 42](<http://drone.internal:8080/o/r/42?a=b#c>)'],
    ['https://x/>)[y](<https://evil', '[build 42](<https://x/%3E)[y](%3Chttps://evil>)'],
    ['https://x/?a=<b>\\`|', '[build 42](<https://x/?a=%3Cb%3E%5C%60%7C>)'],
  ])('%s', (url, expected) => {
    expect(link('build 42', url)).toBe(expected);
  });

  it.each([
    '',
    'javascript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    '//evil.example',
    'https://user:pass@drone.example/',
    'https://',
    'x',
  ])('%s is none', (url) => {
    expect(link('build 42', url)).toBe('build 42');
  });
});

describe('the tails of steps', () => {
  it('are the last 20 lines of at most 64 steps, cut at 500 characters', () => {
    const tails = createTails();
    for (let at = 0; at < 100; at++) tails.add(`step ${at}`, ['x'.repeat(65_536), 'y']);
    expect(tails.of('step 35')).toEqual([]);
    expect(tails.of('step 36')).toEqual([`${'x'.repeat(500)}…`, 'y']);
    for (let at = 0; at < 50; at++) tails.add('step 36', [`${at}`]);
    expect(tails.of('step 36')).toEqual(Array.from({ length: 20 }, (_, at) => `${at + 30}`));
    // The one that spoke last stays.
    for (let at = 100; at < 163; at++) tails.add(`step ${at}`, ['z']);
    expect(tails.of('step 36')).toHaveLength(20);
    expect(tails.of('step 99')).toEqual([]);
  });
});
