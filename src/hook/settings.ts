// The operator's settings, from the hook's own environment and from nowhere else (PROTOCOL.md, Hook).

import { Failure } from '../protocol/errors.ts';

export type Env = Readonly<Record<string, string | undefined>>;

export interface Settings {
  readonly gate: GateAddress;
  /** Where GitHub signs an id token; absent without `permissions: id-token: write`. */
  readonly idToken: IdTokenSource | undefined;
  /** Its host, or a suffix of it. */
  readonly idTokenHost: string;
  /** The runner's folder for what belongs to one job. */
  readonly temp: string;
}
/** `secret` is the job's own token (THREATS.md finding 8). */
export interface IdTokenSource {
  readonly url: string;
  readonly secret: string;
}
/** A socket, or host and port for HTTPS. */
export interface GateAddress {
  readonly socketPath: string | undefined;
  readonly host: string;
  readonly port: string;
  /** Files; empty: none. The token is read again for each call, because the kubelet renews it. */
  readonly ca: string;
  readonly token: string;
}

/** @throws {Failure} `hook-settings`, naming the variable, never its value */
export function badSetting(name: string, form: string): never {
  throw new Failure('hook-settings', `${name} in the runner's own environment must be ${form}`);
}

/** @throws {Failure} `hook-settings` */
export function readSettings(env: Env): Settings {
  const gate = /^(?:unix:(\/.+)|https:\/\/\[?([\w.:-]+?)\]?(?::([0-9]+))?\/?)$/;
  const [, socketPath, host = '', port = '443'] =
    gate.exec(env['AIRLOCK_GATE'] ?? '') ?? badSetting('AIRLOCK_GATE', 'unix:/path or https://host:port');
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret } = env;
  return {
    idToken: url && secret ? { url, secret } : undefined,
    gate: { socketPath, host, port, ca: env['AIRLOCK_GATE_CA'] ?? '', token: env['AIRLOCK_RUNNER_TOKEN'] ?? '' },
    idTokenHost: (env['AIRLOCK_ID_TOKEN_HOST'] || '.actions.githubusercontent.com').toLowerCase(),
    temp: env['RUNNER_TEMP'] ?? '',
  };
}
