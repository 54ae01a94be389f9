// Enforces network policies on the node that it runs on: no stock enforcer can be built from published modules alone.
// Usage: main.mjs FOLDER-OF-THE-CLUSTER POD-RANGE
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { accessOf, ask, watch } from '../api.mjs';
import { must } from '../run.mjs';
import { ruleset } from './rules.mjs';

const [folder = '', podRange = ''] = process.argv.slice(2);
const access = accessOf(join(folder, 'admin.kubeconfig'));

/** @typedef {'pods' | 'namespaces' | 'policies'} Kind */

/** @type {Record<Kind, string>} */
const paths = {
  pods: '/api/v1/pods',
  namespaces: '/api/v1/namespaces',
  policies: '/apis/networking.k8s.io/v1/networkpolicies',
};
/** @type {Record<Kind, Map<string, any>>} */
const known = { pods: new Map(), namespaces: new Map(), policies: new Map() };
/** @type {Set<Kind>} */
const listed = new Set();

let applied = '';
let wanted = false;
let busy = false;

/** One at a time, the newest wins; a failure is tried again, since the rules before it may allow too much. */
async function apply() {
  wanted = true;
  if (busy || listed.size < 3) return;
  busy = true;
  while (wanted) {
    wanted = false;
    const world = {
      pods: [...known.pods.values()],
      namespaces: [...known.namespaces.values()],
      policies: [...known.policies.values()],
    };
    const rules = ruleset(world, podRange);
    if (rules === applied) continue;
    try {
      await must(['nft', '-f', '-'], { input: rules, limit: 20_000 });
      applied = rules;
      console.log(`in force: ${world.policies.length} policies, ${world.pods.length} pods`);
    } catch (error) {
      console.error(error);
      wanted = true;
      await sleep(200);
    }
  }
  busy = false;
}

/** @param {Kind} kind */
async function follow(kind) {
  const { status, body } = await ask(access, 'GET', paths[kind], { limit: 10_000 });
  if (status !== 200) throw new Error(`${paths[kind]}: ${status}`);
  known[kind] = new Map(body.items.map((/** @type {any} */ item) => [item.metadata.uid, item]));
  listed.add(kind);
  void apply();
  const from = new URLSearchParams({ watch: 'true', resourceVersion: body.metadata.resourceVersion });
  for await (const { type, object } of watch(access, `${paths[kind]}?${from.toString()}`)) {
    // Such as 410: the whole list is asked for again.
    if (type === 'ERROR') return;
    if (type === 'DELETED') known[kind].delete(object.metadata.uid);
    else known[kind].set(object.metadata.uid, object);
    void apply();
  }
}

for (const kind of /** @type {const} */ (['pods', 'namespaces', 'policies']))
  void (async () => {
    for (;;) {
      await follow(kind).catch((/** @type {unknown} */ error) => console.error(String(error)));
      await sleep(200);
    }
  })();
