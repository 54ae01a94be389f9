// The gate's configuration, key by key: where things are, and how much of the machine runners may use. What a job may do
// stands in the policy alone, so that the two can be owned by different people. No secret is ever in it, only files.

import * as v from 'valibot';
import { duration, file, number, origin, size } from '../policy/fields.ts';
import { pinnedImage, repositoryName } from '../policy/names.ts';
import { listOf, object, oneOf, text } from '../policy/shapes.ts';
import { probeTargets } from '../protocol/probe.ts';

const path = (description: string) =>
  text(/^\/[^\x00-\x1f\x7f]{1,1024}$/, 'is no absolute path; write the whole path, beginning with /', description);

const network = (description: string) =>
  text(
    /^(?!(?:host|bridge|default|none)$)[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/,
    'is no network of its own; make one (docker network create) and write its name',
    description,
  );

const plainLabel = text(
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/,
  'is no plain label; letters, digits and . _ - are allowed',
  'What jobs write as runs-on:',
);

const docker = object({
  socket: path("Unix socket of the engine; whoever may open it is root on the engine's machine"),
  network: network('Docker network of the cells, from which they reach Drone and nothing else'),
  limits: v.optional(
    v.pipe(
      object({
        memory: size('64GiB', '256MiB', 'Memory of a cell'),
        pids: number(100_000, 64, 'Processes and threads of a cell'),
        cpus: number(64, 1, 'Processors of a cell'),
      }),
      v.description('What each cell may use'),
    ),
    {},
  ),
});

const objectName = (what: string, description: string) =>
  text(/^[a-z0-9](?:[a-z0-9-]{0,51}[a-z0-9])?$/, `is no name of ${what}; a-z, 0-9 and - are allowed`, description);

const kubernetes = object({
  name: objectName('an installation', "What the names of this gate's ledger begin with"),
  namespace: objectName('a namespace', 'Namespace of the cells and of the ledger'),
  template: text(
    /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/,
    'is no name of a PodTemplate; a-z, 0-9, . and - are allowed',
    'PodTemplate that every cell is made from',
  ),
  admission: v.optional(
    v.pipe(v.boolean(), v.description('Whether a ValidatingAdmissionPolicy has to be enforced; false is a risk taken')),
    true,
  ),
});

const address = (description: string) =>
  text(
    /^(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|\[[0-9A-Fa-f:.]{2,45}\]):[0-9]{1,5}$/,
    'is no address; write ADDRESS:PORT, as in 0.0.0.0:8443',
    description,
  );

const runners = object({
  listen: address('Where runners call, over HTTPS'),
  certificate: v.pipe(file, v.description("PEM file of the gate's certificate; read again when it changes")),
  key: v.pipe(file, v.description('PEM file of its key')),
  audience: v.optional(
    text(/^[\x21-\x7e]{1,200}$/, 'is no audience; write one word', "Audience of the runners' projected tokens"),
    'airlock',
  ),
  serviceAccounts: listOf(
    text(
      /^[a-z0-9-]{1,63}\/[a-z0-9.-]{1,253}$/,
      'is no service account; write namespace/name',
      'Service account of runner pods, as namespace/name',
    ),
    'Who runners are',
  ),
  address: v.optional(oneOf(['check', 'ignore'], "Whether a call has to come from its pod's own address"), 'check'),
});

const socket = object({
  name: text(
    /^(?!airlock-)[A-Za-z0-9][A-Za-z0-9._:/-]{0,250}$/,
    'is no name for a runner; letters, digits and . _ : / - are allowed, and airlock- is for the fleet',
    "The runner's name at GitHub, and its identity here",
  ),
  path: path('Unix socket, in a folder of the gate that is mounted read-only into this runner alone'),
});

const selfTest = object({
  accept: v.pipe(
    v.array(
      object({
        what: text(
          new RegExp(`^(?:${probeTargets.join('|')})(?::[1-9][0-9]{0,4})?$`),
          `is nothing that is tried; write one of ${probeTargets.join(', ')}, or one port of it, as in machine:22`,
          'What cells may reach: a word of the self-test, or one port of it',
        ),
        reason: text(
          /^[^\x00-\x1f\x7f]{10,500}$/,
          'is no reason; write one sentence',
          'Why, for whoever reads this next',
        ),
      }),
    ),
    v.maxLength(32, 'accepts more than 32 things; then the network is better made anew'),
    v.description('What the gate serves in spite of'),
  ),
});

const github = object({
  url: v.optional(origin('Where GitHub is'), 'https://github.com'),
  organization: v.optional(
    text(
      /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,98}[A-Za-z0-9])?$/,
      'is no organisation; write its login',
      'Whose runners they are',
    ),
  ),
  repository: v.optional(v.pipe(repositoryName, v.description('The one repository whose runners they are'))),
  app: v.optional(
    v.pipe(
      v.union(
        [v.pipe(v.number(), v.integer()), v.pipe(v.string(), v.regex(/^[A-Za-z0-9]{1,40}$/))],
        "is no App; write its id or its client id from the App's settings",
      ),
      v.description('Id or client id of the GitHub App'),
    ),
  ),
  key: v.optional(v.pipe(file, v.description("File of the App's private key (PEM)"))),
  token: v.optional(v.pipe(file, v.description('File of a fine-grained token, in place of an App'))),
  proxy: v.optional(origin('CONNECT proxy on the way to GitHub')),
  ca: v.optional(v.pipe(file, v.description('PEM file of the certificate authorities to trust for GitHub'))),
});

