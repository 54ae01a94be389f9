import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Probe,
  type ProbeEvent,
  findings,
  maxAttempts,
  orderKinds,
  parseOrder,
  parseProbeEvent,
} from '../../src/protocol/index.ts';
import { order } from './support/order-specimens.ts';
import { answerOf } from './support/refusal.ts';

const probe: Probe = {
  reach: [
    { host: '169.254.169.254', port: 80 },
    { host: 'fd00:ec2::254', port: 80, by: 'proxy' },
  ],
  names: ['github.com'],
  account: true,
};
const withProbe = (more: object) => () => parseOrder({ ...order, kind: 'probe', probe: { ...probe, ...more } });
const event: ProbeEvent = { k: 'probe', n: 1, reach: ['connected', 'silent'], names: ['refused'] };

describe('a probe order', () => {
  it('says what is tried, and no other order can', () => {
    expect(withProbe({})().probe).toEqual(probe);
    for (const kind of orderKinds.filter((other) => other !== 'probe')) {
      const more = kind === 'recover' ? { then: 'follow' } : {};
      const choose =
        kind === 'promote' || kind === 'rollback' ? { choose: { events: ['push'], status: 'success' } } : {};
      expect(answerOf(() => parseOrder({ ...order, kind, ...more, ...choose, probe }))).toBe(
        'input-wrong-type: the order: the document itself is not as expected ("probe" only where the kind is "probe")',
      );
    }
  });

  it('names addresses and ports, plain names, and not many of them', () => {
    const one = { host: '10.0.0.1', port: 22 };
    for (const host of ['', 'gateway', '10.0.0.256', '10.0.0.1/24', '[::1]', 'unix:/run/docker.sock'])
      expect(answerOf(withProbe({ reach: [{ ...one, host }] }))).toContain('"probe.reach.0.host"');
    for (const port of [0, 65_536, 1.5, '22'])
      expect(answerOf(withProbe({ reach: [{ ...one, port }] }))).toContain('"probe.reach.0.port"');
    expect(answerOf(withProbe({ reach: [{ ...one, by: 'shell' }] }))).toContain('"probe.reach.0.by"');
    expect(answerOf(withProbe({ reach: [{ ...one, send: 'GET /' }] }))).toContain('input-unknown-field');
    for (const name of ['', '$(id)', 'a b', '-x', 'A.example', `${'a'.repeat(254)}`])
      expect(answerOf(withProbe({ names: [name] }))).toContain('"probe.names.0"');
    const many = Array.from({ length: maxAttempts + 1 }, () => one);
    expect(answerOf(withProbe({ reach: many }))).toContain(`(at most ${maxAttempts})`);
    expect(withProbe({ reach: many.slice(1) })().probe?.reach).toHaveLength(maxAttempts);
    expect(answerOf(withProbe({ account: 'yes' }))).toContain('"probe.account"');
  });
});

describe('what a probe found', () => {
  it('survives the wire', () => {
    const some = fc.array(fc.constantFrom(...findings), { maxLength: maxAttempts });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), some, some, (n, reach, names) => {
        const found = { k: 'probe', n, reach, names };
        expect(parseProbeEvent(JSON.parse(JSON.stringify(found)))).toEqual(found);
      }),
    );
  });

  it('is refused in every other form', () => {
    for (const [more, field] of [
      [{ k: 'log' }, '"k"'],
      [{ n: 0 }, '"n"'],
      [{ reach: ['open'] }, '"reach.0"'],
      [{ reach: 'connected' }, '"reach"'],
      [{ names: [1] }, '"names.0"'],
      [{ more: 1 }, '"more"'],
      [{ reach: Array.from({ length: maxAttempts + 1 }, () => 'silent') }, '"reach"'],
    ] as const)
      expect(answerOf(() => parseProbeEvent({ ...event, ...more }))).toContain(field);
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(answerOf(() => parseProbeEvent(value))).toMatch(/^input-/);
      }),
    );
  });
});
