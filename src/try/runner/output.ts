// What a hook process prints, as the runner takes it: commands act, everything else is shown. One of these is made for
// each process, so a stop-commands of one hook call does not reach into the next.

import { existsSync } from 'node:fs';
import { type Command, commandNames, parseCommand } from './commands.ts';
import type { StepEffects } from './file-commands.ts';
import type { Masker } from './masker.ts';
import { errorMessage, type StepLog } from './step-log.ts';

export interface OutputOptions {
  readonly log: StepLog;
  readonly masker: Masker;
  readonly effects: StepEffects;
  /** The step's `env` context: two of its names allow commands that GitHub has switched off. */
  readonly env: ReadonlyMap<string, string>;
}

const help = 'https://github.blog/changelog';
const disabled = (name: string) =>
  `The \`${name}\` command is disabled. Please upgrade to using Environment Files or opt into unsecure command execution by setting the \`ACTIONS_ALLOW_UNSECURE_COMMANDS\` environment variable to \`true\`. For more information see: ${help}/2020-10-01-github-actions-deprecating-set-env-and-add-path-commands/`;
const deprecated = (name: string) =>
  `The \`${name}\` command is deprecated and will be disabled soon. Please upgrade to using Environment Files. For more information see: ${help}/2022-10-11-github-actions-deprecating-save-state-and-set-output-commands/`;
const badStopToken =
  "You cannot use a endToken that is an empty string, the string 'pause-logging', or another workflow command. For more information see: https://docs.github.com/actions/learn-github-actions/workflow-commands-for-github-actions#example-stopping-and-starting-workflow-commands or opt into insecure command execution by setting the `ACTIONS_ALLOW_UNSECURE_STOPCOMMAND_TOKENS` environment variable to `true`.";

const registered: ReadonlySet<string> = new Set(commandNames);
/** Commands that `::echo::on` never repeats. */
const silent: ReadonlySet<string> = new Set(['add-mask', 'debug', 'warning', 'error', 'notice']);

const isTrue = (text: string | undefined) => text?.trim().toLowerCase() === 'true';

function requireName(command: Command): string {
  const name = command.properties.get('name');
  if (name === undefined || name === '')
    throw new Error(`Required field 'name' is missing in ##[${command.name}] command.`);
  return name;
}

/** @returns takes one line without its end */
export function createOutput({ log, masker, effects, env }: OutputOptions): (line: string) => void {
  let stopToken: string | null = null;
  let echo = false;

  const allowUnsecure = (command: Command) => {
    if (!isTrue(env.get('ACTIONS_ALLOW_UNSECURE_COMMANDS'))) throw new Error(disabled(command.name));
  };

  const run = (command: Command): void => {
    const { name, data, properties } = command;
    switch (name) {
      case 'error':
      case 'warning':
      case 'notice':
        return log.issue(name, data, properties);
      case 'debug':
        return log.debug(data);
      case 'group':
        return log.group(data);
      case 'endgroup':
        return log.endGroup();
      case 'add-mask':
        if (data.trim() === '')
          return log.issue('warning', "Can't add secret mask for empty string in ##[add-mask] command.");
        return masker.add(data);
      case 'set-output':
        log.issue('warning', deprecated(name));
        return effects.setOutput(requireName(command), data);
      case 'save-state':
        log.issue('warning', deprecated(name));
        requireName(command);
        return;
      case 'set-env':
        allowUnsecure(command);
        return effects.setEnv(requireName(command), data);
      case 'add-path':
        allowUnsecure(command);
        if (data === '') throw new Error("Value cannot be null. (Parameter 'path')");
        return effects.addPath(data);
      case 'echo':
        echo = readEcho(data);
        return;
      case 'add-matcher':
        // A problem matcher is a file on the runner; the played one has none to read, and reads none.
        if (!existsSync(data)) throw new Error(`Could not find file '${data}'.`);
        return log.debug(`the problem matcher ${data} is not played`);
      default:
    }
  };

  const stop = (command: Command, line: string): void => {
    const token = command.data.toLowerCase();
    const bad = token === '' || token === 'pause-logging' || registered.has(token);
    if (bad && !isTrue(env.get('ACTIONS_ALLOW_UNSECURE_STOPCOMMAND_TOKENS'))) throw new Error(badStopToken);
    // The token is what makes the next lines harmless, so it is a secret from here on.
    if (token.length > 6) masker.add(command.data);
    stopToken = token;
    log.command(line);
  };

  const process = (command: Command, line: string): void => {
    try {
      if (command.name === 'stop-commands') return stop(command, line);
      if (echo && !silent.has(command.name)) log.command(line);
      run(command);
    } catch (error) {
      log.issue('error', `Unable to process command '${silent.has(command.name) ? command.name : line}' successfully.`);
      log.issue('error', errorMessage(error));
      effects.fail();
    }
  };

  return (line) => {
    const command = parseCommand(line, (name) => registered.has(name) || name === stopToken);
    if (command === null) return log.plain(line);
    if (stopToken === null) return process(command, line);
    if (command.name !== stopToken) return log.plain(line);
    stopToken = null;
    log.command(line);
  };
}

function readEcho(data: string): boolean {
  const value = data.trim().toUpperCase();
  if (value === 'ON' || value === 'OFF') return value === 'ON';
  throw new Error(`Invalid echo command value. Possible values can be: 'on', 'off'. Current value is: '${data}'.`);
}
