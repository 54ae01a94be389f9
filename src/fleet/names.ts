// Names of runners: identity at the gate, name at GitHub and name of the container are one. The random part cannot be
// guessed, so no runner of anybody else has it.

import { randomBytes } from 'node:crypto';

const random = /^[0-9a-f]{16}$/;

/** What all names of an installation begin with. @param installation the ledger's id: 32 lower hex */
export const prefixOf = (installation: string): string => `airlock-${installation.slice(0, 12)}-`;

export const newName = (prefix: string): string => `${prefix}${randomBytes(8).toString('hex')}`;

/** Whether a name is one of this installation's runners'. */
export const isOwn = (prefix: string, name: string): boolean =>
  name.startsWith(prefix) && random.test(name.slice(prefix.length));
