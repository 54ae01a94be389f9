// The policy file, key by key. One schema for the loader, for `airlock schema` and so for every editor; it transforms
// nothing. Rules that look at several keys are in rules.ts.

import * as v from 'valibot';
import { logLevels } from '../protocol/index.ts';
import { address, duration, file, issuer, number, origin, publicUrl, size } from './fields.ts';
import { branchName, commitId, image, loginName, pinnedImage, repositoryId, repositoryName } from './names.ts';
import { entrySchema } from './schema-entry.ts';
import { accepted, listOf, mapOf, object, oneOf, text } from './shapes.ts';

const trustedPipeline = object({
  repository: repositoryName,
  branch: branchName,
  commit: v.optional(commitId),
});
const headerEntries = {
  repository: repositoryName,
  id: repositoryId,
  drone: v.pipe(v.string(), v.description('Name of a Drone of this policy')),
  pipeline: v.pipe(
    v.union(
      [v.literal('same'), trustedPipeline],
      'is neither same nor a trusted repository; write same, or { repository, branch }',
    ),
    v.description("Whose .drone.yml runs: the job's own commit (same), or a trusted repository's branch"),
  ),
};
/** The keys of a repository without its entries: rules on them are told even if an entry is broken. */
export const headerSchema = v.object(headerEntries);
export const repositorySchema = object({
  ...headerEntries,
  log: v.optional(oneOf(logLevels, 'What the job shows of the log; default: status in public repositories, else full')),
  redact: v.optional(v.pipe(file, v.description('File of literals, one a line, that are replaced in every log line'))),
  disabled: accepted('Drone builds the repository of the pipeline even if it is disabled there: say that you want it'),
  allow: v.pipe(v.array(entrySchema), v.description('A job may do what one entry allows whole; nothing else')),
});

export const droneSchema = object({
  server: origin('Scheme, host and port of the Drone server'),
  address: v.optional(address),
  token: v.pipe(
    v.union([v.literal('workflow'), file], 'is neither a file nor workflow; write { file: /path } or workflow'),
    v.description('File of the Drone token; workflow: the job brings DRONE_TOKEN, which is weaker'),
  ),
  ca: v.optional(v.pipe(file, v.description('PEM file of the certificate authorities to trust'))),
  proxy: v.optional(origin('CONNECT proxy on the way to Drone')),
  logins: v.optional(listOf(loginName, 'Drone users that the token may belong to')),
  publicUrl: v.optional(publicUrl),
  plainHttp: accepted('The token and the log cross the network readable to everyone on the way: say that you know'),
});

const identity = object({
  mode: v.optional(oneOf(['github', 'asserted'], 'asserted: the runner is believed'), 'github'),
  issuer: v.optional(issuer, 'https://token.actions.githubusercontent.com'),
  audience: text(
    /^[A-Za-z0-9](?:[A-Za-z0-9._:/-]{0,252}[A-Za-z0-9._-])?$/,
    'is no audience; write a URL of your own without a trailing slash, as in https://airlock.example.org',
    'What the tokens are made out to: unique for this installation, no default',
  ),
  keys: v.optional(v.pipe(file, v.description("JWKS file, for a gate that does not reach the issuer's keys"))),
  proxy: v.optional(origin('CONNECT proxy on the way to the issuer')),
  ca: v.optional(v.pipe(file, v.description('PEM file of the certificate authorities to trust for the issuer'))),
  bind: v.optional(oneOf(['none', 'arc', 'github'], "Proof that the token's job runs on this runner"), 'none'),
});

const limits = object({
  tasksPerJob: number(16, 1, 'Tasks of one job'),
  tasksPerRun: number(1000, 4, 'Tasks of one workflow run, over all its attempts'),
  perRepository: v.optional(
    v.pipe(
      object({
        atOnce: number(1000, 4, 'Tasks at the same time'),
        perHour: number(10_000, 30, 'Tasks started in an hour'),
      }),
      v.description('Limits of each repository'),
    ),
    {},
  ),
  tasksAtOnce: number(1000, 20, 'Tasks at the same time, all repositories together'),
  wait: duration('24h', '10m', 'How long a task waits for a place'),
  queue: duration('48h', '30m', 'How long Drone may leave a build pending'),
  run: duration('120h', '2h', 'How long a build may run'),
  reconnect: duration('1h', '5m', 'How long hook and gate look for each other again'),
  logBytes: size('4GiB', '64MiB', "Bytes of a build's log that are shown"),
});

export const fileSchema = v.pipe(
  object({
    version: v.pipe(
      v.literal(1, 'is a version that this airlock does not read; write 1'),
      v.description('Version of this format'),
    ),
    image: v.pipe(
      object({
        run: pinnedImage,
        accept: listOf(image, 'Names that a job may give as container:; compared, never used'),
      }),
      v.description('The one image, and the names that jobs call it by'),
    ),
    identity: v.pipe(identity, v.description('Who is believed to say which job asks')),
    drones: v.pipe(
      mapOf(
        v.pipe(
          v.string(),
          v.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'is no name for a Drone; letters, digits and . _ - are allowed'),
        ),
        droneSchema,
      ),
      v.description('Drone servers by a name of your own'),
    ),
    repositories: v.optional(
      v.pipe(v.array(repositorySchema), v.description('Who may do what; nobody else may do anything')),
      [],
    ),
    limits: v.optional(v.pipe(limits, v.description('How much, how often, how long')), {}),
  }),
  v.title('airlock policy'),
);

export type PolicyFile = v.InferOutput<typeof fileSchema>;
export type DroneFile = v.InferOutput<typeof droneSchema>;
export type RepositoryFile = v.InferOutput<typeof repositorySchema>;
