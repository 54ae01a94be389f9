// The shape of a job: everything that `container:` and `services:` can say is refused but a name of an image, which
// the gate compares (DESIGN.md, The workflow's side). Nothing of it is ever passed on, nor shown but for names.

import type { RefusalCode } from '../protocol/codes.ts';
import type { ContainerSpec, PrepareJob } from '../protocol/hook-input.ts';
import { quote } from '../protocol/quote.ts';
import { refuse } from './refuse.ts';
import type { Env } from './settings.ts';

const filled = (text: string | null): boolean => text !== null && text.trim() !== '';

/** In this order. For an image on ghcr.io the runner itself fills in credentials (THREATS.md section 1). */
const rules: readonly [code: RefusalCode, key: string, broken: (container: ContainerSpec) => boolean][] = [
  ['container-options-not-allowed', 'options', ({ createOptions }) => filled(createOptions)],
  ['container-volumes-not-allowed', 'volumes', ({ userMountVolumes }) => userMountVolumes.length > 0],
  ['container-ports-not-allowed', 'ports', ({ portMappings }) => portMappings.length > 0],
  ['container-credentials-not-allowed', 'credentials', ({ registry }) => registry !== null],
];

/** What the runner itself adds to a container's environment: its home, and its own proxies in both cases of letters. */
function isOwn(name: string, value: string, env: Env): boolean {
  if (name === 'HOME') return value === '/github/home';
  const proxy = /^(?:HTTPS?|NO)_PROXY$|^(?:https?|no)_proxy$/.test(name);
  return proxy && (value === env[name.toUpperCase()] || value === env[name.toLowerCase()]);
}

/** The image's name. @throws {Refusal} the first rule that is broken */
export function imageOf({ services, container }: PrepareJob['args'], env: Env): string {
  const no = (code: RefusalCode, key: string, message: string, fix: string): never =>
    refuse(code, `the job's container ${message}`, key, fix);
  if (services.length > 0) refuse('services-not-allowed', 'the job has services', 'services', 'remove `services:`');
  if (container === null || !filled(container.image))
    return no(
      'container-missing',
      'container',
      'is missing',
      'add `container:` with the name that the operator accepts',
    );
  const from = (key: string): string => `remove \`${key}:\` from \`container:\``;
  for (const [code, key, broken] of rules) {
    const more = key === 'credentials' ? ', and name no image on ghcr.io' : '';
    if (broken(container)) no(code, `container.${key}`, `has ${key}`, from(key) + more);
  }
  for (const [name, value] of Object.entries(container.environmentVariables)) {
    if (!isOwn(name, value, env))
      no('container-env-not-allowed', 'container.env', `sets ${quote(name)}`, `${from('env')}; set inputs at the step`);
  }
  const { dockerfile, entryPoint, entryPointArgs, image } = container;
  if (filled(entryPoint) || filled(dockerfile) || entryPointArgs.length > 0)
    no('container-entrypoint-not-allowed', 'container', 'names a program', 'name only an image');
  return image ?? '';
}
