// What is weaker than it could be by the policy's and the configuration's own words.

import type { Config } from '../../config/index.ts';
import type { Policy } from '../../policy/index.ts';
import { type Finding, good, weak } from './finding.ts';

export function policyFindings({ identity, drones }: Policy, config: Config): readonly Finding[] {
  const found: Finding[] = [];
  if (identity.mode === 'asserted')
    found.push(weak('identity.mode', 'github', 'asserted', 'the runner is believed: let GitHub sign (mode: github)'));
  else found.push(good('identity.mode', 'github'));
  if (identity.bind === 'none')
    found.push(
      weak(
        'identity.bind',
        'github or arc',
        'none',
        'a token of another job of the repository is good here too: set identity.bind',
      ),
    );
  else found.push(good('identity.bind', 'github or arc', identity.bind));
  for (const [name, { token }] of drones)
    if (token === 'workflow')
      found.push(
        weak(
          `the token of Drone "${name}"`,
          'a file of the gate',
          'workflow',
          'it passes through the runner: use a file',
        ),
      );
  if ('sockets' in config)
    for (const { name } of config.sockets)
      found.push(
        weak(`the runner ${name}`, 'one job each', 'stays (static socket)', 'use fleet: for runners that disappear'),
      );
  return found;
}
