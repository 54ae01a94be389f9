// The simulated Drone as a program for a container: its builds are lines on stdout, told anew whenever they change.

import { type DroneScenario, startSimulatedDrone } from '../../src/try/drone/index.ts';

export interface ContainedDrone {
  readonly slug: string;
  readonly login: string;
  readonly token: string;
  readonly scenario: DroneScenario;
}

const { slug, login, token, scenario } = JSON.parse(process.env['DRONE'] ?? '{}') as ContainedDrone;
void startSimulatedDrone({
  host: '0.0.0.0',
  port: 8080,
  users: [{ login, token, write: [slug] }],
  repositories: [{ slug, knownCommits: 'any', scenario }],
}).then((drone) => {
  let told = '';
  setInterval(() => {
    const builds = JSON.stringify(drone.builds(slug).map(({ number, status }) => ({ number, status })));
    if (builds !== told) process.stdout.write(`builds: ${builds}\n`);
    told = builds;
  }, 50);
});
