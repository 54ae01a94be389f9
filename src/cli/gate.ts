// `airlock gate`: the operator's side, on one machine with a Docker engine.

import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { isAbsolute } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import {
  type Audit,
  type DockerCells,
  type FileLedger,
  type Gate,
  type Listener,
  type Logger,
  createLog,
  createSharedGate,
  dockerCells,
  fileAudit,
  listenForOperator,
  listenOnSocket,
  openFileLedger,
} from '../gate/index.ts';
import { type Policy, PolicyError, loadPolicy } from '../policy/index.ts';
import { Failure } from '../protocol/index.ts';
import { findBuilt } from '../try/built.ts';
import { endOnCrash } from './crash.ts';

interface SocketOption {
  readonly name: string;
  readonly path: string;
}
interface GateCommandOptions {
  readonly policy: string;
  readonly ledger: string;
  readonly audit: string;
  readonly engine: string;
  readonly network: string;
  readonly socket: readonly SocketOption[];
  readonly listen?: string;
  readonly logLevel: string;
}

function absolute(path: string): string {
  if (!isAbsolute(path)) throw new InvalidArgumentError('write an absolute path.');
  return path;
}

function parseSocket(text: string, before: readonly SocketOption[] = []): SocketOption[] {
  const mark = text.indexOf('=');
  const [name, path] = [text.slice(0, mark), text.slice(mark + 1)];
  if (mark < 1 || !path.startsWith('/')) throw new InvalidArgumentError('write NAME=/absolute/path.');
  if (before.some((other) => other.name === name || other.path === path))
    throw new InvalidArgumentError('each runner needs a name and a path of its own.');
  return [...before, { name, path }];
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

/** Whatever was opened, in the order in which it is closed when something else cannot be. */
interface Opened {
  audit?: Audit;
  ledger?: FileLedger;
  cells?: DockerCells;
  gate?: Gate;
}

async function open(options: GateCommandOptions, policy: Policy, log: Logger, opened: Opened): Promise<Gate> {
  const audit = (opened.audit = await fileAudit(options.audit));
  await audit.write({ event: 'start', policy: policy.hash });
  const holder = `${hostname()}/${process.pid}`;
  const ledger = (opened.ledger = await openFileLedger({ folder: options.ledger, holder, log }));
  const { engine: socket, network } = options;
  const script = readFileSync(findBuilt().cell, 'utf8');
  const image = policy.image.run;
  const cells = (opened.cells = dockerCells({ socket, image, network, script, log, installation: ledger.id }));
  await cells.check();
  opened.gate = createSharedGate({ policy, ledger, audit, cells, log });
  return opened.gate;
}

async function close({ audit, ledger, cells, gate }: Opened): Promise<void> {
  if (gate !== undefined) await gate.stop();
  else {
    await audit?.close();
    await ledger?.close();
  }
  cells?.close();
}

async function serve(options: GateCommandOptions, command: Command, policy: Policy, log: Logger): Promise<void> {
  const opened: Opened = {};
  let gate: Gate;
  let listeners: Listener[];
  try {
    gate = await open(options, policy, log, opened);
    listeners = await listen(gate, options);
  } catch (error) {
    await close(opened);
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
  await Promise.all([close(opened), ...listeners.map((listener) => listener.close())]);
  log.info('the gate has stopped');
}

async function run(options: GateCommandOptions, command: Command): Promise<void> {
  const policy = readPolicy(options.policy, command);
  const log = createLog(options.logLevel);
  const takeBack = endOnCrash(log);
  try {
    await serve(options, command, policy, log);
  } finally {
    takeBack();
  }
}

/**
 * Exits with 0 after SIGTERM or SIGINT, with 1 and one clear line a problem when it cannot start, and with 1 after an
 * error that nobody expected.
 */
export function gateCommand(): Command {
  return new Command('gate')
    .summary("run the operator's side")
    .description('Proves who asks, decides by the policy, and is the only one who can start a cell.')
    .requiredOption('--policy <file>', 'policy file (YAML)')
    .requiredOption(
      '--ledger <folder>',
      'what was started, in files of this gate alone; made if it is missing',
      absolute,
    )
    .requiredOption('--audit <file>', 'audit log: one JSON line for each decision, on the disk before anything starts')
    .requiredOption(
      '--socket <NAME=PATH>',
      'unix socket of one runner, in a folder of the gate that is mounted read-only into that runner alone; may be repeated',
      parseSocket,
    )
    .requiredOption('--engine <socket>', 'unix socket of the Docker engine that runs the cells', absolute)
    .requiredOption('--network <name>', 'Docker network of the cells, from which they reach Drone')
    .option('--listen <address>', "the operator's /healthz and /readyz, on 127.0.0.1:PORT")
    .addOption(new Option('--log-level <level>').choices(['debug', 'info', 'warn', 'error', 'silent']).default('info'))
    .action((options: GateCommandOptions, command: Command) => run(options, command));
}
