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

export interface KubernetesConfig {
  readonly name: string;
  readonly namespace: string;
  readonly template: string;
  readonly admission: boolean;
}

/** Runners in pods, over HTTPS. */
export interface RunnersConfig {
  /** `ADDRESS:PORT`. */
  readonly listen: string;
  readonly certificate: { readonly file: string };
  readonly key: { readonly file: string };
  readonly audience: string;
  readonly serviceAccounts: readonly string[];
  readonly address: 'check' | 'ignore';
}

/** Something that cells reach although they must not, and why that is so. */
export interface AcceptedRisk {
  /** `machine`, or one port of it: `machine:22`. */
  readonly what: string;
  readonly reason: string;
}

interface GateConfig {
  readonly policy: string;
  /** A path, or `stdout`. */
  readonly audit: string;
  /** `ADDRESS:PORT`. */
  readonly listen?: string | undefined;
  readonly logLevel: string;
  /** Absent: nothing is accepted. null: nothing is tested, which no file can say. */
  readonly selfTest?: { readonly accept: readonly AcceptedRisk[] } | null | undefined;
}

/** A gate in a cluster. */
export interface ClusterConfig extends GateConfig {
  readonly kubernetes: KubernetesConfig;
  readonly runners: RunnersConfig;
}

/** A gate on one machine with a Docker engine. */
export interface MachineConfig extends GateConfig {
  readonly ledger: string;
  readonly docker: EngineConfig;
  readonly sockets: readonly SocketConfig[];
  readonly github?: GitHubConfig | undefined;
  readonly fleet?: FleetConfig | undefined;
}

export type Config = MachineConfig | ClusterConfig;
