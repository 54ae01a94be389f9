// A gate as `airlock gate` runs it, in a process that a test can kill: a ledger in files, one static socket, and cells
// that outlive it.

import { readFileSync } from 'node:fs';
import {
  type Timing,
  createLog,
  createSharedGate,
  defaultTiming,
  dockerCells,
  fileAudit,
  listenOnSocket,
  openFileLedger,
} from '../../src/gate/index.ts';
import { loadPolicy } from '../../src/policy/index.ts';
import { survivingCells } from '../fakes/surviving-cells.ts';

export interface GateSettings {
  readonly policy: string;
  readonly ledger: string;
  readonly audit: string;
  readonly socket: string;
  /** A holder's socket, or a Docker engine with its network and the managed script. */
  readonly cells:
    | { readonly holder: string }
    | { readonly engine: string; readonly network: string; readonly script: string };
  readonly logLevel: string;
  /** Waits of an order, milliseconds. */
  readonly order?: Partial<Timing['order']>;
  /** Milliseconds that a holder of the ledger lives without a renewal; default 1,500. */
  readonly life?: number;
}

const settings = JSON.parse(process.argv[2] ?? '{}') as GateSettings;
const log = createLog(settings.logLevel);
const policy = loadPolicy(readFileSync(settings.policy, 'utf8'), settings.policy);
const { life = 1_500 } = settings;
const ledger = await openFileLedger({
  folder: settings.ledger,
  holder: `gate/${process.pid}`,
  log,
  timing: { life, renew: 200, retry: 50, stop: (life * 2) / 3, poll: 50 },
});
const audit = await fileAudit(settings.audit);
await audit.write({ event: 'start', policy: policy.hash });
const { cells: where } = settings;
const cells =
  'holder' in where
    ? survivingCells(where.holder)
    : dockerCells({
        socket: where.engine,
        network: where.network,
        image: policy.image.run,
        script: readFileSync(where.script, 'utf8'),
        installation: ledger.id,
        log,
      });
const gate = createSharedGate({
  policy,
  ledger,
  audit,
  cells,
  log,
  timing: { sweep: 100, orphans: 1_000, order: { ...defaultTiming.order, poll: 100, ...settings.order } },
});
const listener = await listenOnSocket(gate, { name: 'runner-1', path: settings.socket, ephemeral: false });
process.once('SIGTERM', () => {
  void Promise.all([gate.stop(), listener.close()]).then(() => process.exit(0));
});
