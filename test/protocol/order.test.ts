import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cancelReasons,
  nonceParam,
  orderKinds,
  parseCellLine,
  parseOrder,
  recoverWishes,
} from '../../src/protocol/index.ts';
import { orders } from './support/arbitraries.ts';
import { order } from './support/order-specimens.ts';
import { answerOf } from './support/refusal.ts';

const choose = { events: ['push'], status: 'success' };
const old = { number: 7, event: 'push', status: 'success', ref: 'refs/heads/main', commit: 'a'.repeat(40), params: {} };
const withParams = (params: unknown) => () => parseOrder({ ...order, params });
const wrongName = 'a parameter name other than AIRLOCK_NONCE';

describe('an order', () => {
  it('survives the wire', () => {
    fc.assert(
      fc.property(orders, (value) => {
        expect(parseOrder(JSON.parse(JSON.stringify(value)))).toEqual(value);
      }),
    );
  });

  it('names a ref where it asks for a build: Drone would build the default branch', () => {
    const { ref: _, ...noRef } = order;
    expect(parseOrder({ ...noRef, kind: 'probe' })).toMatchObject({ kind: 'probe' });
    for (const kind of ['promote', 'rollback'])
      expect(parseOrder({ ...noRef, kind, choose })).toMatchObject({ kind, choose });
    expect(answerOf(() => parseOrder(noRef))).toBe(
      'input-wrong-type: the order: the document itself is not as expected (a ref where the kind is "build")',
    );
    expect(parseOrder(order)).toEqual(order);
  });

  it('says exactly of a recover order what is to become of the build', () => {
    for (const then of recoverWishes)
      expect(parseOrder({ ...order, kind: 'recover', then })).toMatchObject({ kind: 'recover', then });
    const { build: _, ...noNumber } = order;
    expect(parseOrder({ ...noNumber, kind: 'recover', then: 'cancel' })).not.toHaveProperty('build');
    const wrong =
      'input-wrong-type: the order: the document itself is not as expected ("then" exactly where the kind is "recover")';
    expect(answerOf(() => parseOrder({ ...order, kind: 'recover' }))).toBe(wrong);
    for (const kind of orderKinds.filter((other) => other !== 'recover'))
      expect(answerOf(() => parseOrder({ ...order, kind, then: 'follow' }))).toBe(wrong);
  });

  it('leaves the choice of an old build to the gate, and says so exactly where there is one', () => {
    const exactly = '"choose" exactly where the kind is "promote" or "rollback"';
    for (const kind of ['promote', 'rollback'] as const) {
      expect(parseOrder({ ...order, kind, choose })).toMatchObject({ kind, choose });
      expect(answerOf(() => parseOrder({ ...order, kind }))).toContain(`(${exactly})`);
      const { target: _, ...noTarget } = order;
      expect(answerOf(() => parseOrder({ ...noTarget, kind, choose }))).toContain('(a target where another build');
    }
    for (const kind of ['build', 'probe']) {
      expect(answerOf(() => parseOrder({ ...order, kind, choose }))).toContain(`(${exactly})`);
      for (const more of [{ base: 1 }, { again: { event: 'promote', of: old } }])
        expect(answerOf(() => parseOrder({ ...order, kind, ...more }))).toContain(
          '("again" and "base" only where the kind is "recover")',
        );
    }
  });

  it('brings a chosen build only if its ref and its commit are plain', () => {
    const go = (more: object) => () => parseCellLine({ go: { ...old, ...more } });
    expect(go({})()).toEqual({ go: old });
    for (const ref of ['refs/heads/$(id)', 'refs/pull/1/head', 'main'])
      expect(answerOf(go({ ref }))).toContain('a plain refs/heads/ or refs/tags/ name');
    expect(answerOf(go({ commit: 'HEAD' }))).toContain('40 or 64 lower hex digits');
    expect(answerOf(go({ params: { 'a b': 'x' } }))).toContain('the name of a parameter');
  });

  it('never brings the nonce among its parameters, since that one makes the build ours', () => {
    expect(answerOf(withParams({ [nonceParam]: 'x' }))).toBe(
      `input-wrong-type: the order: "params.AIRLOCK_NONCE" is not as expected (${wrongName})`,
    );
    expect(withParams({ AIRLOCK_REF: 'refs/heads/main' })()).toMatchObject({
      params: { AIRLOCK_REF: 'refs/heads/main' },
    });
  });

  it.each(['', 'a', '1A', 'A-B', 'A B', 'A\n', 'constructor', 'prototype', '__proto__', 'Ä', `A${'B'.repeat(64)}`])(
    'has no parameter of the name %j',
    (name) => {
      const params = JSON.parse(`{${JSON.stringify(name)}:"x"}`) as unknown;
      expect(answerOf(withParams(params))).toContain(`is not as expected (${wrongName})`);
      expect(withParams({ [`A${'B'.repeat(63)}`]: 'x' })).not.toThrow();
    },
  );
});

describe('a line to the cell', () => {
  it('says exactly one thing', () => {
    const lines = [
      ...cancelReasons.map((cancel) => ({ cancel })),
      { resume: { state: 0, log: 0 } },
      { end: true },
      { go: old },
    ];
    for (const line of lines) expect(parseCellLine(line)).toEqual(line);
    const one = 'exactly one of cancel, resume, end and go';
    for (const line of [
      {},
      { cancel: 'author', end: true },
      { resume: { state: 0, log: 0 }, end: true },
      { go: old, end: true },
    ])
      expect(answerOf(() => parseCellLine(line))).toBe(
        `input-wrong-type: the line to the cell: the document itself is not as expected (${one})`,
      );
    expect(answerOf(() => parseCellLine({ cancel: 'author', order: {} }))).toBe(
      'input-unknown-field: the line to the cell holds the unknown field "order"',
    );
    expect(answerOf(() => parseCellLine({ resume: { state: 0 } }))).toBe(
      'input-missing-field: the line to the cell lacks "resume.log"',
    );
  });
});
