// Records as ConfigMaps: a name that only one can take, and a resourceVersion that only one can follow. A change whose
// answer was lost is asked for again; the second answer, or what stands then, tells what the first one did.

import * as v from 'valibot';
import { type KubernetesClient, isStatus, listAll } from '../../kubernetes/index.ts';
import type { ClusterLedgerTiming } from './timing.ts';

/** The kinds of records, part of a ConfigMap's name and its label. */
export type Kind = 'task' | 'binding' | 'session';

export interface Kept {
  /** Without prefix and kind. */
  readonly name: string;
  readonly version: string;
  /** null: there is no record in it. */
  readonly text: string | null;
}

export interface ConfigMaps {
  /** @returns null: the name is taken, by something else */
  create(kind: Kind, name: string, text: string): Promise<Kept | null>;
  /** @returns null: somebody else changed or removed it */
  replace(kind: Kind, before: Pick<Kept, 'name' | 'version'>, text: string): Promise<Kept | null>;
  /** What is gone already is no error. */
  remove(kind: Kind, name: string): Promise<void>;
  get(kind: Kind, name: string): Promise<Kept | null>;
  list(kind: Kind): Promise<readonly Kept[]>;
}

const kindLabel = 'airlock.ledger';
const ledgerLabel = 'airlock.installation';
const key = 'record';

const schema = v.object({
  metadata: v.object({ name: v.string(), resourceVersion: v.string() }),
  data: v.optional(v.record(v.string(), v.string()), {}),
});

/** @param prefix the installation's name; all rejections are KubernetesErrors */
export function createConfigMaps(
  client: KubernetesClient,
  namespace: string,
  prefix: string,
  timing: Pick<ClusterLedgerTiming, 'call' | 'patience'>,
): ConfigMaps {
  const collection = `/api/v1/namespaces/${namespace}/configmaps`;
  const patience = { patience: timing.patience, repeatable: true };
  const limit = timing.call;
  const startOf = (kind: Kind): string => `${prefix}-${kind}-`;
  const pathOf = (kind: Kind, name: string): string => `${collection}/${startOf(kind)}${name}`;

  function kept(object: unknown, kind: Kind): Kept {
    const { metadata, data } = v.parse(schema, object);
    const name = metadata.name.startsWith(startOf(kind)) ? metadata.name.slice(startOf(kind).length) : '';
    return { name, version: metadata.resourceVersion, text: data[key] ?? null };
  }

  function objectOf(kind: Kind, name: string, text: string, resourceVersion?: string): object {
    const labels = { [kindLabel]: kind, [ledgerLabel]: prefix };
    const metadata = { name: `${startOf(kind)}${name}`, labels, resourceVersion };
    return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { [key]: text } };
  }

  async function get(kind: Kind, name: string): Promise<Kept | null> {
    try {
      return kept((await client.call({ method: 'GET', path: pathOf(kind, name), limit }, patience)).body, kind);
    } catch (error) {
      if (isStatus(error, 404)) return null;
      throw error;
    }
  }

  /** After a 409: it may be this very change that stands, whose first answer was lost. Texts hold random ids. */
  async function mine(kind: Kind, name: string, text: string): Promise<Kept | null> {
    const now = await get(kind, name);
    return now?.text === text ? now : null;
  }

  return {
    get,
    async create(kind, name, text) {
      try {
        const body = objectOf(kind, name, text);
        return kept((await client.call({ method: 'POST', path: collection, body, limit }, patience)).body, kind);
      } catch (error) {
        if (isStatus(error, 409)) return mine(kind, name, text);
        throw error;
      }
    },
    async replace(kind, { name, version }, text) {
      try {
        const body = objectOf(kind, name, text, version);
        return kept((await client.call({ method: 'PUT', path: pathOf(kind, name), body, limit }, patience)).body, kind);
      } catch (error) {
        if (isStatus(error, 404)) return null;
        if (isStatus(error, 409)) return mine(kind, name, text);
        throw error;
      }
    },
    async remove(kind, name) {
      try {
        await client.call({ method: 'DELETE', path: pathOf(kind, name), limit }, patience);
      } catch (error) {
        if (!isStatus(error, 404)) throw error;
      }
    },
    async list(kind) {
      const { items } = await listAll(client, collection, `${kindLabel}=${kind},${ledgerLabel}=${prefix}`, limit);
      return items.map((item) => kept(item, kind)).filter(({ name }) => name !== '');
    },
  };
}
