// The one network of all cells. It has to be a network of its own: the default bridge reaches the machine's whole
// neighbourhood, and `host` and `container:…` are no isolation at all.

import type { NetworkAnswer } from './answers.ts';

const plain = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;
const builtIn = new Set(['host', 'bridge', 'default']);

/** What is wrong with the name, in one sentence for the operator; null: nothing. */
export function networkNameProblem(name: string): string | null {
  if (!plain.test(name)) return "the name of the cells' network is no plain name of a Docker network";
  if (builtIn.has(name))
    return `the network "${name}" isolates nothing: make one for the cells (docker network create)`;
  return null;
}

/** The same for the network that was found under the name; the engine also finds networks by a part of their id. */
export function networkProblem(name: string, seen: NetworkAnswer): string | null {
  if (seen.Name !== name) return `there is no network "${name}" on the Docker engine, only one whose id begins so`;
  if (seen.Driver === 'host') return `the network "${name}" is the machine's own: make one for the cells`;
  return null;
}
