// The cells' walls and the way to each Drone, tried from cells.

import type { AcceptedRisk } from '../../config/index.ts';
import { type CellEngine, type Surroundings, everywhere, isWanted } from '../../gate/index.ts';
import type { Policy } from '../../policy/index.ts';
import { type Finding, bad } from './finding.ts';
import { probeOnce, sentenceOf } from './probe.ts';
import { droneWanted, wallsOf } from './walls.ts';

export async function cellFindings(
  cells: CellEngine,
  { drones }: Policy,
  around: Surroundings,
  accept: readonly AcceptedRisk[],
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const [index, [name, drone]] of [...drones].entries()) {
    try {
      const probed = await probeOnce(cells, {
        drone,
        token: true,
        async attempts(cell) {
          const all = everywhere(index === 0 ? drones.values() : [drone]);
          // The walls are the same for all; the proxy is this Drone's own.
          if (index > 0) return all.filter(({ by }) => by === 'proxy');
          return [...(await around(cell)), ...all].filter((one) => !isWanted(one, drones.values()));
        },
      });
      findings.push(...wallsOf('a cell', probed.tried, accept));
      findings.push(droneWanted(name, probed, drone.token !== 'workflow'));
    } catch (error) {
      findings.push(bad('a cell that tries its walls', 'tells what it found', sentenceOf(error), 'see the line above'));
    }
  }
  return findings;
}
