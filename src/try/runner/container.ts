// `container:` and `services:` of a job, as prepare_job carries them (recordings container-map and services).

import type { Value } from '../workflow/index.ts';
import { scalarText } from '../workflow/value.ts';
import { jobMounts, jobPaths, type Mount, toContainerPath, userMount } from './mounts.ts';
import type { Layout } from './layout.ts';

export interface HookContainer {
  readonly image: string | null;
  readonly dockerfile: null;
  readonly entryPointArgs: readonly string[];
  readonly entryPoint: string | null;
  readonly workingDirectory: string | null;
  readonly createOptions: string | null;
  readonly registry: { readonly username: string; readonly password: string; readonly serverUrl: string } | null;
  readonly environmentVariables: Readonly<Record<string, string>>;
  readonly portMappings: readonly string[];
  readonly systemMountVolumes: readonly Mount[];
  readonly userMountVolumes: readonly Mount[];
}

/** For an image of GitHub's own registry without credentials, the runner adds the job's token. */
export interface GitHubLogin {
  readonly actor: string;
  readonly token: string;
}

const mapOf = (value: Value | undefined): ReadonlyMap<string, Value> =>
  value instanceof Map ? (value as ReadonlyMap<string, Value>) : new Map<string, Value>();
const textOf = (value: Value | undefined): string => scalarText(value ?? null) ?? '';
const textsOf = (value: Value | undefined): string[] =>
  Array.isArray(value) ? [...new Set((value as Value[]).map(textOf))] : [];

const environmentOf = (value: Value | undefined): [string, string][] =>
  [...mapOf(value)].map(([name, item]) => [name, textOf(item)]);

/** The host of an image's name as the runner finds it: with one slash only when it holds a dot or a port. */
function registryHost(image: string): string {
  const [first = '', ...rest] = image.split('/');
  if (rest.length === 0) return '';
  return rest.length > 1 || first.includes(':') || first.includes('.') ? first : '';
}

function registryOf(
  image: string,
  credentials: ReadonlyMap<string, Value>,
  login: GitHubLogin,
): HookContainer['registry'] {
  const serverUrl = registryHost(image);
  const username = textOf(credentials.get('username'));
  const password = textOf(credentials.get('password'));
  if (username !== '' || password !== '') return { username, password, serverUrl };
  const own = ['ghcr.io', 'containers.pkg.github.com'].includes(serverUrl.toLowerCase());
  return own ? { username: login.actor, password: login.token, serverUrl } : null;
}

function describe(value: Value, login: GitHubLogin): HookContainer | null {
  const map = value instanceof Map ? mapOf(value) : new Map<string, Value>([['image', value]]);
  const written = textOf(map.get('image'));
  const image = written.toLowerCase().startsWith('docker://') ? written.slice('docker://'.length) : written;
  if (image === '') return null;
  const options = textOf(map.get('options'));
  return {
    image,
    dockerfile: null,
    entryPointArgs: [],
    entryPoint: null,
    workingDirectory: null,
    createOptions: options === '' ? null : options,
    registry: registryOf(image, mapOf(map.get('credentials')), login),
    environmentVariables: Object.fromEntries(environmentOf(map.get('env'))),
    portMappings: textsOf(map.get('ports')),
    systemMountVolumes: [],
    userMountVolumes: textsOf(map.get('volumes')).map(userMount),
  };
}

/** null: the job has no container, or one whose image is empty, which is the same to the runner. */
export function jobContainer(value: Value, layout: Layout, login: GitHubLogin): HookContainer | null {
  const container = describe(value, login);
  if (container === null) return null;
  return {
    ...container,
    workingDirectory: toContainerPath(layout.workspace, jobPaths(layout)),
    environmentVariables: { ...container.environmentVariables, HOME: '/github/home' },
    systemMountVolumes: jobMounts(layout),
  };
}

export interface Service {
  readonly alias: string;
  readonly container: HookContainer;
}

/** A service whose image is empty is left out, as the runner does. */
export const serviceContainers = (value: Value, login: GitHubLogin): Service[] =>
  [...mapOf(value)].flatMap(([alias, item]) => {
    const container = describe(item, login);
    return container === null ? [] : [{ alias, container }];
  });
