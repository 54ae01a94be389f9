// The audit log: on the disk before anything follows, whole lines, no secrets; what cannot be written starts nothing.

import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type Audit, fileAudit, limitedAudit } from '../../src/gate/index.ts';
import { Failure } from '../../src/protocol/index.ts';
import { eventually, startBench } from './support/bench.ts';

const folder = mkdtempSync(join(tmpdir(), 'airlock-audit-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const linesOf = (file: string): unknown[] =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('the audit file', () => {
  test('gets one JSON line each, in order, is appended to, and is for the operator alone', async () => {
    const file = join(folder, 'a');
    const first = await fileAudit(file, () => 0);
    await Promise.all([1, 2, 3].map((n) => first.write({ event: 'order', order: String(n) })));
    await first.close();
    const second = await fileAudit(file, () => 0);
    await second.write({ event: 'end', message: 'two\nlines' });
    await second.close();
    expect(linesOf(file)).toEqual([
      ...['1', '2', '3'].map((order) => ({ time: '1970-01-01T00:00:00.000Z', event: 'order', order })),
      { time: '1970-01-01T00:00:00.000Z', event: 'end', message: 'two\nlines' },
    ]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('is not opened through a symbolic link', async () => {
    writeFileSync(join(folder, 'target'), '');
    symlinkSync(join(folder, 'target'), join(folder, 'link'));
    await expect(fileAudit(join(folder, 'link'))).rejects.toMatchObject({ code: 'ELOOP' });
  });

  test('that is full fails every write with one code, and says so to the operator', async () => {
    const full = await fileAudit('/dev/full');
    await expect(full.write({ event: 'order' })).rejects.toMatchObject({
      code: 'audit-failed',
      message: 'the audit log cannot be written, so nothing is started',
    });
    expect(full.broken()).toMatch(/ENOSPC/);
    await full.close();
  });

  test('that hangs fails the write when its time is up', async () => {
    const hanging = {
      write: () => new Promise<void>(() => undefined),
      broken: () => null,
      close: () => Promise.resolve(),
    };
    await expect(limitedAudit(hanging, 10).write({ event: 'order' })).rejects.toMatchObject({
      code: 'audit-failed',
      message: 'the audit log cannot be written in time, so nothing is started',
    });
  });

  test('keeps an entry whole behind half a line that a crash has left', async () => {
    const file = join(folder, 'b');
    appendFileSync(file, '{"time":"19');
    const audit = await fileAudit(file);
    await audit.write({ event: 'order', order: 'x' });
    await audit.close();
    const last = readFileSync(file, 'utf8').trim().split('\n').at(-1)!;
    expect(JSON.parse(last)).toMatchObject({ event: 'order', order: 'x' });
  });
});

describe('an audit log that fails', () => {
  /** Fails writes of one event. */
  const failing =
    (event: string) =>
    async (file: string): Promise<Audit> => {
      const audit = await fileAudit(file);
      return {
        ...audit,
        write: (entry) =>
          entry.event === event
            ? Promise.reject(new Failure('audit-failed', 'the audit log cannot be written, so nothing is started'))
            : audit.write(entry),
      };
    };

  test('at the decision: no cell gets an order, and the author is told', async () => {
    const bench = await startBench({ audit: failing('task') });
    const session = await (await bench.runner()).session();
    expect(await session.ask()).toMatchObject({ status: 500, body: { failed: { code: 'audit-failed' } } });
    expect(bench.cells.orders()).toEqual([]);
    await bench.stop();
  });

  test('at the order: the cell is removed without one', async () => {
    const bench = await startBench({ audit: failing('order') });
    const session = await (await bench.runner()).session();
    const { reader } = await session.task();
    expect(await reader.until(({ k }) => k === 'result')).toMatchObject({
      verdict: 'error',
      code: 'audit-failed',
      outputs: { number: '' },
    });
    expect(bench.cells.orders()).toEqual([]);
    await eventually(() => bench.cells.alive() === 0);
    await bench.stop();
  });

  test('at a refusal: the answer is not a quiet refusal', async () => {
    const bench = await startBench({ audit: failing('proof') });
    const session = await (await bench.runner()).session();
    expect(await session.rehearse({ exp: undefined })).toMatchObject({
      status: 500,
      body: { failed: { code: 'audit-failed' } },
    });
    await bench.stop();
  });
});
