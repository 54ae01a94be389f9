// A gate in a process of its own, which tells how much memory it holds: what is left after a collection, sampled while
// it works. Everything about it is as `airlock gate` has it, but for where its cells run.

import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  createLog,
  createSharedGate,
  defaultTiming,
  dockerCells,
  fileAudit,
  listenOnSocket,
  openFileLedger,
  processCells,
} from '../../../src/gate/index.ts';
import { loadPolicy } from '../../../src/policy/index.ts';

export interface GateProcessSettings {
  readonly policy: string;
  readonly ledger: string;
  readonly audit: string;
  /** Paths by runner. */
  readonly sockets: Readonly<Record<string, string>>;
  readonly script: string;
  /** Absent: child processes. */
  readonly docker?: { readonly engine: string; readonly network: string } | undefined;
}

/** Bytes. */
export interface Memory {
  /** JavaScript and buffers that are in use now. */
  readonly held: number;
  /** The most that was, in samples since the start. */
  readonly most: number;
  readonly rss: number;
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const settings = JSON.parse(process.argv[2] ?? '{}') as GateProcessSettings;

let most = 0;
function held(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  most = Math.max(most, heapUsed + external);
  return heapUsed + external;
}

const log = createLog(process.env['AIRLOCK_E2E_LOG'] ?? 'silent');
const policy = loadPolicy(readFileSync(settings.policy, 'utf8'), settings.policy);
const ledger = await openFileLedger({ folder: settings.ledger, holder: `gate/${process.pid}`, log });
const audit = await fileAudit(settings.audit);
const script = readFileSync(settings.script, 'utf8');
const { docker } = settings;
const cells =
  docker === undefined
    ? processCells({ script, log })
    : dockerCells({
        socket: docker.engine,
        network: docker.network,
        image: policy.image.run,
        script,
        log,
        installation: ledger.id,
      });
const timing = { order: { ...defaultTiming.order, poll: 100, call: 5_000 } };
const gate = createSharedGate({ policy, ledger, audit, cells, log, timing });
for (const [name, path] of Object.entries(settings.sockets))
  await listenOnSocket(gate, { name, path, ephemeral: false });
setInterval(held, 250).unref();
process.on('message', () => {
  process.send?.({ held: held(), most, rss: process.memoryUsage().rss } satisfies Memory);
});
// Its parent is gone.
process.on('disconnect', () => process.exit(0));
process.send?.('listening');
