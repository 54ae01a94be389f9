// A cell has 256 MiB (or what its template gives it): no build may end it by the shape of its log.

import { beforeAll, describe, expect, test } from 'vitest';
import { buildOf, pour, scripted, stageOf, stepOf } from '../drone/scripted.ts';
import { buildScript, linesOf, orderFor, startCell } from './cells.ts';

let script = '';
beforeAll(async () => {
  script = await buildScript();
});

const withMemory = (mebibytes: number): readonly string[] => [`--max-old-space-size=${mebibytes}`];
const perWrite = 500;

function* entries(count: number, out: string, frame: (entry: string) => string): Generator<string> {
  for (let pos = 0; pos < count; pos += perWrite) {
    let text = '';
    for (let one = pos; one < Math.min(pos + perWrite, count); one++)
      text += frame(`{"pos":${one},"out":${JSON.stringify(out)},"time":1}`);
    yield text;
  }
}
const live = (entry: string): string => `data: ${entry}\n\n`;

/** `steps` steps whose live streams bring `count` entries of `out` each; a step ends when its stream was read or closed. */
async function streaming(mebibytes: number, steps: number, count: number, out: string, { closes = false } = {}) {
  const opened = new Set<string>();
  const over = new Set<string>();
  const drone = await scripted({
    build: () => {
      const status = over.size === steps ? 'success' : 'running';
      return buildOf(status, {
        stages: [
          stageOf(
            status,
            Array.from({ length: steps }, (_, index) => stepOf(index + 1, status)),
          ),
        ],
      });
    },
    stream: async (response, { url = '' }) => {
      // Who opens it anew has read it to its end; who does not has closed it for good, where that is expected.
      if (opened.has(url)) over.add(url);
      opened.add(url);
      if (closes) response.on('close', () => setTimeout(() => over.add(url), 2000));
      if (!over.has(url)) await pour(response, entries(count, out, live));
      response.end('event: error\ndata: eof\n\n');
    },
  });
  const cell = startCell(script, { node: withMemory(mebibytes) });
  cell.send(orderFor(drone.url, { limits: { poll: 200, run: 300_000, lost: 60_000 } }));
  return cell;
}

describe('a cell that has little memory is not ended by', () => {
  test('four live steps of entries of one byte, none of which ends a line', { timeout: 120_000 }, async () => {
    const count = 400_000;
    const cell = await streaming(48, 4, count, 'x');
    expect(await cell.result()).toMatchObject({ verdict: 'success' });
    expect(linesOf(cell.events).join('').length).toBe(4 * count);
  });

  test('32 live steps with long lines: those beyond the bound wait for the stored log', {
    timeout: 120_000,
  }, async () => {
    const cell = await streaming(64, 32, 70, '\u6f22'.repeat(16_000), { closes: true });
    expect(await cell.result()).toMatchObject({ verdict: 'success' });
  });

  test('a stored log of 1,600,000 entries of one byte', { timeout: 120_000 }, async () => {
    const count = 1_600_000;
    const status = 'success';
    const drone = await scripted({
      build: () => buildOf(status, { stages: [stageOf(status, [stepOf(1, status)])] }),
      log: async (response) => {
        response.write('[{"pos":0,"out":"x","time":0}');
        let first = true;
        await pour(
          response,
          entries(count, 'x', (entry) => {
            if (!first) return `,${entry}`;
            first = false;
            return '';
          }),
        );
        response.end(']');
      },
    });
    const cell = startCell(script, { node: withMemory(48) });
    cell.send(orderFor(drone.url, { limits: { lost: 60_000 } }));
    expect(await cell.result()).toMatchObject({ verdict: 'success' });
    expect(linesOf(cell.events).join('').length).toBe(count);
  });
});
