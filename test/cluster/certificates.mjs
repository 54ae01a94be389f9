// Who is who in a cluster: one authority, one key pair for each program, the key of the service accounts' tokens, and
// a kubeconfig for each client. All of it lives in the cluster's folder and ends with it.
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeName } from './layout.mjs';
import { must } from './run.mjs';

const days = ['-days', '30'];
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Group of the API server when it calls the kubelet; cluster.mjs binds it to the role that allows that. */
export const kubeletApiGroup = 'airlock:kubelet-api';

/** @param {import('./layout.mjs').Layout} layout @returns {Record<string, [subject: string, names?: string]>} */
function holders({ nodeAddress, serviceAddress }) {
  const api = 'DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,IP:127.0.0.1';
  return {
    apiserver: ['/CN=kube-apiserver', `${api},IP:${nodeAddress},IP:${serviceAddress}`],
    'apiserver-kubelet-client': [`/O=${kubeletApiGroup}/CN=kube-apiserver-kubelet-client`],
    'kubelet-server': [`/CN=${nodeName}`, `DNS:${nodeName},IP:${nodeAddress}`],
    admin: ['/O=system:masters/CN=admin'],
    'kube-controller-manager': ['/CN=system:kube-controller-manager'],
    'kube-scheduler': ['/CN=system:kube-scheduler'],
    'kube-proxy': ['/CN=system:kube-proxy'],
    kubelet: [`/O=system:nodes/CN=system:node:${nodeName}`],
  };
}

const clients = ['admin', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy', 'kubelet'];

/**
 * JSON is YAML, and anything can read it.
 * @param {string} server
 * @param {string} folder  of the keys
 * @param {string} name
 */
function kubeconfig(server, folder, name) {
  const data = (/** @type {string} */ file) => readFileSync(join(folder, file)).toString('base64');
  const user = { 'client-certificate-data': data(`${name}.crt`), 'client-key-data': data(`${name}.key`) };
  const cluster = { server, 'certificate-authority-data': data('ca.crt') };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'airlock-test', cluster }],
    users: [{ name, user }],
    contexts: [{ name: 'airlock-test', context: { cluster: 'airlock-test', user: name } }],
    'current-context': 'airlock-test',
  });
}

/** Fills FOLDER/pki and writes FOLDER/<client>.kubeconfig. @param {import('./layout.mjs').Layout} layout */
export async function makeCertificates(layout) {
  const folder = join(layout.folder, 'pki');
  mkdirSync(folder, { mode: 0o700 });
  const at = (/** @type {string} */ name) => join(folder, name);
  // The machine's own settings of openssl would make an authority of every certificate.
  writeFileSync(at('openssl.cnf'), '[req]\ndistinguished_name = none\n[none]\n');
  const openssl = ['openssl', 'req', '-x509', '-new', '-config', at('openssl.cnf'), ...days, ...newKey];
  /** @param {string} name @param {string} subject @param {readonly string[]} extensions @param {readonly string[]} more */
  const make = (name, subject, extensions, more = []) => {
    const files = ['-keyout', at(`${name}.key`), '-out', at(`${name}.crt`)];
    return must([...openssl, '-subj', subject, ...files, ...extensions.flatMap((line) => ['-addext', line]), ...more]);
  };
  await make('ca', '/CN=airlock-test-authority', [
    'basicConstraints=critical,CA:TRUE',
    'keyUsage=critical,keyCertSign',
    'subjectKeyIdentifier=hash',
  ]);
  const signed = ['-CA', at('ca.crt'), '-CAkey', at('ca.key')];
  const usage = ['keyUsage=digitalSignature', 'extendedKeyUsage=serverAuth,clientAuth'];
  await Promise.all(
    Object.entries(holders(layout)).map(([name, [subject, names]]) =>
      make(name, subject, names === undefined ? usage : [...usage, `subjectAltName=${names}`], signed),
    ),
  );
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  writeFileSync(at('sa.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  writeFileSync(at('sa.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
  for (const name of clients)
    writeFileSync(join(layout.folder, `${name}.kubeconfig`), kubeconfig(layout.server, folder, name), { mode: 0o600 });
}
