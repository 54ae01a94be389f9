// `airlock gate`: the operator's side. Until there is an engine it proves who asks and decides, and starts nothing.

import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import {
  type Audit,
  type Gate,
  type Listener,
  createGate,
  createLog,
  fileAudit,
  listenForOperator,
  listenOnSocket,
  memoryLedger,
  noEngine,
} from '../gate/index.ts';
import { type Policy, PolicyError, loadPolicy } from '../policy/index.ts';
import { Failure } from '../protocol/index.ts';

interface SocketOption {
  readonly name: string;
  readonly path: string;
}
interface GateCommandOptions {
  readonly policy: string;
  readonly audit: string;
  readonly socket: readonly SocketOption[];
  readonly listen?: string;
  readonly logLevel: string;
}

/** What the finished gate has and this version does not: said in one line instead of being ignored. */
const later = ['ledger', 'engine', 'network'] as const;

function parseSocket(text: string, before: readonly SocketOption[] = []): SocketOption[] {
  const mark = text.indexOf('=');
  const [name, path] = [text.slice(0, mark), text.slice(mark + 1)];
  if (mark < 1 || !path.startsWith('/')) throw new InvalidArgumentError('write NAME=/absolute/path.');
  if (before.some((other) => other.name === name || other.path === path))
    throw new InvalidArgumentError('each runner needs a name and a path of its own.');
  return [...before, { name, path }];
}

function notYet(name: string): () => never {
  return () => {
    throw new InvalidArgumentError(`--${name} is not available in this version; leave it out.`);
  };
}

function readPolicy(file: string, command: Command): Policy {
  try {
    return loadPolicy(readFileSync(file, 'utf8'), file);
  } catch (error) {
    if (error instanceof PolicyError) return command.error(error.message, { exitCode: 1, code: 'airlock.policy' });
    return command.error(`${file}: cannot be read: ${(error as Error).message}`, { exitCode: 1, code: 'airlock.file' });
  }
}

async function listen(gate: Gate, { socket, listen: address }: GateCommandOptions): Promise<Listener[]> {
  const listeners: Listener[] = [];
  try {
    // A static runner: its socket serves one job after the other, so it is bound to none.
    for (const { name, path } of socket) listeners.push(await listenOnSocket(gate, { name, path, ephemeral: false }));
    if (address !== undefined) listeners.push(await listenForOperator(gate, address));
    return listeners;
  } catch (error) {
    await Promise.all(listeners.map((listener) => listener.close()));
    throw error;
  }
}

/** The first signal stops in good order, the second at once. */
function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((done) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        done(signal);
        process.once(signal, () => process.exit(1));
      });
    }
  });
}

async function run(options: GateCommandOptions, command: Command): Promise<void> {
  const policy = readPolicy(options.policy, command);
  const log = createLog(options.logLevel);
  let audit: Audit | undefined;
  let gate: Gate | undefined;
  let listeners: Listener[];
  try {
    audit = await fileAudit(options.audit);
    await audit.write({ event: 'start', policy: policy.hash });
    gate = createGate({ policy, ledger: memoryLedger(), audit, cells: noEngine, log });
    listeners = await listen(gate, options);
  } catch (error) {
    await (gate === undefined ? audit?.close() : gate.stop());
    const reason = error instanceof Error ? error.message : String(error);
    return command.error(`airlock gate: ${reason}`, {
      exitCode: 1,
      code: error instanceof Failure ? error.code : 'airlock.start',
    });
  }
  log.info(
    { policy: policy.hash, sockets: options.socket, listen: options.listen, notReady: gate.notReady() },
    'the gate listens',
  );
  const signal = await untilSignal();
  log.info({ signal }, 'the gate stops; builds go on');
  await Promise.all([gate.stop(), ...listeners.map((listener) => listener.close())]);
  log.info('the gate has stopped');
}

/** Exits with 0 after SIGTERM or SIGINT, with 1 and one clear line a problem when it cannot start. */
export function gateCommand(): Command {
  const command = new Command('gate')
    .summary("run the operator's side")
    .description('Proves who asks, decides by the policy, and is the only one who can start a cell.')
    .requiredOption('--policy <file>', 'policy file (YAML)')
    .requiredOption('--audit <file>', 'audit log: one JSON line for each decision, on the disk before anything starts')
    .requiredOption(
      '--socket <NAME=PATH>',
      'unix socket of one runner, in a folder that only it can reach; may be repeated',
      parseSocket,
    )
    .option('--listen <address>', "the operator's /healthz and /readyz, on 127.0.0.1:PORT")
    .addOption(new Option('--log-level <level>').choices(['debug', 'info', 'warn', 'error', 'silent']).default('info'));
  for (const name of later) command.addOption(new Option(`--${name} <value>`).argParser(notYet(name)).hideHelp());
  return command.action((options: GateCommandOptions) => run(options, command));
}
