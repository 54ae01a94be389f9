// A cluster: the template and its admission policy, the cells' network from a cell, and the gate's own rights. It runs
// where the gate does, with the gate's account.

import type { ClusterConfig } from '../../config/index.ts';
import { accessInCluster, cellDeadline, createKubernetesClient, kubernetesCells, silentLog } from '../../gate/index.ts';
import type { Policy } from '../../policy/index.ts';
import { aroundPods } from '../self-test.ts';
import { cellFindings } from './cells.ts';
import { type Finding, bad, good, weak } from './finding.ts';
import { rightsFindings } from './rights.ts';

export async function clusterFindings(config: ClusterConfig, policy: Policy): Promise<readonly Finding[]> {
  const access = accessInCluster(process.env);
  if (access === null)
    return [
      bad('the cluster', 'this is a pod of the gate', 'no pod', 'kubectl exec into a pod of the gate, and ask there'),
    ];
  const client = createKubernetesClient(access);
  const { namespace, template, admission } = config.kubernetes;
  const cells = kubernetesCells({
    client,
    namespace,
    template,
    image: policy.image.run,
    deadline: cellDeadline(policy),
    admission,
    log: silentLog(),
  });
  try {
    const problem = await cells.check();
    const what = admission ? "the cells' PodTemplate and its admission policy" : "the cells' PodTemplate";
    const findings: Finding[] =
      problem === null
        ? [good(what, 'there, and enforced')]
        : [bad(what, 'there, and enforced', problem, 'helm upgrade')];
    if (!admission)
      findings.push(weak('the admission policy', 'enforced', 'not asked for', 'set engine.kubernetes.admission: true'));
    findings.push(...(await rightsFindings(client, config)));
    if (problem === null)
      findings.push(...(await cellFindings(cells, policy, aroundPods(config, client), config.selfTest?.accept ?? [])));
    return findings;
  } finally {
    cells.close();
  }
}
