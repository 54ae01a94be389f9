// The matrix is made from the code's own tables, whole, and the same for the same seed.

import { describe, expect, it } from 'vitest';
import { paths } from '../../src/drone/paths.ts';
import { callNames } from '../../src/gate/routes.ts';
import { cellPhases, taskPhases } from '../../src/protocol/index.ts';
import { type Case, matrix, victims } from './cases.ts';
import { expectedOf, noticesOf } from './expected.ts';
import { type Tables, rowsOf } from './rows.ts';

const tables: Tables = { calls: callNames, taskPhases, cellPhases, droneCalls: Object.keys(paths) };
const rows = rowsOf(tables);
const cases = matrix(rows, { seed: 1, mixed: 40 });
const named = (name: string): Case => {
  const found = cases.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no case ${name}`);
  return found;
};
const hows = ({ strikes }: Case): string => strikes.map(({ how }) => how).join(' ');

describe('the rows', () => {
  it('are both sides of every call of the gate, and every phase of a task and of a cell', () => {
    const of = (kind: string): string[] => rows.filter((row) => row.kind === kind).map((row) => row.of);
    expect(of('call')).toEqual(callNames.flatMap((name) => [name, name]));
    expect(of('ledger')).toEqual(taskPhases);
    expect(of('cell')).toEqual(cellPhases);
    expect(of('drone')).toEqual(expect.arrayContaining(['trigger', 'build', 'liveLog', 'storedLog']));
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
  });

  it.each([
    ['calls', 'call'],
    ['taskPhases', 'ledger'],
    ['cellPhases', 'cell'],
    ['droneCalls', 'drone'],
  ] as const)('when one of the %s is new, it is an error that it has no row', (table, kind) => {
    expect(() => rowsOf({ ...tables, [table]: [...tables[table], 'new'] })).toThrow(
      `crashes: ${kind} "new" has no row; say in rows.ts what is there then`,
    );
    expect(() => rowsOf({ ...tables, [table]: [...tables[table], 'constructor'] })).toThrow('has no row');
  });

  it('name as the same moment only one that lacks no victim and no pair of its own', () => {
    for (const { like, name, cell } of rows) {
      if (like === undefined) continue;
      const other = rows.find((row) => row.name === like);
      expect([name, other?.like, other?.cell]).toEqual([name, undefined, cell]);
    }
  });
});

describe('the cases', () => {
  it('kill and stop every victim that lives, at every row', () => {
    for (const row of rows) {
      const alone = cases.filter((one) => one.row === row && one.strikes.length === 1);
      const struck = (how: string): unknown[] =>
        alone.filter((one) => hows(one) === how).map(({ strikes }) => strikes[0]?.victim);
      const there = victims.filter(
        (victim) => !['cell', 'shim'].includes(victim) || !['none', 'gone'].includes(row.cell),
      );
      expect(new Set(struck('kill'))).toEqual(new Set(there));
      expect(new Set(struck('stop'))).toEqual(new Set(there));
      expect(struck('stop')).toHaveLength(there.length);
      const engines = alone.filter(({ name }) => name.includes('kill engine')).map(({ engine }) => engine);
      expect(new Set(engines)).toEqual(new Set(['keeps', 'ends']));
      expect(engines).toHaveLength(2);
    }
  });

  it('kill every two that live at once, at every moment', () => {
    for (const row of rows) {
      const pairs = cases.filter((one) => one.row === row && hows(one) === 'kill kill');
      const count = ['none', 'gone'].includes(row.cell) ? 6 : 15;
      expect(pairs).toHaveLength(row.like === undefined ? count : 0);
    }
  });

  it('draw as many kills beside a stop as they are told', () => {
    expect(cases.filter((one) => hows(one) === 'kill stop')).toHaveLength(40);
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
  });

  it('come in an order that the seed decides', () => {
    const order = (seed: number): string[] => matrix(rows, { seed, mixed: 40 }).map(({ name }) => name);
    expect(order(1)).toEqual(order(1));
    expect(order(2)).not.toEqual(order(1));
  });
});

describe('what is expected', () => {
  it.each([
    ['cell running: kill gate', 'green', 1],
    ['cell running: kill cell', 'green', null],
    ['cell running: kill hook', 'red', null],
    ['cell running: stop cell', 'green', null],
    ['cell running: kill engine (live-restore)', 'green', null],
    ['cell preflight: kill cell', 'red', null],
    ['cell trigger: kill cell', 'any', null],
    ['cell trigger: kill drone', 'green', null],
    ['drone trigger answered: kill cell', 'green', null],
    ['tasks asked: kill cell', 'any', null],
    ['tasks asked: kill drone', 'green', null],
    ['tasks asked: kill hook + kill cell', 'red', null],
    ['cancel asked: kill gate', 'cancelled', null],
    ['close asked: kill gate', 'green', null],
  ] as const)('of "%s": %s', (name, outcome, notices) => {
    expect([expectedOf(named(name)), noticesOf(named(name))]).toEqual([outcome, notices]);
  });

  it('is said of most cases', () => {
    const open = cases.filter((one) => expectedOf(one) === 'any');
    expect(open.length).toBeLessThan(cases.length / 4);
  });
});
