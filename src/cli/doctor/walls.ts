// What a probe found, as lines: one for each kind of thing that nobody may reach, and one for each that somebody did.

import type { AcceptedRisk } from '../../config/index.ts';
import { type Probed, type Tried, acceptedBy, nameOf, opened, placeOf } from '../../gate/index.ts';
import type { ProbeTarget } from '../../protocol/index.ts';
import { type Finding, bad, good, weak } from './finding.ts';

const named: Readonly<Record<ProbeTarget, string>> = {
  machine: 'the machine',
  node: 'the node and its kubelet',
  metadata: "the cloud's metadata",
  internet: 'the internet',
  names: 'DNS',
  runners: "the runners' network",
  gate: 'the gate',
  'api-server': 'the API server',
};

const fixes: Readonly<Record<ProbeTarget, string>> = {
  machine: "drop what comes from the network's bridge in the machine's INPUT chain",
  node: "deny it in the cells' NetworkPolicy, and use a network plugin that enforces it for the node too",
  metadata: 'drop 169.254.169.254 and its like for this network',
  internet: 'make the network internal, or let nothing but Drone through its firewall or NetworkPolicy',
  names:
    'make the network internal on an engine of 26 or newer, or drop port 53; the policy tells the address of Drone',
  runners: 'keep the two networks apart: no route between their bridges',
  gate: 'let the gate listen on 127.0.0.1 alone, or deny it in the NetworkPolicy',
  'api-server': "deny it in the cells' NetworkPolicy, and use a network plugin that enforces it",
};

const wanted = 'not reached';
const counted = (tried: readonly Tried[]): string =>
  tried.length === 1 ? 'not reached' : `not reached, ${tried.length} ways tried`;

/** @param from who tried: `a cell` */
export function wallsOf(from: string, tried: readonly Tried[], accept: readonly AcceptedRisk[]): readonly Finding[] {
  const whats = [...new Set(tried.map(({ what }) => what))];
  return whats.flatMap((what) => {
    const all = tried.filter((one) => one.what === what);
    const holes = opened(all, accept).map((one) =>
      bad(
        `${from} -> ${named[what]}`,
        wanted,
        `${placeOf(one)} reached`,
        `${fixes[what]}; or accept ${nameOf(one)} in selfTest.accept with a reason`,
      ),
    );
    const risks = all.flatMap((one) => {
      const risk = one.found === 'connected' ? acceptedBy(one, accept) : null;
      return risk === null
        ? []
        : [weak(`${from} -> ${named[what]}`, wanted, `${placeOf(one)} reached`, `accepted: ${risk.reason}`)];
    });
    const lines = [...holes, ...risks];
    return lines.length > 0 ? lines : [good(`${from} -> ${named[what]}`, wanted, counted(all))];
  });
}

/** Drone, where it has to be reached. */
export function droneWanted(name: string, { drone }: Probed, token: boolean): Finding {
  const what = `a cell -> Drone "${name}"`;
  if (drone.code === 'ok') return good(what, token ? 'answers and takes the token' : 'answers');
  return bad(what, 'answers', drone.message, `docs/codes.md, ${drone.code}`);
}

/** Drone, where it must not: whatever but silence came from somebody. */
export function droneUnwanted(from: string, name: string, { drone }: Probed): Finding {
  const what = `${from} -> Drone "${name}"`;
  if (drone.code === 'drone-unreachable') return good(what, wanted);
  return bad(what, wanted, `reached: ${drone.message}`, "keep Drone out of the runners' network and of its proxy");
}
