// One address for all runners of a cluster: HTTPS, and each call says itself who sends it. What one runner may take of the
// gate is counted by its address, so that no runner keeps the others out (THREATS.md section 6).

import { readFile } from 'node:fs/promises';
import type { Server as SecureServer } from 'node:https';
import type { Socket } from 'node:net';
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { Failure, Refusal } from '../../protocol/index.ts';
import type { Gate } from '../gate.ts';
import type { Caller, PodIdentity } from '../identity/pod.ts';
import { within } from '../limit.ts';
import { type Call, type Reply, jsonError } from '../reply.ts';
import { type Certificate, closeServer, createHttpServer, listenFailure } from './http.ts';
import { type ServerLimits, defaultServerLimits } from './limits.ts';
import type { Listener } from './socket.ts';

export interface HttpsListener {
  readonly host: string;
  /** 0: any. */
  readonly port: number;
  /** Paths of PEM files. They may be replaced while the gate runs, as the kubelet does with a Secret. */
  readonly certificate: { readonly file: string };
  readonly key: { readonly file: string };
  readonly identity: PodIdentity;
  /** Milliseconds between two looks at the files. */
  readonly recheck?: number;
  /** Open connections of all runners together; `limits.connections` is for each address. */
  readonly connections?: number;
}

const disk = 5_000;

/** @throws {Failure} `gate-failed`: one of them cannot be read, or they do not belong together */
async function read({ certificate, key }: Pick<HttpsListener, 'certificate' | 'key'>): Promise<Certificate> {
  try {
    const files = Promise.all([readFile(certificate.file, 'utf8'), readFile(key.file, 'utf8')]);
    const [cert, secret] = await within(files, disk, () => {
      throw new Error('the disk does not answer');
    });
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(secret)))
      throw new Error('the key belongs to another certificate');
    return { cert, key: secret };
  } catch (cause) {
    const why = (cause as Error).message;
    throw new Failure('gate-failed', `the gate's certificate (${certificate.file}) cannot be used: ${why}`, { cause });
  }
}

/** Closes what an address opens beyond its share. */
function share(server: SecureServer, perAddress: number): void {
  const open = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const count = (open.get(address) ?? 0) + 1;
    open.set(address, count);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left > 0) open.set(address, left);
      else open.delete(address);
    });
    if (count > perAddress) socket.destroy();
  });
}

async function answer(gate: Gate, identity: PodIdentity, call: Call, caller: Caller): Promise<Reply> {
  try {
    return await gate.handle(await identity.identify(caller), call);
  } catch (error) {
    if (error instanceof Refusal) {
      gate.log.info({ address: caller.address, code: error.code, reason: error.message }, 'an unknown caller');
      return jsonError(error);
    }
    gate.log.error({ err: error, address: caller.address }, 'nobody knows who calls');
    if (error instanceof Failure) return jsonError(error);
    return jsonError(new Failure('gate-failed', 'something broke in the gate; its log says what'));
  }
}

/** @throws {Failure} `gate-failed` with one sentence for the operator */
export async function listenOnHttps(
  gate: Gate,
  options: HttpsListener,
  given: Partial<ServerLimits> = {},
): Promise<Listener & { readonly port: number }> {
  const { host, port, identity, recheck = 30_000, connections = 4_000 } = options;
  const limits = { ...defaultServerLimits, ...given };
  let certificate = await read(options);
  const server = createHttpServer(
    (call, caller) => answer(gate, identity, call, caller),
    { ...limits, connections },
    gate.log,
    certificate,
  ) as SecureServer;
  share(server, limits.connections);
  await new Promise<void>((done, fail) => {
    server.once('error', (error) => fail(listenFailure(`${host}:${port}`, error)));
    server.listen(port, host, done);
  });
  server.on('error', (err) => gate.log.error({ err }, "the runners' listener failed"));
  // A caller that speaks no TLS, or gives up in its middle.
  server.on('tlsClientError', (err) => gate.log.debug({ err }, 'a connection without TLS'));

  async function renew(): Promise<void> {
    const now = await read(options);
    if (now.cert === certificate.cert && now.key === certificate.key) return;
    server.setSecureContext({ ...now, minVersion: 'TLSv1.2' });
    certificate = now;
    gate.log.info('the gate has a new certificate');
  }
  const timer = setInterval(() => {
    // The old one stays in use.
    renew().catch((err: unknown) => gate.log.error({ err }, "the gate's new certificate cannot be used"));
  }, recheck).unref();

  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    async close() {
      clearInterval(timer);
      await closeServer(server, limits);
    },
  };
}
