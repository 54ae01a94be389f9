// `airlock gate`: the operator's side, on one machine with a Docker engine.

import { isAbsolute } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type Logger, createLog } from '../gate/index.ts';
import type { Config } from '../config/index.ts';
import { type Policy, loadPolicy } from '../policy/index.ts';
import { Failure } from '../protocol/index.ts';
import { endOnCrash } from './crash.ts';
import { type GateFlags, configOf, readOrEnd } from './gate-flags.ts';
import { serveInCluster } from './serve-cluster.ts';
import { type Served, serveGate } from './serve-gate.ts';

interface SocketOption {
  readonly name: string;
  readonly path: string;
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

async function serve(config: Config, policy: Policy, text: string, command: Command, log: Logger): Promise<void> {
  let served: Served;
  try {
    served = await ('kubernetes' in config
      ? serveInCluster(config, policy, text, log)
      : serveGate(config, policy, text, log));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return command.error(`airlock gate: ${reason}`, {
      exitCode: 1,
      code: error instanceof Failure ? error.code : 'airlock.start',
    });
  }
  log.info({ config, policy: policy.hash, notReady: served.notReady() }, 'the gate listens');
  const signal = await untilSignal();
  log.info({ signal }, 'the gate stops; builds go on');
  await served.close();
  log.info('the gate has stopped');
}

async function run(flags: GateFlags, command: Command): Promise<void> {
  const config = configOf(flags, command);
  const loaded = readOrEnd(config.policy, command, (text, file) => ({ text, policy: loadPolicy(text, file) }));
  const log = createLog(config.logLevel);
  const takeBack = endOnCrash(log);
  try {
    await serve(config, loaded.policy, loaded.text, command, log);
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
    .addOption(
      new Option('--config <file>', 'configuration file (YAML); in place of the options below').env('AIRLOCK_CONFIG'),
    )
    .option('--policy <file>', 'policy file (YAML)')
    .option('--ledger <folder>', 'what was started, in files of this gate alone; made if it is missing', absolute)
    .option('--audit <file>', 'audit log: one JSON line for each decision, on the disk before anything starts')
    .option(
      '--socket <NAME=PATH>',
      'unix socket of one runner, in a folder of the gate that is mounted read-only into that runner alone; may be repeated',
      parseSocket,
    )
    .option('--engine <socket>', 'unix socket of the Docker engine that runs the cells', absolute)
    .option('--network <name>', 'Docker network of the cells, from which they reach Drone')
    .addOption(
      new Option('--listen <address>', "the operator's /healthz and /readyz, on 127.0.0.1:PORT").env('AIRLOCK_LISTEN'),
    )
    .addOption(
      new Option('--log-level <level>', 'how much is logged (default: info)')
        .choices(['debug', 'info', 'warn', 'error', 'silent'])
        .env('AIRLOCK_LOG_LEVEL'),
    )
    .action((flags: GateFlags, command: Command) => run(flags, command));
}
