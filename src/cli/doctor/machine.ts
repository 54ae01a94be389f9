// One machine with a Docker engine: the engine, the cells' network from a cell, the runners' from a container in theirs.

import { readFileSync } from 'node:fs';
import type { MachineConfig } from '../../config/index.ts';
import {
  type DockerCellsOptions,
  createEngine,
  defaultDockerTiming,
  dockerCells,
  everywhere,
  isWanted,
  silentLog,
} from '../../gate/index.ts';
import type { DronePolicy, Policy } from '../../policy/index.ts';
import { findBuilt } from '../../try/built.ts';
import { aroundCells, aroundRunners } from '../self-test.ts';
import { cellFindings } from './cells.ts';
import { type Finding, bad, good } from './finding.ts';
import { ownInstallation, probeOnce, sentenceOf } from './probe.ts';
import { droneUnwanted, wallsOf } from './walls.ts';

type Made = Omit<DockerCellsOptions, 'network'>;

/** What a runner could reach: tried by the managed script in the cells' image, without any token. */
async function runnerFindings(config: MachineConfig, { drones }: Policy, made: Made): Promise<readonly Finding[]> {
  const { docker, fleet } = config;
  const engine = createEngine(docker.socket, defaultDockerTiming, silentLog());
  const around = aroundRunners(config, engine);
  if (fleet === undefined || around === null) return [];
  const cells = dockerCells({ ...made, network: fleet.network, installation: ownInstallation() });
  const findings: Finding[] = [];
  const ways: readonly (readonly [string, (drone: DronePolicy) => DronePolicy])[] = [
    ['a runner', (drone) => drone],
    ...(fleet.proxy === undefined
      ? []
      : [['a runner, by its proxy', (drone: DronePolicy) => ({ ...drone, proxy: fleet.proxy })] as const]),
  ];
  // The runners' own way out is the one thing that they may reach.
  const proxy = fleet.proxy === undefined ? [] : [{ server: fleet.proxy, token: 'workflow' } as const];
  try {
    const problem = await cells.check();
    if (problem !== null) return [bad("the runners' network", 'there', problem, 'make it, or correct fleet.network')];
    for (const [index, [name, drone]] of [...drones].entries())
      for (const [from, by] of ways) {
        const way = by(drone);
        const direct = from === 'a runner';
        const probed = await probeOnce(cells, {
          drone: way,
          token: false,
          async attempts(cell) {
            if (index > 0) return [];
            const all = everywhere([way]).filter((one) => one.by === (direct ? undefined : 'proxy'));
            return direct ? [...(await around(cell)), ...all].filter((one) => !isWanted(one, proxy)) : all;
          },
        });
        findings.push(...wallsOf(from, probed.tried, []), droneUnwanted(from, name, probed));
      }
  } catch (error) {
    findings.push(
      bad("a container in the runners' network", 'tells what it found', sentenceOf(error), 'see docker logs'),
    );
  } finally {
    cells.close();
  }
  return findings;
}

export async function machineFindings(config: MachineConfig, policy: Policy): Promise<readonly Finding[]> {
  const { docker, fleet, selfTest } = config;
  const log = silentLog();
  const made = {
    ...docker,
    image: policy.image.run,
    script: readFileSync(findBuilt().cell, 'utf8'),
    log,
    installation: ownInstallation(),
  };
  const engine = createEngine(docker.socket, defaultDockerTiming, log);
  const cells = dockerCells(made);
  try {
    const problem = await cells.check();
    const what = "the engine, the cells' image and network";
    if (problem !== null) return [bad(what, 'there', problem, 'docs/docker.md, When something is wrong')];
    const findings = [good(what, 'there')];
    if (fleet !== undefined)
      findings.push(
        await engine.image(fleet.image).then(
          () => good("the runners' image", 'there'),
          (error: unknown) => bad("the runners' image", 'there', sentenceOf(error), 'pull it: the gate never does'),
        ),
      );
    findings.push(...(await cellFindings(cells, policy, aroundCells(config, engine), selfTest?.accept ?? [])));
    findings.push(...(await runnerFindings(config, policy, made)));
    return findings;
  } finally {
    cells.close();
  }
}
