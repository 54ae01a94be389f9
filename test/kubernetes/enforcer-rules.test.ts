import { describe, expect, it } from 'vitest';
import { chainOf, type Pod, type Policy, ruleset, selects, type World } from '../cluster/enforcer/rules.mjs';

// What network policies mean, without a network.

const pod = (name: string, podIP: string, labels: Record<string, string> = {}, namespace = 'here'): Pod => ({
  metadata: { name, namespace, labels },
  spec: { containers: [{ ports: [{ name: 'web', containerPort: 8080 }] }] },
  status: { podIP, phase: 'Running' },
});
const policy = (spec: Policy['spec']): Policy => ({ metadata: { name: 'p', namespace: 'here' }, spec });

const me = pod('me', '10.0.0.1', { app: 'me' });
const near = pod('near', '10.0.0.2', { app: 'near' });
const far = pod('far', '10.0.0.3', { app: 'far' }, 'there');
const world = (...policies: Policy[]): World => ({
  pods: [me, near, far],
  namespaces: [
    { metadata: { name: 'here', labels: { at: 'here' } } },
    { metadata: { name: 'there', labels: { at: 'there' } } },
  ],
  policies,
});
const mine = { podSelector: { matchLabels: { app: 'me' } } };
const egress = (...rules: NonNullable<Policy['spec']['egress']>) =>
  chainOf(world(policy({ ...mine, policyTypes: ['Egress'], egress: rules })), 'egress', me);
const ingress = (...rules: NonNullable<Policy['spec']['ingress']>) =>
  chainOf(world(policy({ ...mine, ingress: rules })), 'ingress', me);

describe('a pod', () => {
  it('that no policy selects is free', () => {
    expect(chainOf(world(), 'egress', me)).toBeUndefined();
    expect(chainOf(world(policy({ podSelector: { matchLabels: { app: 'near' } } })), 'ingress', me)).toBeUndefined();
    expect(
      chainOf(world({ ...policy(mine), metadata: { name: 'p', namespace: 'there' } }), 'ingress', me),
    ).toBeUndefined();
  });

  it('that a policy without rules selects is alone, in the directions of the policy', () => {
    expect(ingress()).toEqual(['drop']);
    expect(egress()).toEqual(['drop']);
    expect(chainOf(world(policy(mine)), 'egress', me)).toBeUndefined();
    expect(chainOf(world(policy({ ...mine, egress: [] })), 'egress', me)).toEqual(['drop']);
    expect(chainOf(world(policy({ podSelector: {} })), 'ingress', near)).toEqual(['drop']);
  });

  it('may do what any one of several policies allows', () => {
    const one = policy({ ...mine, ingress: [{ from: [{ podSelector: { matchLabels: { app: 'near' } } }] }] });
    expect(chainOf(world(one, policy(mine)), 'ingress', me)).toEqual(['ip saddr { 10.0.0.2 } return', 'drop']);
  });
});

describe('a rule', () => {
  it('names pods of the own namespace, of other namespaces, or both', () => {
    expect(egress({ to: [{ podSelector: {} }] })).toEqual(['ip daddr { 10.0.0.1, 10.0.0.2 } return', 'drop']);
    const there = { namespaceSelector: { matchLabels: { at: 'there' } } };
    expect(egress({ to: [there] })).toEqual(['ip daddr { 10.0.0.3 } return', 'drop']);
    expect(egress({ to: [{ ...there, podSelector: { matchLabels: { app: 'near' } } }] })).toEqual(['drop']);
  });

  it('names addresses, and exceptions from them', () => {
    const block = { cidr: '10.0.0.0/8', except: ['10.0.0.2/32', '10.1.0.0/16'] };
    expect(egress({ to: [{ ipBlock: block }] })).toEqual([
      'ip daddr 10.0.0.0/8 ip daddr != { 10.0.0.2/32, 10.1.0.0/16 } return',
      'drop',
    ]);
    expect(ingress({ from: [{ ipBlock: { cidr: '10.0.0.2/32' } }] })).toEqual(['ip saddr 10.0.0.2/32 return', 'drop']);
  });

  it('names ports: one, a range, a protocol, or by the name that the receiver gives', () => {
    const port = (...ports: NonNullable<NonNullable<Policy['spec']['egress']>[number]['ports']>) =>
      egress({ to: [{ podSelector: { matchLabels: { app: 'near' } } }], ports });
    const to = 'ip daddr { 10.0.0.2 }';
    expect(port({ port: 80 })).toEqual([`${to} tcp dport 80 return`, 'drop']);
    expect(port({ port: 80, endPort: 90, protocol: 'UDP' })).toEqual([`${to} udp dport 80-90 return`, 'drop']);
    expect(port({ protocol: 'UDP' })).toEqual([`${to} meta l4proto udp return`, 'drop']);
    expect(port({ port: 'web' })).toEqual([`${to} ip daddr 10.0.0.2 tcp dport 8080 return`, 'drop']);
    expect(ingress({ ports: [{ port: 'web' }] })).toEqual(['ip daddr 10.0.0.1 tcp dport 8080 return', 'drop']);
  });

  it('without peers and ports allows everything', () => {
    expect(egress({})).toEqual(['return', 'drop']);
  });

  it('that cannot be understood allows nothing', () => {
    expect(egress({ to: [{ ipBlock: { cidr: '::/0' } }] })).toEqual(['drop']);
    expect(egress({ to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['::/0'] } }] })).toEqual(['drop']);
    expect(egress({ ports: [{ port: 'unknown' }] })).toEqual(['drop']);
    expect(egress({ ports: [{ port: 80, protocol: 'ICMP' }] })).toEqual(['drop']);
  });
});

describe('a selector', () => {
  const labels = { a: '1' };
  it.each([
    [{}, true],
    [{ matchLabels: { a: '1' } }, true],
    [{ matchLabels: { a: '2' } }, false],
    [{ matchLabels: { constructor: '1' } }, false],
    [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['1', '2'] }] }, true],
    [{ matchExpressions: [{ key: 'b', operator: 'In', values: ['1'] }] }, false],
    [{ matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['1'] }] }, false],
    [{ matchExpressions: [{ key: 'b', operator: 'NotIn', values: ['1'] }] }, true],
    [{ matchExpressions: [{ key: 'a', operator: 'Exists' }] }, true],
    [{ matchExpressions: [{ key: 'a', operator: 'DoesNotExist' }] }, false],
    [{ matchExpressions: [{ key: 'a', operator: 'Like' }] }, false],
  ])('%j: %s', (selector, selected) => {
    expect(selects(selector, labels)).toBe(selected);
  });
});

describe('a pod of whose address nobody has heard', () => {
  it('sends and receives nothing as soon as there are policies', () => {
    const rules = ruleset(world(policy(mine)), '10.0.0.0/24');
    for (const side of ['ip saddr', 'ip daddr'])
      expect(rules).toContain(`${side} 10.0.0.0/24 ${side} != { 10.0.0.1, 10.0.0.2, 10.0.0.3 } drop`);
    expect(ruleset(world(), '10.0.0.0/24')).not.toContain('drop');
  });

  it('is one that has ended, too: its address may have a new owner', () => {
    const ended = { ...near, status: { ...near.status, phase: 'Failed' } };
    const rules = ruleset({ ...world(policy(mine)), pods: [me, ended] }, '10.0.0.0/24');
    expect(rules).toContain('ip saddr != { 10.0.0.1 } drop');
  });
});
