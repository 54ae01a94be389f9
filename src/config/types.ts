// The gate's configuration after loading: every default filled in, every duration in milliseconds, every size in bytes.

export interface EngineConfig {
  /** Path of the Docker engine's unix socket. */
  readonly socket: string;
  /** Docker network of the cells. */
  readonly network: string;
  readonly limits: { readonly memory: number; readonly pids: number; readonly cpus: number };
}

export interface SocketConfig {
  readonly name: string;
  readonly path: string;
}

export interface GitHubConfig {
  readonly url: string;
  readonly scope: { readonly organization: string } | { readonly repository: string };
  readonly credentials: { readonly app: string; readonly key: string } | { readonly token: string };
  readonly proxy?: string | undefined;
  readonly ca?: string | undefined;
}

export interface FleetConfig {
  readonly group: string;
  readonly labels: readonly string[];
  readonly idle: number;
  readonly max: number;
  readonly image: string;
  readonly network: string;
  readonly proxy?: string | undefined;
  readonly idTokenHost?: string | undefined;
  readonly deadline: number;
  readonly limits: { readonly memory: number; readonly pids: number; readonly cpus: number; readonly work: number };
  readonly folder: string;
}

export interface Config {
  readonly policy: string;
  readonly ledger: string;
  readonly audit: string;
  /** `127.0.0.1:PORT` or `[::1]:PORT`. */
  readonly listen?: string | undefined;
  readonly logLevel: string;
  readonly docker: EngineConfig;
  readonly sockets: readonly SocketConfig[];
  readonly github?: GitHubConfig | undefined;
  readonly fleet?: FleetConfig | undefined;
}