const fleet = object({
  group: v.optional(
    text(
      /^[\x20-\x7e]{1,100}$/,
      "is no name of a runner group; write it as in the organisation's settings",
      'Runner group',
    ),
    'Default',
  ),
  labels: listOf(plainLabel, 'Labels of the runners'),
  idle: number(100, 1, 'Runners that wait for a job'),
  max: number(1000, 10, 'Runners at the same time'),
  image: v.pipe(
    pinnedImage,
    v.description("The runners' image, pinned: name@sha256:… or sha256:… (image id); never pulled"),
  ),
  network: network('Docker network of the runners, from which they reach the egress proxy and nothing else'),
  proxy: v.optional(origin("The runners' way to GitHub")),
  idTokenHost: v.optional(
    text(
      /^[A-Za-z0-9.][A-Za-z0-9.-]{0,252}$/,
      'is no host name; write the host that id tokens are asked of',
      'Suffix of the host that id tokens are asked of, for GitHub Enterprise Server',
    ),
  ),
  deadline: duration('120h', '6h', 'How long a runner may wait for a job, and how long the job may take'),
  limits: v.optional(
    v.pipe(
      object({
        memory: size('64GiB', '1GiB', 'Memory of a runner, what it writes included'),
        pids: number(100_000, 512, 'Processes and threads of a runner'),
        cpus: number(64, 2, 'Processors of a runner'),
        work: size('64GiB', '256MiB', 'Size of the work folder, in memory'),
      }),
      v.description('What each runner may use'),
    ),
    {},
  ),
  folder: v.optional(
    text(
      /^\/[A-Za-z0-9._/-]{1,60}$/,
      'is no short absolute path; a socket path has 107 bytes, so write at most 60 characters',
      "Folder of the runners' sockets, of the gate alone, under this same path on the engine's machine",
    ),
    '/run/airlock/runners',
  ),
});

export const configSchema = v.pipe(
  object({
    version: v.pipe(
      v.literal(1, 'is a version that this airlock does not read; write 1'),
      v.description('Version of this format'),
    ),
    policy: path('The policy file: what jobs may do'),
    ledger: v.optional(
      path('Folder of what was started, of this gate alone; made if it is missing. In a cluster it is kept there'),
    ),
    audit: text(
      /^(?:stdout|\/[^\x00-\x1f\x7f]{1,1024})$/,
      'is neither an absolute path nor stdout; write one of them',
      'Audit log: one JSON line for each decision. A file, or stdout',
    ),
    listen: v.optional(address("The operator's /healthz and /readyz; on one machine for itself alone")),
    logLevel: v.optional(oneOf(['debug', 'info', 'warn', 'error', 'silent'], 'How much is logged'), 'info'),
    selfTest: v.optional(v.pipe(selfTest, v.description("The test of the cells' network"))),
    engine: v.pipe(
      object({ docker: v.optional(docker), kubernetes: v.optional(kubernetes) }),
      v.description('What runs the cells: exactly one of the two'),
    ),
    runners: v.optional(v.pipe(runners, v.description('Runners in pods of the same cluster'))),
    sockets: v.optional(listOf(socket, 'Static runners: a socket each, one job after the other (for trying out)')),
    github: v.optional(
      v.pipe(github, v.description('Who the gate is at GitHub: for a fleet, and for identity.bind: github')),
    ),
    fleet: v.optional(v.pipe(fleet, v.description('Ephemeral runners on this Docker engine, one for each job'))),
  }),
  v.title('airlock configuration'),
);

export type ConfigFile = v.InferOutput<typeof configSchema>;
