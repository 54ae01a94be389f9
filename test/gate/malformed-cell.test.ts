// A cell that breaks its own protocol is not believed any more: never a success, always one clear reason.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { splitLines } from '../../src/gate/cells/split-lines.ts';
import { watchCell } from '../../src/gate/tasks/watch.ts';
import { Failure } from '../../src/protocol/index.ts';
import { build, result, state } from '../fakes/cells.ts';

const lines = (...events: (object | string)[]): string[] =>
  events.map((event) => (typeof event === 'string' ? event : JSON.stringify(event)));
function reads(...events: (object | string)[]): string {
  const watch = watchCell();
  try {
    for (const line of lines(...events)) watch.read(line);
    return 'ok';
  } catch (error) {
    expect(error).toMatchObject({ name: 'Failure', code: 'cell-misbehaved' });
    return (error as Failure).message.replace("the cell's report cannot be believed: ", '');
  }
}
const log = { k: 'log', n: 1, step: 's', lines: ['a'] };

describe('a report', () => {
  test('of consecutive states, a build and its result is believed', () => {
    expect(reads(state(1), log, state(2, { build: build(7) }), state(3, { build: build(7) }), result(4))).toBe('ok');
    expect(reads(state(1), result(2, 'unknown', ''))).toBe('ok');
    expect(reads(state(1, { build: build(7) }), result(2, 'failure', '7'))).toBe('ok');
    expect(reads(state(1, { build: build(7) }), result(2, 'unknown', ''))).toBe('ok');
  });

  test.for<[string, (object | string)[], string]>([
    ['a missing state', [state(1), state(3)], 'state event 3 came after 1'],
    ['a repeated state', [state(1), state(1)], 'state event 1 came after 1'],
    ['a first state that is not 1', [state(2)], 'state event 2 came after 0'],
    ['a result that skips a state', [state(1), result(3)], 'state event 3 came after 1'],
    ['success without a number', [state(1), result(2, 'success', '')], 'success without a build number'],
    ['success of build 0', [state(1), result(2, 'success', '0')], 'success without a build number'],
    [
      'the result of another build',
      [state(1, { build: build(7) }), result(2, 'success', '8')],
      'the result is of build "8", not 7',
    ],
    [
      'a failure of another build',
      [state(1, { build: build(7) }), result(2, 'failure', '8')],
      'the result is of build "8", not 7',
    ],
    [
      'a build that changes',
      [state(1, { build: build(7) }), state(2, { build: build(8) })],
      'the build changed from 7 to 8',
    ],
    ['a line after the result', [state(1), result(2), log], 'a line came after the result'],
    ['a second result', [state(1), result(2), result(3)], 'a line came after the result'],
    ['no JSON', ['oops'], 'a line is not JSON'],
    ['an empty line', [''], 'a line is not JSON'],
    ['two events in a line', [`${JSON.stringify(log)}${JSON.stringify(log)}`], 'a line is not JSON'],
  ])('with %s is not', (entry) => {
    const [, events, message] = entry;
    expect(reads(...events)).toBe(message);
  });

  test.for<[string, object | string]>([
    ['a number that is none', result(1, 'success', '7; rm')],
    ['a turn', { k: 'turn' }],
    ['a ping', { k: 'ping' }],
    ['an unknown kind', { k: 'exec', cmd: 'sh' }],
    ['an unknown field', { ...log, more: 1 }],
    ['a list', '[]'],
    ['null', 'null'],
    ['success with another code', { ...result(1), code: 'build-failed' }],
    ['a code "ok" without success', { ...result(1, 'failure'), code: 'ok' }],
    [
      'outputs that say another verdict',
      { ...result(1), outputs: { number: '7', url: '', status: 'failure', commit: '', started: '', finished: '' } },
    ],
    ['__proto__', '{"k":"log","n":1,"step":"s","lines":["a"],"__proto__":{"k":"result"}}'],
  ])('with %s is not an event', (entry) => {
    expect(reads(entry[1])).toMatch(/^the event/);
  });

  test('whatever a line holds, it is an event or one failure', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.jsonValue().map((value) => JSON.stringify(value)),
        ),
        (line) => {
          try {
            watchCell().read(line);
          } catch (error) {
            expect(error).toBeInstanceOf(Failure);
          }
        },
      ),
    );
  });
});

describe("a cell's output", () => {
  async function split(chunks: readonly (string | Buffer)[], max?: number): Promise<string[]> {
    async function* from(): AsyncGenerator<Buffer> {
      for (const chunk of chunks) yield Buffer.from(chunk);
    }
    const found: string[] = [];
    for await (const line of splitLines(from(), max)) found.push(line);
    return found;
  }

  test('is cut into lines wherever its pieces end; an unfinished last line is none', async () => {
    expect(await split(['a\nb', 'c\n', '\n', 'd\ne'])).toEqual(['a', 'bc', '', 'd']);
    expect(await split([Buffer.from('é\n').subarray(0, 1), Buffer.from('é\n').subarray(1)])).toEqual(['é']);
  });

  test('with a line beyond the limit ends with a failure, in one piece or in many', async () => {
    expect(await split(['x'.repeat(10), '\n'], 10)).toEqual(['x'.repeat(10)]);
    for (const chunks of [
      ['x'.repeat(11), '\n'],
      ['x'.repeat(11) + '\n'],
      ['xxxx', 'xxxx', 'xxxx'],
      ['ok\n' + 'x'.repeat(11)],
    ])
      await expect(split(chunks, 10)).rejects.toMatchObject({
        code: 'cell-misbehaved',
        message: 'the cell wrote a line of more than 10 bytes',
      });
  });

  test('gives back what was put in, however it was cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string().map((line) => line.replaceAll('\n', ''))),
        fc.array(fc.nat(20)),
        async (all, cuts) => {
          const whole = Buffer.from(all.map((line) => `${line}\n`).join(''));
          const chunks: Buffer[] = [];
          let at = 0;
          for (const cut of cuts) {
            chunks.push(whole.subarray(at, at + cut));
            at += cut;
          }
          chunks.push(whole.subarray(at));
          expect(await split(chunks)).toEqual(all.map((line) => Buffer.from(line).toString()));
        },
      ),
    );
  });
});
