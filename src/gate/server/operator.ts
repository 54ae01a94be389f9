// The operator's side: is the gate alive, can it serve. Open to read, so it tells nothing of any job.

import { isIP } from 'node:net';
import { Failure, Refusal } from '../../protocol/index.ts';
import type { Gate } from '../gate.ts';
import { type Call, type JsonReply, type Reply, jsonError } from '../reply.ts';
import { closeServer, createHttpServer, listenFailure } from './http.ts';
import { type ServerLimits, defaultServerLimits } from './limits.ts';
import type { Listener } from './socket.ts';

const json = (status: number, body: object): JsonReply => ({ kind: 'json', status, body });

function answer(gate: Pick<Gate, 'notReady'>, call: Call, warnings: readonly string[]): Reply {
  const known = call.path === '/healthz' || call.path === '/readyz';
  if (!known || call.method !== 'GET' || call.query !== '')
    return jsonError(
      new Refusal({
        code: 'call-unknown',
        rule: 'calls',
        message: 'there is no such call',
        fix: 'GET /healthz or /readyz',
        status: known ? 405 : 404,
      }),
    );
  if (call.path === '/healthz') return json(200, { alive: true });
  const reasons = gate.notReady();
  const ready = reasons.length === 0;
  return json(ready ? 200 : 503, { ready, reasons, ...(warnings.length === 0 ? {} : { warnings }) });
}

/** What may be listened on, by who has to reach it. */
const forms = {
  machine: /^(127\.0\.0\.1|\[::1\]):([0-9]{1,5})$/,
  network: /^([0-9.]{7,15}|\[[0-9A-Fa-f:.]{2,45}\]):([0-9]{1,5})$/,
} as const;

/**
 * @param address `127.0.0.1:PORT` or `[::1]:PORT`; port 0: any
 * @param reach in a cluster the kubelet asks from outside
 * @param warnings what the operator should know although calls are taken
 * @throws {Failure} `gate-failed` with one sentence for the operator
 */
export async function listenForOperator(
  gate: Pick<Gate, 'notReady' | 'log'>,
  address: string,
  given: Partial<ServerLimits> = {},
  warnings: () => readonly string[] = () => [],
  reach: 'machine' | 'network' = 'machine',
): Promise<Listener & { readonly port: number }> {
  const [, host = '', port = ''] = forms[reach].exec(address) ?? [];
  const plainHost = host.replace(/[[\]]/g, '');
  if (isIP(plainHost) === 0 || Number(port) > 65_535)
    throw new Failure(
      'gate-failed',
      `the operator's address must be ${reach === 'machine' ? '127.0.0.1:PORT or [::1]:PORT' : 'ADDRESS:PORT'}, not ${address}`,
    );
  const limits = { ...defaultServerLimits, ...given };
  const server = createHttpServer((call) => Promise.resolve(answer(gate, call, warnings())), limits, gate.log);
  await new Promise<void>((done, fail) => {
    server.once('error', (error) => fail(listenFailure(address, error)));
    server.listen(Number(port), plainHost, done);
  });
  server.on('error', (err) => gate.log.error({ err }, "the operator's listener failed"));
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : Number(port),
    close: () => closeServer(server, limits),
  };
}
