// A cell as the engine is told to make it: constants, the operator's settings and the cell's own id, nothing else. No
// byte that a workflow, a runner or GitHub wrote is ever part of it (THREATS.md section 5, "Pinned create body").

import type { ContainerAnswer } from './answers.ts';
import { cellHostname } from './environment.ts';
import { differences } from './seal.ts';

export interface CellLimits {
  /** Bytes; there is no swap beyond them. */
  readonly memory: number;
  /** Processes and threads. */
  readonly pids: number;
  /** Processors; 0.5 is half of one. */
  readonly cpus: number;
}

export const defaultCellLimits: CellLimits = { memory: 268_435_456, pids: 64, cpus: 1 };

export interface SpecificationParts {
  readonly id: string;
  readonly installation: string;
  readonly image: string;
  readonly network: string;
  readonly script: string;
  /** From `cellEnvironment`. */
  readonly environment: readonly string[];
  readonly limits: CellLimits;
}

export const cellLabel = 'airlock.cell';
export const installationLabel = 'airlock.installation';
export const containerName = (id: string): string => `airlock-cell-${id}`;

/** The body of `POST /containers/create`. */
export function specification({ id, installation, image, network, script, environment, limits }: SpecificationParts) {
  return {
    Image: image,
    Entrypoint: ['node'],
    Cmd: ['-e', script],
    Env: environment,
    User: '65534:65534',
    WorkingDir: '/',
    Hostname: cellHostname,
    Domainname: '',
    Labels: { [cellLabel]: id, [installationLabel]: installation },
    // Open for ever, so that a later gate can attach and speak.
    OpenStdin: true,
    StdinOnce: false,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Tty: false,
    // What an image may bring along and a cell may not have.
    Healthcheck: { Test: ['NONE'] },
    StopSignal: 'SIGKILL',
    HostConfig: {
      NetworkMode: network,
      ReadonlyRootfs: true,
      Privileged: false,
      CapAdd: [],
      CapDrop: ['ALL'],
      // The engine's default seccomp and AppArmor profiles stay: naming one here would replace them.
      SecurityOpt: ['no-new-privileges'],
      IpcMode: 'private',
      CgroupnsMode: 'private',
      PidMode: '',
      UTSMode: '',
      // /dev/shm cannot be left out of a private IPC namespace; one page is as small as it gets.
      ShmSize: 4096,
      Memory: limits.memory,
      MemorySwap: limits.memory,
      NanoCpus: Math.round(limits.cpus * 1e9),
      PidsLimit: limits.pids,
      // A core file would hold the order and its token.
      Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }],
      // What a cell writes is read from its stdout alone and never kept by the engine.
      LogConfig: { Type: 'none', Config: {} },
      RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
      // Its exit code is asked for after its end.
      AutoRemove: false,
      // An init would be a file of the machine, mounted into the cell.
      Init: false,
      Binds: [],
      Mounts: [],
      PortBindings: {},
      PublishAllPorts: false,
      Devices: [],
      Dns: [],
      ExtraHosts: [],
      Links: [],
      VolumesFrom: [],
    },
  };
}

export type Specification = ReturnType<typeof specification>;

/** Fields of HostConfig that make the seal: what the engine shows of each must equal what was asked for. */
const seal = [
  'NetworkMode',
  'ReadonlyRootfs',
  'Privileged',
  'CapAdd',
  'CapDrop',
  'SecurityOpt',
  'IpcMode',
  'PidMode',
  'Memory',
  'NanoCpus',
  'PidsLimit',
  'LogConfig',
  'Binds',
  'PortBindings',
  'Devices',
  'VolumesFrom',
] as const;

/**
 * The names of the sealing fields in which a made container differs. Engines drop what their kernel cannot do and only
 * warn, and programs that imitate an engine drop what they do not know.
 */
export function unsealed(asked: Specification, made: ContainerAnswer): readonly string[] {
  const differing = differences(seal, asked.HostConfig, made.HostConfig);
  if ((made.Mounts ?? []).length > 0) differing.push('Mounts');
  if (made.Config.User !== asked.User) differing.push('User');
  return differing;
}
