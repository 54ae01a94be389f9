// Records as ConfigMaps: a name that only one can take, and a resourceVersion that only one can follow. A change whose
// answer was lost is asked for again; the second answer, or what stands then, tells what the first one did.

import * as v from 'valibot';
import { type KubernetesClient, isStatus, listAll } from '../../kubernetes/index.ts';
import type { KubernetesCall } from '../../kubernetes/request.ts';
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
  /** @returns null: somebody else changed its record or removed it; whatever else is written beside the record may stay */
  replace(kind: Kind, before: Kept, text: string): Promise<Kept | null>;
  /** Takes a creation back, unless somebody has changed it since. @returns whether it is gone */
  undo(kind: Kind, created: Kept): Promise<boolean>;
  /** What is gone already is no error. */
  remove(kind: Kind, name: string): Promise<void>;
  get(kind: Kind, name: string): Promise<Kept | null>;
  list(kind: Kind): Promise<readonly Kept[]>;
}

const kindLabel = 'airlock.ledger';
const ledgerLabel = 'airlock.installation';
const key = 'record';
/** Somebody labels it again and again. */
const tries = 5;

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

  /** @returns null: the server says that something stands in the way; `repeated`: perhaps this very change does */
  async function change(
    call: Pick<KubernetesCall, 'method' | 'path' | 'body'>,
    kind: Kind,
  ): Promise<{ readonly done: Kept | null; readonly repeated: boolean }> {
    let repeated = false;
    const onRepeat = (): void => {
      repeated = true;
    };
    try {
      const { body } = await client.call({ ...call, limit }, { ...patience, onRepeat });
      return { done: kept(body, kind), repeated };
    } catch (error) {
      if (isStatus(error, 409)) return { done: null, repeated };
      throw error;
    }
  }

  return {
    get,
    async create(kind, name, text) {
      const call = { method: 'POST', path: collection, body: objectOf(kind, name, text) } as const;
      const { done, repeated } = await change(call, kind);
      if (done !== null || !repeated) return done;
      const now = await get(kind, name);
      return now?.text === text ? now : null;
    },
    async replace(kind, before, text) {
      const { name } = before;
      let { version } = before;
      for (let time = 0; time < tries; time++) {
        const call = { method: 'PUT', path: pathOf(kind, name), body: objectOf(kind, name, text, version) } as const;
        let repeated: boolean;
        try {
          const answer = await change(call, kind);
          if (answer.done !== null) return answer.done;
          ({ repeated } = answer);
        } catch (error) {
          if (isStatus(error, 404)) return null;
          throw error;
        }
        const now = await get(kind, name);
        if (now !== null && repeated && now.text === text) return now;
        // A label, for example: the record is the one that was to be followed, under a version of another's making.
        if (now === null || now.text === null || now.text !== before.text) return null;
        ({ version } = now);
      }
      return null;
    },
    async undo(kind, { name, version }) {
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { resourceVersion: version } };
      try {
        await client.call({ method: 'DELETE', path: pathOf(kind, name), body, limit }, patience);
        return true;
      } catch (error) {
        if (isStatus(error, 404)) return true;
        if (isStatus(error, 409)) return false;
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
