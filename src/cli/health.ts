// `airlock health`: whether the gate on this machine is alive, for whoever looks after its process and has no other
// program to ask with (HEALTHCHECK of its image).

import { get } from 'node:http';
import { Command, InvalidArgumentError, Option } from 'commander';
import { loadConfig } from '../config/index.ts';
import { readOrEnd } from './gate-flags.ts';

interface HealthFlags {
  readonly listen?: string;
  readonly config?: string;
  readonly timeout: number;
}

const form = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([0-9.]{7,15})):([1-9][0-9]{0,4})$/;
/** Who listens everywhere is asked here. */
const here = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1'],
]);

function parseTimeout(text: string): number {
  if (!/^[1-9][0-9]{0,4}$/.test(text)) throw new InvalidArgumentError('write milliseconds, 1 to 99999.');
  return Number(text);
}

/** @returns what is wrong; null: it is alive */
function ask(host: string, port: number, limit: number): Promise<string | null> {
  return new Promise((done) => {
    const call = get({ host, port, path: '/healthz', agent: false }, (answer) => {
      answer.resume();
      done(answer.statusCode === 200 ? null : `answers ${answer.statusCode} on /healthz`);
      call.destroy();
    });
    call.on('error', (error: NodeJS.ErrnoException) => done(`does not answer: ${error.code ?? error.message}`));
    const late = setTimeout(() => {
      done(`does not answer within ${limit} ms`);
      call.destroy();
    }, limit);
    call.on('close', () => clearTimeout(late));
  });
}

function addressOf({ listen, config }: HealthFlags, command: Command): string {
  if (listen !== undefined) return listen;
  if (config === undefined) return command.error('error: write --listen ADDRESS or --config FILE', { exitCode: 1 });
  const address = readOrEnd(config, command, loadConfig).listen;
  if (address !== undefined) return address;
  return command.error(`error: ${config} has no "listen", so nobody can ask this gate; add it`, { exitCode: 1 });
}

/** Exits with 0 when the gate is alive, and with 1 and one line when it is not. It may be alive and not ready. */
export function healthCommand(): Command {
  return new Command('health')
    .summary('ask a gate of this machine whether it is alive')
    .description("Asks /healthz of the gate's own address, for HEALTHCHECK; what it lacks to be ready says /readyz.")
    .addOption(new Option('--listen <address>', "the gate's listen: ADDRESS:PORT").env('AIRLOCK_LISTEN'))
    .addOption(
      new Option('--config <file>', "the gate's configuration, if --listen is not given").env('AIRLOCK_CONFIG'),
    )
    .addOption(new Option('--timeout <ms>', 'how long it may take').default(5_000).argParser(parseTimeout))
    .action(async (flags: HealthFlags, command: Command) => {
      const address = addressOf(flags, command);
      const [, six, four, port = ''] = form.exec(address) ?? [];
      const host = six ?? four;
      if (host === undefined || Number(port) > 65_535)
        return command.error(`error: the address is ADDRESS:PORT, not ${JSON.stringify(address)}`, { exitCode: 1 });
      const wrong = await ask(here.get(host) ?? host, Number(port), flags.timeout);
      if (wrong !== null) command.error(`airlock health: the gate on ${address} ${wrong}`, { exitCode: 1 });
    });
}
