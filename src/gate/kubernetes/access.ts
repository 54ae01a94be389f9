// Where the API server is and who the gate is there. The kubelet renews token and certificate authority in place, so both
// files are read for each call; nobody keeps what stood in them.

import { readFile } from 'node:fs/promises';
import { within } from '../limit.ts';
import { KubernetesError } from './kubernetes-error.ts';

export interface KubernetesAccess {
  /** `https://host:port`. */
  readonly server: string;
  /** Path of the service account's token. */
  readonly token: string;
  /** Path of the PEM text of the cluster's authorities. */
  readonly ca: string;
}

export interface Credentials {
  readonly token: string;
  readonly ca: string;
}

const folder = '/var/run/secrets/kubernetes.io/serviceaccount';
/** Reading two small files: a disk that hangs must not hang the gate. */
const disk = 5_000;

/** What the kubelet gives every pod; null: this is none. A name would need a DNS that a pod may not have (measured). */
export function accessInCluster(env: NodeJS.ProcessEnv): KubernetesAccess | null {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env;
  if (host === undefined || port === undefined) return null;
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return { server, token: `${folder}/token`, ca: `${folder}/ca.crt` };
}

/** @throws {KubernetesError} `no-credentials` */
export async function credentialsOf({ token, ca }: KubernetesAccess): Promise<Credentials> {
  const refuse = (detail: string, cause?: unknown): KubernetesError =>
    new KubernetesError({ trouble: 'no-credentials', call: 'reading the service account', detail }, { cause });
  let read: readonly [string, string];
  try {
    read = await within(Promise.all([readFile(token, 'utf8'), readFile(ca, 'utf8')]), disk, () => {
      throw new Error(`no answer of the disk after ${disk / 1000} s`);
    });
  } catch (cause) {
    throw refuse((cause as Error).message, cause);
  }
  const trimmed = read[0].trim();
  if (!/^[\x21-\x7e]{1,16384}$/.test(trimmed)) throw refuse(`${token} holds no token`);
  return { token: trimmed, ca: read[1] };
}
