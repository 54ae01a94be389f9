// The single values of a policy: one schema each, with the form that an editor can check, a description for the editor,
// and for whoever got it wrong what to write instead.

import { isIP } from 'node:net';
import * as v from 'valibot';
import { type TextIssue, object, text } from './shapes.ts';
import { durationForm, bytes, milliseconds, sizeForm } from './units.ts';

export const file = object({
  file: text(
    /^\/[^\x00-\x1f\x7f]{1,1024}$/,
    'is no absolute path; write the whole path, beginning with /',
    'Absolute path of a file that the gate reads',
  ),
});

const host = String.raw`(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?`;
/** Scheme, host and port alone; a trailing slash is tolerated. */
const originForm = new RegExp(`^https?://${host}/?$`);
const urlForm = new RegExp(`^https?://${host}(?:/[A-Za-z0-9._~-]+)*/?$`);

function originProblem({ input }: TextIssue): string {
  if (!/^https?:\/\//.test(input)) return 'is no http or https URL; write https://host or https://host:port';
  if (input.includes('@')) return 'holds a user or a password; secrets are never in the policy, remove them';
  if (/^https?:\/\/[^/]+\/[^/?#]/.test(input))
    return 'has a path; Drone cannot be served below a path (it answers there with its web page), write scheme, host and port alone';
  return 'is no plain URL; write scheme, host and port alone, as in https://drone.internal';
}
const portFits = (input: string): boolean => Number(/:([0-9]{1,5})\/?$/.exec(input)?.[1] ?? 1) <= 65_535;
const badPort = 'has a port above 65535; correct it';

export const origin = (description: string) =>
  v.pipe(v.string(), v.regex(originForm, originProblem), v.check(portFits, badPort), v.description(description));

const loopback = /^https?:\/\/(?:localhost|127\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}|\[::1\])(?::[0-9]{1,5})?(?:\/|$)/;
/** Whether a URL names this very machine, so that plain http shows nothing to a network. */
export const isLoopback = (url: string): boolean => loopback.test(url);

export const issuer = v.pipe(
  v.string(),
  v.regex(
    urlForm,
    'is no plain URL; write the issuer exactly as GitHub does, as in https://token.actions.githubusercontent.com',
  ),
  v.check((url) => !url.endsWith('/'), 'ends with /; GitHub writes its issuer without, and it is compared exactly'),
  v.check(
    (url) => url.startsWith('https://') || isLoopback(url),
    'is not https; tokens are believed only from an https issuer',
  ),
  v.description("Who signs the jobs' tokens. GitHub Enterprise Server: https://HOST/_services/token"),
);

export const publicUrl = text(
  new RegExp(`^(?:hidden|${urlForm.source.slice(1, -1)})$`),
  'is neither hidden nor a URL; write hidden, or the address that authors may see',
  'What authors see in place of the server: a URL, or hidden for no address at all',
);

export const address = v.pipe(
  v.string(),
  v.regex(/^[0-9A-Fa-f:.]{2,45}$/, 'is no IP address; write one, or leave the key out so that DNS is asked'),
  v.check((input) => isIP(input) !== 0, 'is no IP address; write one, or leave the key out so that DNS is asked'),
  v.description('IP address to connect to in place of asking DNS'),
);

const noDuration = 'is no duration; write a whole number and s, m or h, as in 90s, 10m, 2h';
export const duration = (most: string, fallback: string, description: string) =>
  v.optional(
    v.pipe(
      v.string(noDuration),
      v.regex(durationForm, noDuration),
      v.check((input) => milliseconds(input) <= milliseconds(most), `is too long; at most ${most}`),
      v.description(`${description}, at most ${most}`),
    ),
    fallback,
  );

const noSize = 'is no size; write a whole number and KiB, MiB or GiB, as in 64MiB';
export const size = (most: string, fallback: string, description: string) =>
  v.optional(
    v.pipe(
      v.string(noSize),
      v.regex(sizeForm, noSize),
      v.check((input) => bytes(input) <= bytes(most), `is too large; at most ${most}`),
      v.description(`${description}, at most ${most}`),
    ),
    fallback,
  );

export const number = (most: number, fallback: number, description: string) =>
  v.optional(
    v.pipe(
      v.number(),
      v.integer('is no whole number; write one'),
      v.minValue(1, 'is less than 1; write 1 or more (to allow nothing, remove the entries)'),
      v.maxValue(most, `is more than ${most}; write less`),
      v.description(description),
    ),
    fallback,
  );
