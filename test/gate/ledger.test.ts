import { describe, expect, test } from 'vitest';
import { jobKeyOf, jobKeyText, memoryLedger, parseJobKey, parseLedgerRecord } from '../../src/gate/index.ts';
import type { Claims } from '../../src/policy/index.ts';
import { ledgerContract } from './support/ledger-contract.ts';
import { waiting } from './support/records.ts';

describe('the ledger in memory', () => {
  ledgerContract(async () => memoryLedger());

  test('forgets what has ended after seven days, and never what is open', async () => {
    let now = waiting.decided;
    const ledger = memoryLedger(() => now);
    await ledger.create({ ...waiting, phase: 'ended', verdict: 'unknown', code: 'cell-lost' });
    await ledger.create({ ...waiting, slot: 2 });
    now += 8 * 24 * 3_600_000;
    await ledger.create({ ...waiting, slot: 3, decided: now });
    expect((await ledger.list({})).map((one) => 'record' in one && one.record.slot)).toEqual([2, 3]);
  });
});

describe("a job's key", () => {
  const claims = { repositoryId: '1', runId: '2', runAttempt: '3', checkRunId: '4' } as Claims;
  test("is GitHub's own identifiers, and without check_run_id the runner stands in", () => {
    const runner = { id: 'runner-1', ephemeral: true };
    expect(jobKeyText(jobKeyOf(claims, runner))).toBe('1.2.3.c4');
    expect(parseJobKey('1.2.3.c4')).toEqual(jobKeyOf(claims, runner));
    for (const text of ['', '1.2.3', '1.2.3.4', '1.2.3.c4.5', '../2.3.c4', '1.2.3.cx', 'a.2.3.c4'])
      expect(parseJobKey(text)).toBeNull();
    const without = { ...claims, checkRunId: undefined };
    const text = jobKeyText(jobKeyOf(without, runner));
    expect(text).toMatch(/^1\.2\.3\.r[0-9a-f]{32}$/);
    expect(jobKeyText(jobKeyOf(without, { id: 'runner-2', ephemeral: true }))).not.toBe(text);
  });
});

describe('a malformed record', () => {
  const parse = (change: Record<string, unknown>): unknown => parseLedgerRecord({ ...waiting, ...change });
  test('is refused; the whole one is read', () => {
    expect(parse({})).toEqual(waiting);
    expect(parse({ phase: 'ended', verdict: 'success', code: 'ok' })).toMatchObject({ verdict: 'success' });
  });

  test.for<[string, Record<string, unknown>]>([
    ['an unknown field', { more: 1 }],
    ['another version', { v: 2 }],
    ['a verdict before the end', { verdict: 'success', code: 'ok' }],
    ['an end without a verdict', { phase: 'ended' }],
    ['success without "ok"', { phase: 'ended', verdict: 'success', code: 'cell-lost' }],
    ['"ok" without success', { phase: 'ended', verdict: 'failure', code: 'ok' }],
    ['an unknown phase', { phase: 'done' }],
    ['slot 0', { slot: 0 }],
    ['a request that is no id', { request: 'x' }],
    ['a key with a path', { key: { ...waiting.key, job: '../x' } }],
    ['a ref that is not plain', { plan: { ...waiting.plan, ref: 'refs/heads/$(id)' } }],
    ['a plan with a token', { plan: { ...waiting.plan, token: 'x' } }],
    ['a cell that is a number', { cell: 5 }],
  ])('with %s', (entry) => {
    expect(() => parse(entry[1])).toThrow(expect.objectContaining({ code: expect.stringMatching(/^input-/) }));
  });

  test.for([null, [], 'x', 5, {}])('%j', (value) => {
    expect(() => parseLedgerRecord(value)).toThrow('the ledger record');
  });
});
