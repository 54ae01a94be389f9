import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { type KubernetesAccess, type KubernetesClient, createKubernetesClient } from '../../src/gate/index.ts';
import type { TestCluster } from './support.ts';

// The gate's way to an API server, as the kubelet gives it to a pod: two files and an address.

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

export function accessWith(server: string, token: string, ca: string): KubernetesAccess {
  const folder = mkdtempSync(join(tmpdir(), 'airlock-access-'));
  folders.push(folder);
  const access = { server, token: join(folder, 'token'), ca: join(folder, 'ca.crt') };
  writeFileSync(access.token, token);
  writeFileSync(access.ca, ca);
  return access;
}

/** One rule of a Role. */
export interface Right {
  readonly groups?: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** What the chart's Role for cells grants, and no more. */
export const cellRights: readonly Right[] = [
  { resources: ['pods'], verbs: ['create', 'get', 'list', 'watch', 'delete'] },
  { resources: ['pods/attach'], verbs: ['create', 'get'] },
  { resources: ['podtemplates'], verbs: ['get'] },
];
export const ledgerRights: readonly Right[] = [
  { resources: ['configmaps'], verbs: ['create', 'get', 'list', 'update', 'delete'] },
  { groups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create', 'get', 'update'] },
];

const api = 'rbac.authorization.k8s.io';

/** A service account of exactly these rights in its namespace. @returns its token */
export async function accountWith(
  { kube }: TestCluster,
  namespace: string,
  name: string,
  rights: readonly Right[],
): Promise<string> {
  await kube.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } });
  await grant({ kube }, namespace, name, rights, namespace);
  return kube.token(namespace, name);
}

/** Rights in another namespace, or in the same. */
export async function grant(
  { kube }: Pick<TestCluster, 'kube'>,
  namespace: string,
  name: string,
  rights: readonly Right[],
  accountsNamespace: string,
): Promise<void> {
  const rules = rights.map(({ groups = [''], resources, verbs }) => ({ apiGroups: groups, resources, verbs }));
  await kube.create({ apiVersion: `${api}/v1`, kind: 'Role', metadata: { name, namespace }, rules });
  await kube.create({
    apiVersion: `${api}/v1`,
    kind: 'RoleBinding',
    metadata: { name, namespace },
    roleRef: { apiGroup: api, kind: 'Role', name },
    subjects: [{ kind: 'ServiceAccount', name, namespace: accountsNamespace }],
  });
}

/** The gate's client with such a token. */
export const clientWith = ({ cluster }: TestCluster, token: string): KubernetesClient =>
  createKubernetesClient(accessWith(cluster.server, token, cluster.ca));
