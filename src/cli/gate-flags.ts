// What `airlock gate` is told: a configuration file, or, to try it out with static runners, everything on the command
// line. Never a mixture: two places for one setting are read differently by two people.

import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { type Config, loadConfig } from '../config/index.ts';
import { PolicyError } from '../policy/index.ts';

export interface GateFlags {
  readonly config?: string;
  readonly policy?: string;
  readonly ledger?: string;
  readonly audit?: string;
  readonly engine?: string;
  readonly network?: string;
  readonly socket?: readonly { readonly name: string; readonly path: string }[];
  readonly listen?: string;
  readonly logLevel?: string;
}

/** With what each is shown where it is missing. */
const needed = {
  policy: '--policy <file>',
  ledger: '--ledger <folder>',
  audit: '--audit <file>',
  socket: '--socket <NAME=PATH>',
  engine: '--engine <socket>',
  network: '--network <name>',
} as const;

const cellLimits = { memory: 268_435_456, pids: 64, cpus: 1 };

/** Ends the command with 1 and what is wrong with a file of the operator's. */
export function readOrEnd<T>(file: string, command: Command, load: (text: string, file: string) => T): T {
  try {
    return load(readFileSync(file, 'utf8'), file);
  } catch (error) {
    if (error instanceof PolicyError) return command.error(error.message, { exitCode: 1, code: 'airlock.policy' });
    return command.error(`${file}: cannot be read: ${(error as Error).message}`, { exitCode: 1, code: 'airlock.file' });
  }
}

function fromFile(file: string, flags: GateFlags, command: Command): Config {
  const beside = Object.keys(needed).find((name) => Object.hasOwn(flags, name));
  if (beside !== undefined)
    command.error(`error: --${beside} cannot stand beside --config; write it into ${file}`, { exitCode: 1 });
  const config = readOrEnd(file, command, loadConfig);
  return { ...config, listen: flags.listen ?? config.listen, logLevel: flags.logLevel ?? config.logLevel };
}

/** Ends the command with 1 when it was not told enough, or too much. */
export function configOf(flags: GateFlags, command: Command): Config {
  if (flags.config !== undefined) return fromFile(flags.config, flags, command);
  const {
    policy = '',
    ledger = '',
    audit = '',
    engine = '',
    network = '',
    socket = [],
    listen,
    logLevel = 'info',
  } = flags;
  for (const [name, shown] of Object.entries(needed))
    if (!Object.hasOwn(flags, name)) command.error(`error: required option '${shown}' not specified`, { exitCode: 1 });
  const docker = { socket: engine, network, limits: cellLimits };
  return { policy, ledger, audit, listen, logLevel, selfTest: null, docker, sockets: socket };
}
