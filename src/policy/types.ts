// The policy after loading: every default filled in, every duration in milliseconds, every size in bytes.

import type { LogLevel, OrderKind, Refusal, TaskName } from '../protocol/index.ts';

/** A secret or a certificate is never in the policy itself, only the path of its file. */
export interface FileReference {
  readonly file: string;
}

export interface IdentityPolicy {
  readonly mode: 'github' | 'asserted';
  readonly issuer: string;
  readonly audience: string;
  /** A JWKS file for a gate that reaches no key set. */
  readonly keys?: FileReference | undefined;
  readonly proxy?: string | undefined;
  readonly ca?: FileReference | undefined;
  readonly bind: 'none' | 'arc' | 'github';
}

export interface DronePolicy {
  readonly server: string;
  readonly address?: string | undefined;
  /** `workflow`: the job brings DRONE_TOKEN. */
  readonly token: FileReference | 'workflow';
  readonly ca?: FileReference | undefined;
  readonly proxy?: string | undefined;
  readonly logins?: readonly string[] | undefined;
  /** `hidden`, a URL, or absent: the server's own. */
  readonly publicUrl?: string | undefined;
}

export interface ParamRule {
  readonly values?: readonly string[] | undefined;
  /** Anchored, linear time. */
  readonly pattern?: { readonly source: string; matches(value: string): boolean } | undefined;
  readonly required: boolean;
}

export interface BuildsRule {
  readonly refs: readonly string[];
  readonly events: readonly string[];
  readonly status: string;
  readonly commit: 'same' | 'any';
}

/** The same as plain data: it stands in the ledger, so that the next gate decides by the same words. */
export interface StoredParamRule {
  readonly values?: readonly string[] | undefined;
  /** Source of the pattern. */
  readonly pattern?: string | undefined;
}

/** What an old build must be, so that this job may promote it or roll back to it. */
export interface ChoiceRule extends BuildsRule {
  /** The job's own commit, for `commit: same`. */
  readonly source: string;
  /**
   * The trusted pipeline as the policy names it. A build of it says in AIRLOCK_REF and AIRLOCK_COMMIT which source it
   * served: these are compared with `refs` and `commit`, and believed only where this gate made the build.
   */
  readonly pipeline?: { readonly ref: string; readonly commit?: string | undefined } | undefined;
  /** For what the old build brings along and the job does not ask for anew. */
  readonly params: Readonly<Record<string, StoredParamRule>>;
}

export interface AllowEntry {
  /** Where it stands: `repositories[0].allow[1]`. */
  readonly path: string;
  readonly task: TaskName;
  readonly events: readonly string[];
  readonly refs: readonly string[];
  readonly workflows?: readonly string[] | undefined;
  readonly calledWorkflows?: readonly string[] | undefined;
  readonly environment?: string | undefined;
  readonly params: ReadonlyMap<string, ParamRule>;
  readonly targets?: readonly string[] | undefined;
  readonly builds?: BuildsRule | undefined;
  readonly expect?: { readonly steps: readonly string[] } | undefined;
  readonly unprotected: boolean;
  readonly whenLost: 'finish' | 'cancel';
}

export interface RepositoryPolicy {
  readonly repository: string;
  /** Decimal text. */
  readonly id: string;
  /** Key of `drones`. */
  readonly drone: string;
  readonly pipeline:
    | 'same'
    | { readonly repository: string; readonly branch: string; readonly commit?: string | undefined };
  /** Absent: by the visibility that GitHub states. */
  readonly log?: LogLevel | undefined;
  readonly redact?: FileReference | undefined;
  /** Built although it is disabled in Drone; absent: it is refused. */
  readonly disabled?: 'accepted' | undefined;
  readonly allow: readonly AllowEntry[];
}

export interface Limits {
  readonly tasksPerJob: number;
  readonly tasksPerRun: number;
  readonly perRepository: { readonly atOnce: number; readonly perHour: number };
  readonly tasksAtOnce: number;
  /** Milliseconds: for a place at the gate, for a Drone runner, for the build, for the hook to come back. */
  readonly wait: number;
  readonly queue: number;
  readonly run: number;
  readonly reconnect: number;
  readonly logBytes: number;
}

export interface Policy {
  readonly version: 1;
  /** SHA-256 of the text, lower hex; goes into the ledger and the audit log. */
  readonly hash: string;
  readonly image: { readonly run: string; readonly accept: readonly string[] };
  readonly identity: IdentityPolicy;
  readonly drones: ReadonlyMap<string, DronePolicy>;
  readonly repositories: readonly RepositoryPolicy[];
  readonly limits: Limits;
}

/** What a decision grants: an order without its secrets, its id and its nonce. */
export interface Plan {
  /** The entry that fits whole. */
  readonly entry: string;
  readonly kind: Extract<OrderKind, 'build' | 'promote' | 'rollback'>;
  readonly drone: string;
  readonly repository: string;
  readonly ref?: string | undefined;
  readonly commit?: string | undefined;
  readonly build?: number | undefined;
  readonly target?: string | undefined;
  /** Exactly with promotions and rollbacks: which build may be meant. `ref` and `commit` are absent then: they are the old build's. */
  readonly builds?: ChoiceRule | undefined;
  readonly params: Readonly<Record<string, string>>;
  readonly expect?: { readonly steps: readonly string[] } | undefined;
  readonly log: LogLevel;
  readonly redact?: FileReference | undefined;
  /** Built although it is disabled in Drone. */
  readonly disabled?: 'accepted' | undefined;
  readonly whenLost: 'finish' | 'cancel';
}

export interface Denial {
  readonly allowed: false;
  /** For the author. Details of the policy only about the own repository. */
  readonly refusal: Refusal;
  /** For the audit log: the closest entry and every point in which it differs; the repository's id when it is not listed. */
  readonly detail: string;
}

export type Decision = { readonly allowed: true; readonly plan: Plan } | Denial;
export type Rehearsal = { readonly allowed: true; readonly log: LogLevel } | Denial;

/** The part of a request that a decision looks at. */
export interface Ask {
  readonly task: TaskName;
  readonly params: Readonly<Record<string, string>>;
  readonly build?: number | undefined;
  readonly target?: string | undefined;
}
