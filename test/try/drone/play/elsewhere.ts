// Answers that did not come from Drone's own port: redirects of a proxy and of port 80, and what its HTTPS port says to plain HTTP.

import { generate } from 'selfsigned';
import { startRedirector, startSimulatedDrone } from '../../../../src/try/drone/index.ts';
import { ask } from '../client.ts';
import type { RecordedRequest, RecordedResponse } from './recording.ts';
import type { Seen } from './report.ts';

const NOT_TLS = 'Client sent an HTTP request to an HTTPS server.';

/** The simulated answer; undefined: this one comes from Drone's own port. */
export async function answerElsewhere(request: RecordedRequest, recorded: RecordedResponse): Promise<Seen | undefined> {
  const { status, headers = {}, body = '' } = recorded;
  const { method, path } = request;
  if (status === 301 || status === 307) {
    const location =
      Object.entries(headers).find(([name]) => name.toLowerCase() === 'location')?.[1] ?? 'https://drone.example';
    const redirector = await startRedirector({ as: status, to: new URL(location).origin });
    return ask(redirector.url, path, { method }).finally(() => void redirector.close());
  }
  if (!body.startsWith(NOT_TLS)) return undefined;
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'drone.example' }], {
    algorithm: 'sha256',
  });
  const drone = await startSimulatedDrone({ users: [], repositories: [], tls: { key, cert } });
  return ask(drone.url.replace('https:', 'http:'), path, { method }).finally(() => void drone.close());
}
