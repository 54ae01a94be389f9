// What network policies mean, as rules of nftables. Pure: objects in, the text of one table out.
// A pod that no policy selects may do everything in that direction; one that any policy selects may do only what one of
// them allows (networking.k8s.io/v1). An established connection stays. Whatever this file does not understand allows
// nothing.

/**
 * @typedef {{ key: string, operator: string, values?: string[] }} Requirement
 * @typedef {{ matchLabels?: Record<string, string>, matchExpressions?: Requirement[] }} Selector
 * @typedef {{ podSelector?: Selector, namespaceSelector?: Selector, ipBlock?: { cidr: string, except?: string[] } }} Peer
 * @typedef {{ protocol?: string, port?: number | string, endPort?: number }} Port
 * @typedef {{ from?: Peer[], to?: Peer[], ports?: Port[] }} Rule
 *
 * @typedef {object} Policy
 * @property {{ name: string, namespace: string }} metadata
 * @property {{ podSelector?: Selector, policyTypes?: string[], ingress?: Rule[], egress?: Rule[] }} spec
 *
 * @typedef {object} Pod
 * @property {{ name: string, namespace: string, labels?: Record<string, string> }} metadata
 * @property {{ hostNetwork?: boolean, containers?: { ports?: { name?: string, containerPort: number, protocol?: string }[] }[] }} spec
 * @property {{ podIP?: string, phase?: string }} [status]
 *
 * @typedef {{ metadata: { name: string, labels?: Record<string, string> } }} Namespace
 * @typedef {{ pods: Pod[], namespaces: Namespace[], policies: Policy[] }} World
 * @typedef {'ingress' | 'egress'} Direction
 */

export const table = 'airlock_policies';

/** @param {Selector} selector @param {Record<string, string>} [labels] */
export function selects({ matchLabels = {}, matchExpressions = [] }, labels = {}) {
  const has = (/** @type {string} */ key) => Object.hasOwn(labels, key);
  return (
    Object.entries(matchLabels).every(([key, value]) => has(key) && labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      if (operator === 'In') return has(key) && values.includes(labels[key] ?? '');
      if (operator === 'NotIn') return !has(key) || !values.includes(labels[key] ?? '');
      if (operator === 'Exists') return has(key);
      return operator === 'DoesNotExist' && !has(key);
    })
  );
}

/** Pods with an address of their own. @param {World} world */
const addressed = ({ pods }) =>
  pods.filter(({ spec, status }) => {
    const ended = status?.phase === 'Succeeded' || status?.phase === 'Failed';
    return spec.hostNetwork !== true && !ended && /^[\d.]+$/.test(status?.podIP ?? '');
  });

const addressOf = (/** @type {Pod} */ pod) => pod.status?.podIP ?? '';
const isRange = (/** @type {string} */ text) => /^[\d.]+\/\d+$/.test(text);

/** @param {World} world @param {string} namespace  the policy's @param {Peer} peer @returns {Pod[]} */
function podsOf(world, namespace, { podSelector, namespaceSelector }) {
  const near = new Set(
    namespaceSelector === undefined
      ? [namespace]
      : world.namespaces
          .filter(({ metadata }) => selects(namespaceSelector, metadata.labels))
          .map(({ metadata }) => metadata.name),
  );
  return addressed(world).filter(
    ({ metadata }) => near.has(metadata.namespace) && selects(podSelector ?? {}, metadata.labels),
  );
}

/** @param {Port} port @param {readonly Pod[]} targets  whose ports have names @returns {string[]} conditions */
function portConditions({ protocol = 'TCP', port, endPort }, targets) {
  const layer = protocol.toLowerCase();
  if (!['tcp', 'udp', 'sctp'].includes(layer)) return [];
  if (port === undefined) return [`meta l4proto ${layer}`];
  if (typeof port === 'number') return [`${layer} dport ${port}${endPort === undefined ? '' : `-${endPort}`}`];
  return targets.flatMap((pod) =>
    (pod.spec.containers ?? [])
      .flatMap(({ ports = [] }) => ports)
      .filter((one) => one.name === port && (one.protocol ?? 'TCP') === protocol)
      .map(({ containerPort }) => `ip daddr ${addressOf(pod)} ${layer} dport ${containerPort}`),
  );
}

