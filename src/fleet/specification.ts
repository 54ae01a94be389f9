// A runner as the engine is told to make it: constants, the operator's settings, its name, and its own credential for
// one job. Nothing of the gate is in it but one folder with one socket (DESIGN.md, Rooms; THREATS.md, findings 1 to 3).

import { type ContainerAnswer, differences, installationLabel } from '../gate/index.ts';

export interface RunnerLimits {
  /** Bytes, what is written to the work folder included; there is no swap beyond them. */
  readonly memory: number;
  /** Processes and threads. */
  readonly pids: number;
  /** Processors; 0.5 is half of one. */
  readonly cpus: number;
  /** Bytes of the work folder. */
  readonly work: number;
}

export interface RunnerParts {
  readonly name: string;
  readonly installation: string;
  readonly image: string;
  readonly network: string;
  readonly limits: RunnerLimits;
  /** `http://host:port`: the way to GitHub. */
  readonly proxy?: string | undefined;
  /** Suffix of the host that id tokens are asked of, where it is not GitHub's own. */
  readonly idTokenHost?: string | undefined;
  /** Folder of the machine with this runner's socket and nothing else. */
  readonly folder: string;
  /** GitHub's number of the runner. */
  readonly registration: number;
  /** GitHub's just-in-time configuration: worth one job of this one runner. */
  readonly config: string;
  /** Milliseconds since the epoch. */
  readonly made: number;
}

export const runnerLabel = 'airlock.runner';
export const registrationLabel = 'airlock.registration';
export const madeLabel = 'airlock.made';
export { installationLabel };

/** The image's user: no other process of the machine has it, and root is never needed. */
export const runnerUser = '1001:1001';
/** Where the hook finds its gate, in every runner. */
export const socketFolder = '/run/airlock';
export const socketName = 'gate.sock';

/**
 * What a runner may write to, in memory and gone with it. `_state` is for the files that the runner makes of its
 * just-in-time configuration (`.runner`, `.credentials`, `.credentials_rsaparams`): the image has links to it.
 */
export const writable = ['/home/runner/_work', '/home/runner/_diag', '/home/runner/_state', '/tmp'] as const;
export const workFolder = '_work';
const smallFolder = 67_108_864;

/** Nothing in it can be executed, be a device or change its user. */
const tmpfs = (size: number): string => {
  const [uid, gid] = runnerUser.split(':');
  return `rw,noexec,nosuid,nodev,size=${size},mode=0700,uid=${uid},gid=${gid}`;
};

function environment({ config, proxy, idTokenHost }: RunnerParts): string[] {
  const names = ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'];
  return [
    `ACTIONS_RUNNER_INPUT_JITCONFIG=${config}`,
    'ACTIONS_RUNNER_REQUIRE_JOB_CONTAINER=true',
    `AIRLOCK_GATE=unix:${socketFolder}/${socketName}`,
    ...(idTokenHost === undefined ? [] : [`AIRLOCK_ID_TOKEN_HOST=${idTokenHost}`]),
    ...(proxy === undefined ? [] : names.map((name) => `${name}=${proxy}`)),
  ];
}

/** The body of `POST /containers/create`. */
export function runnerSpecification(parts: RunnerParts) {
  const { name, installation, image, network, limits, folder, registration, made } = parts;
  return {
    // What it starts is the image's own: the operator's, pinned.
    Image: image,
    Env: environment(parts),
    User: runnerUser,
    Hostname: 'airlock-runner',
    Domainname: '',
    Labels: {
      [runnerLabel]: name,
      [installationLabel]: installation,
      [registrationLabel]: String(registration),
      [madeLabel]: String(made),
    },
    OpenStdin: false,
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    Tty: false,
    Healthcheck: { Test: ['NONE'] },
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
      ShmSize: 1_048_576,
      Memory: limits.memory,
      MemorySwap: limits.memory,
      NanoCpus: Math.round(limits.cpus * 1e9),
      PidsLimit: limits.pids,
      // A core file would hold the job's secrets.
      Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }],
      // For whoever asks why a runner ended at once; goes with the container.
      LogConfig: { Type: 'local', Config: { 'max-size': '1m', 'max-file': '1', compress: 'false' } },
      RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
      AutoRemove: false,
      Init: false,
      Binds: [],
      Mounts: [
        {
          Type: 'bind',
          Source: folder,
          Target: socketFolder,
          // Connecting to a socket needs no right to write; putting another one in its place does.
          ReadOnly: true,
          BindOptions: { Propagation: 'rprivate' },
        },
      ],
      Tmpfs: Object.fromEntries(
        writable.map((path) => [path, tmpfs(path.endsWith(workFolder) ? limits.work : smallFolder)]),
      ),
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

export type RunnerSpecification = ReturnType<typeof runnerSpecification>;

/** Fields of HostConfig that make the seal. */
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
  'Tmpfs',
  'PortBindings',
  'Devices',
  'VolumesFrom',
] as const;

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** The names of the sealing fields in which a made container differs; its one mount is looked at as the engine made it. */
export function unsealedRunner(asked: RunnerSpecification, made: ContainerAnswer): readonly string[] {
  const differing = differences(seal, asked.HostConfig, made.HostConfig);
  const [mount] = asked.HostConfig.Mounts;
  const seen = (made.Mounts ?? []).filter(isObject).filter(({ Type }) => Type !== 'tmpfs');
  const [only] = seen;
  const asAsked =
    seen.length === 1 &&
    only?.['Source'] === mount?.Source &&
    only?.['Destination'] === mount?.Target &&
    only?.['RW'] === false;
  if (!asAsked) differing.push('Mounts');
  if (made.Config.User !== asked.User) differing.push('User');
  return differing;
}
