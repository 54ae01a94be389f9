// What one line of the audit log holds: no byte that a terminal or a reader of lines could take for something else, and
// no more than a few kilobytes, whoever chose its words.

import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { auditLine, maxLine } from '../../src/gate/audit-line.ts';
import { type Bench, startBench } from './support/bench.ts';

const parsed = (line: string): { readonly [name: string]: unknown } => JSON.parse(line);
const printable = /^[\x20-\x7e]*\n$/;

describe('a line', () => {
  test('escapes whatever is not printable ASCII, and says the same', () => {
    const message = 'a\u0085b\u2028c\u202ed\u009b2Je\u007ff\0g\nh é 😀 \ud800';
    const line = auditLine({ event: 'proof', message }, 0);
    expect(line).toMatch(printable);
    expect(line).toContain('a\\u0085b\\u2028c\\u202ed\\u009b2Je\\u007ff\\u0000g\\nh \\u00e9 \\ud83d\\ude00 \\ud800"');
    expect(parsed(line)).toEqual({ time: '1970-01-01T00:00:00.000Z', event: 'proof', message });
  });

  test('is whole up to its longest, and beyond it each long text is cut, with its length told', () => {
    const whole = { event: 'task', detail: 'x'.repeat(8_000), actor: 'mona' } as const;
    expect(parsed(auditLine(whole, 0))).toMatchObject(whole);
    const line = auditLine({ ...whole, detail: 'x'.repeat(9_000) }, 0);
    expect(parsed(line)).toMatchObject({ actor: 'mona', detail: `${'x'.repeat(1_024)}... (9000 characters)` });
  });

  test('is printable, bounded and JSON, whatever the entry', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom('\u0001', '\u2028', '"', '\\', 'x').map((unit) => unit.repeat(1_000)),
    );
    const names = ['message', 'detail', 'repository', 'ref', 'sha', 'actor', 'target', 'verdict', 'cell', 'order'];
    const fields = fc.record(Object.fromEntries(names.map((name) => [name, hostile])));
    fc.assert(
      fc.property(fields, fc.array(hostile, { maxLength: 16 }), (texts, params) => {
        const line = auditLine({ event: 'proof', ...texts, params }, 0);
        expect(line).toMatch(printable);
        expect(line.length).toBeLessThanOrEqual(maxLine);
        expect(Object.keys(parsed(line)).sort()).toEqual(['event', 'params', 'time', ...names].sort());
      }),
      { numRuns: 25 },
    );
  });
});

describe('the line of a refused request', () => {
  let bench: Bench;
  afterEach(() => bench.stop());
  const hostile = 'X\u2028{"forged":true}\u0085\u009b2J';
  const many = Object.fromEntries(Array.from({ length: 40 }, (_none, at) => [`KEY_${at}`, 'secret']));

  test('tells how many parameters there were before the job has proved itself, and nothing that it chose', async () => {
    bench = await startBench();
    const session = await (await bench.runner()).session();
    const params = { ...many, [hostile]: '' };
    expect(await session.ask({ token: 'x', params, target: hostile })).toMatchObject({ status: 403 });
    const line = bench.audit().at(-1);
    expect(line).toMatchObject({ event: 'proof', decision: 'refused', task: 'drone build', paramCount: 41 });
    expect(line).not.toHaveProperty('params');
    expect(line).not.toHaveProperty('target');
  });

  test('tells names that are names, some of many, and their number, and no target that is not granted', async () => {
    bench = await startBench();
    const session = await (await bench.runner()).session();
    await session.ask({ params: { ENVIRONMENT: 'staging', OTHER: '1' }, target: 'production' });
    expect(bench.audit().at(-1)).toMatchObject({
      event: 'task',
      params: ['ENVIRONMENT', 'OTHER'],
    });
    expect(bench.audit().at(-1)).not.toHaveProperty('target');
    expect(bench.audit().at(-1)).not.toHaveProperty('paramCount');
    await session.ask({ params: { [hostile]: '', lower: '', ...many }, target: hostile });
    const line = bench.audit().at(-1);
    expect(line).toMatchObject({ event: 'task', decision: 'refused', paramCount: 42 });
    expect(line?.params).toEqual(Object.keys(many).slice(0, 16));
    expect(line).not.toHaveProperty('target');
  });
});
