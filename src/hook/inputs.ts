// A task's inputs: variables of exact names. The environment is attacker-controlled and may hold anything, so the rest
// is dropped, never copied (DESIGN.md, promise 5; THREATS.md section 3).

import { quote } from '../protocol/quote.ts';
import { paramName } from '../protocol/request.ts';
import { refuse } from './refuse.ts';

export interface Inputs {
  readonly params: Readonly<Record<string, string>>;
  readonly build?: number;
  readonly target?: string;
  readonly droneToken?: string;
}

const keys = 'PARAM_<KEY>, KEY of A to Z, 0 to 9 and _, a letter first, at most 64';

/** Values are never shown: they may be secrets. A lone surrogate is no Unicode. */
function checked(name: string, value: string, length: number, allowed = /^[^\0\r\n]*$/): string {
  if (value.length > length || !allowed.test(value) || /\p{Surrogate}/u.test(value))
    refuse(
      'param-value-not-allowed',
      `the value of ${quote(name)} is not one plain line of at most ${length} characters`,
      'inputs',
      'give it such a value',
    );
  return value;
}

/** Within the protocol's limits. @throws {Refusal} `param-not-allowed`, `param-value-not-allowed`, `build-not-allowed` */
export function inputsOf(environment: Readonly<Record<string, string>>): Inputs {
  const params = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith('PARAM_')) continue;
    const key = name.slice(6);
    if (!paramName.test(key)) refuse('param-not-allowed', `${quote(name)} names no parameter`, keys, 'rename it');
    params[key] = checked(name, value, 4096);
  }
  const { DRONE_BUILD: build, DRONE_TARGET: target, DRONE_TOKEN: token } = environment;
  // An empty one is a mistake, for example an output that is not there; without it the newest build would be taken.
  if (build !== undefined && !/^[1-9][0-9]{0,14}$/.test(build))
    refuse('build-not-allowed', 'DRONE_BUILD is no number', 'DRONE_BUILD', 'give it a number, or remove it');
  return {
    params,
    ...(build && { build: Number(build) }),
    ...(target !== undefined && { target: checked('DRONE_TARGET', target, 256) }),
    // A secret that is not set is an empty text.
    ...(token && { droneToken: checked('DRONE_TOKEN', token, 1024, /^[\x21-\x7e]*$/) }),
  };
}
