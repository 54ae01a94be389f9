import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { sinks } from '../../src/cell/levels.ts';
import { Output } from '../../src/cell/output.ts';
import { redactor } from '../../src/cell/redact.ts';
import { run } from '../../src/cell/run.ts';
import { type CellEvent, parseCellEvent } from '../../src/protocol/index.ts';
import { oneStage, sim } from '../drone/sim.ts';
import { nonce } from '../support/drone-run.ts';
import { orderFor } from './cells.ts';

// Rules whose absence no other test would notice (test/guards).

function collected() {
  let text = '';
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString('utf8');
      done();
    },
  });
  const events = (): CellEvent[] =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => parseCellEvent(JSON.parse(line)));
  const lines = (): string[] => events().flatMap((event) => (event.k === 'log' ? event.lines : []));
  return { output: new Output(stream), events, lines };
}

describe('a line', () => {
  const secret = 'hunter2-hunter2';
  const line = `${'x'.repeat(65_536 - 7)}${secret} end`;

  test('is redacted before it is cut: a secret at the cut is whole by then', () => {
    const { output, lines } = collected();
    const sink = sinks({ level: 'full', logBytes: 1e9, redact: redactor([secret]), output })('default/deploy');
    sink.line(line);
    sink.end();
    output.flush();
    expect(lines().join('')).toBe(`${'x'.repeat(65_536 - 7)}*** end`);
  });

  test('at the level status goes nowhere, even if a log should reach the sink', () => {
    const { output, events } = collected();
    for (const level of ['status', 'full'] as const) {
      const sink = sinks({ level, logBytes: 1e9, redact: (text) => text, output })('default/deploy');
      sink.line(level);
      sink.note(level);
      sink.end();
    }
    output.flush();
    expect(events()).toEqual([{ k: 'log', n: 1, step: 'default/deploy', lines: ['full', '[airlock] full'] }]);
  });
});

describe('a build', () => {
  test('carries the nonce of its order, and its log never shows the token', async () => {
    const drone = await sim(oneStage({ name: 'deploy', lines: ['the token is bot-token\n'], ms: 40 }));
    const { output, lines } = collected();
    const order = orderFor(drone.url);
    const verdict = await run({ order, output, cancel: new AbortController().signal, diagnose: () => undefined });
    expect(verdict).toBe('success');
    expect(lines()).toEqual(['the token is ***']);
    const [post] = drone.requests.filter(({ method, path }) => method === 'POST' && path.endsWith('/builds'));
    expect(post?.query['AIRLOCK_NONCE']).toBe(nonce);
  });
});
