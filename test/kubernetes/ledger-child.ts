import {
  type KubernetesAccess,
  type LedgerRecord,
  type Logger,
  type SharedLedger,
  createKubernetesClient,
  openClusterLedger,
} from '../../src/gate/index.ts';

// A process with a ledger in a cluster, for tests that freeze it in the middle of a call. It is told what to do over IPC.

interface Settings {
  readonly access: KubernetesAccess;
  readonly namespace: string;
  readonly name: string;
  readonly timing: object;
}

const log = { info: () => undefined, warn: () => undefined, error: () => undefined } as unknown as Logger;
const { access, namespace, name, timing } = JSON.parse(process.argv[2] ?? '') as Settings;

/** Stops at the next call that contains the text, before it is sent. */
let trap = '';
const real = createKubernetesClient(access);
const client: typeof real = {
  access,
  call(call, patience) {
    if (trap !== '' && `${call.method} ${call.path}`.includes(trap)) {
      trap = '';
      process.kill(process.pid, 'SIGSTOP');
    }
    return real.call(call, patience);
  },
};
const ledger: SharedLedger = openClusterLedger({ client, namespace, name, holder: 'child', log, timing });
let turn: Awaited<ReturnType<SharedLedger['acquire']>> | undefined;

const methods: Record<string, (...args: never[]) => unknown> = {
  acquire: async () => (turn = await ledger.acquire()).epoch,
  ended: () => turn?.ended,
  epoch: () => ledger.epoch(),
  create: (record: LedgerRecord) => ledger.create(record),
  swap: (record: LedgerRecord) => ledger.swap(record),
  trap: (text: string) => {
    trap = text;
  },
};

process.on('message', ({ id, method, args }: { id: number; method: string; args: never[] }) => {
  Promise.resolve()
    .then(() => methods[method]?.(...args))
    .then(
      (value) => process.send?.({ id, value }),
      (error: unknown) => process.send?.({ id, error: String(error) }),
    );
});
process.on('disconnect', () => process.exit());
