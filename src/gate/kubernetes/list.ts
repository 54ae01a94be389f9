// Lists of the API server, page by page: what an object is called and which version of the collection was seen.

import { isObject } from '../../protocol/index.ts';
import type { KubernetesClient } from './client.ts';
import { KubernetesError } from './kubernetes-error.ts';
import type { KubernetesCall } from './request.ts';

const pageSize = 50;

export interface Meta {
  readonly name: string;
  readonly version: string;
}

export function metaOf(object: unknown): Meta {
  const meta = isObject(object) ? object['metadata'] : null;
  if (!isObject(meta)) return { name: '', version: '' };
  const { name, resourceVersion } = meta;
  return {
    name: typeof name === 'string' ? name : '',
    version: typeof resourceVersion === 'string' ? resourceVersion : '',
  };
}

/** Every page of a collection. @throws {KubernetesError} */
export async function listAll(
  client: KubernetesClient,
  path: string,
  labelSelector: string,
  limit: number,
): Promise<{ readonly items: readonly unknown[]; readonly version: string }> {
  const items: unknown[] = [];
  let next = '';
  for (;;) {
    const query = new URLSearchParams({
      labelSelector,
      limit: String(pageSize),
      ...(next === '' ? {} : { continue: next }),
    });
    const call: KubernetesCall = { method: 'GET', path: `${path}?${query.toString()}`, limit };
    const { body } = await client.call(call);
    const list = isObject(body) && Array.isArray(body['items']) ? body : null;
    if (list === null) {
      throw new KubernetesError({ trouble: 'malformed', call: `GET ${path}`, detail: 'it answered with no list' });
    }
    items.push(...(list['items'] as unknown[]));
    const meta: unknown = list['metadata'];
    const { version } = metaOf(list);
    next = isObject(meta) && typeof meta['continue'] === 'string' ? meta['continue'] : '';
    if (next === '') return { items, version };
  }
}