/**
 * The conditions under which one rule of a policy lets a packet of `pod` pass.
 * @param {World} world @param {string} namespace @param {Direction} direction @param {Pod} pod @param {Rule} rule
 * @returns {string[]}
 */
function conditions(world, namespace, direction, pod, rule) {
  const peers = direction === 'ingress' ? rule.from : rule.to;
  const other = direction === 'ingress' ? 'ip saddr' : 'ip daddr';
  /** @type {{ match: string, pods: Pod[] }[]} */
  const sides = (peers ?? []).flatMap((peer) => {
    if (peer.ipBlock !== undefined) {
      const { cidr, except = [] } = peer.ipBlock;
      if (![cidr, ...except].every(isRange)) return [];
      const without = except.length === 0 ? '' : ` ${other} != { ${except.join(', ')} }`;
      return [{ match: `${other} ${cidr}${without}`, pods: [] }];
    }
    const pods = podsOf(world, namespace, peer);
    return pods.length === 0 ? [] : [{ match: `${other} { ${[...new Set(pods.map(addressOf))].join(', ')} }`, pods }];
  });
  if ((peers ?? []).length === 0) sides.push({ match: '', pods: addressed(world) });
  return sides.flatMap(({ match, pods }) => {
    if ((rule.ports ?? []).length === 0) return [match];
    const targets = direction === 'ingress' ? [pod] : pods;
    return (rule.ports ?? []).flatMap((port) =>
      portConditions(port, targets).map((condition) => `${match} ${condition}`.trim()),
    );
  });
}

/** @param {Policy} policy @returns {string[]} */
const typesOf = ({ spec }) => spec.policyTypes ?? ['Ingress', ...(spec.egress === undefined ? [] : ['Egress'])];

/**
 * The chain of one pod in one direction; undefined when no policy speaks of it.
 * @param {World} world @param {Direction} direction @param {Pod} pod
 * @returns {string[] | undefined} rules
 */
export function chainOf(world, direction, pod) {
  const type = direction === 'ingress' ? 'Ingress' : 'Egress';
  const policies = world.policies.filter(
    (policy) =>
      policy.metadata.namespace === pod.metadata.namespace &&
      typesOf(policy).includes(type) &&
      selects(policy.spec.podSelector ?? {}, pod.metadata.labels),
  );
  if (policies.length === 0) return undefined;
  const allowed = policies.flatMap(({ metadata, spec }) =>
    (spec[direction] ?? []).flatMap((rule) => conditions(world, metadata.namespace, direction, pod, rule)),
  );
  // `return`: what one pod may send, another may still refuse to receive.
  return [...new Set(allowed)].map((condition) => `${condition} return`.trim()).concat('drop');
}

/**
 * The whole table, as input for `nft -f -` that replaces the one before.
 * @param {World} world
 * @param {string} podRange
 */
export function ruleset(world, podRange) {
  /** @type {string[]} */
  const chains = [];
  /** @param {Direction} direction */
  const dispatch = (direction) => {
    const mine = direction === 'ingress' ? 'ip daddr' : 'ip saddr';
    const jumps = addressed(world).flatMap((pod, index) => {
      const rules = chainOf(world, direction, pod);
      if (rules === undefined) return [];
      chains.push(`chain ${direction}_${index} {\n${rules.join('\n')}\n}`);
      return [`${mine} ${addressOf(pod)} jump ${direction}_${index}`];
    });
    // A pod may run before anybody has heard of its address: until then it sends and receives nothing, or the first
    // moment of its life would be free of all policies.
    const known = [...new Set(addressed(world).map(addressOf))];
    const but = known.length === 0 ? '' : ` ${mine} != { ${known.join(', ')} }`;
    const unknown = world.policies.length === 0 ? [] : [`${mine} ${podRange}${but} drop`];
    chains.push(`chain ${direction} {\n${[...jumps, ...unknown].join('\n')}\n}`);
  };
  dispatch('egress');
  dispatch('ingress');
  const hook = (/** @type {string} */ name, /** @type {string} */ rules) =>
    `chain ${name} {\ntype filter hook ${name} priority filter\nct state established,related accept\n${rules}\n}`;
  // What the node itself sends to its pods always arrives: the kubelet's probes, the API server's calls.
  chains.push(hook('forward', 'jump egress\njump ingress'), hook('input', 'jump egress'));
  return `table ip ${table}\ndelete table ip ${table}\ntable ip ${table} {\n${chains.join('\n')}\n}\n`;
}
