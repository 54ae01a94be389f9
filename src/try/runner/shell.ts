// How a `run:` step becomes a program, its arguments and a file (recordings run-*). Quotes are characters here: the
// runner splits the template on single spaces and nothing else.

import { statSync } from 'node:fs';

const builtIn: ReadonlyMap<string, string> = new Map([
  ['cmd', '/D /E:ON /V:OFF /S /C "CALL "{0}""'],
  ['pwsh', `-command ". '{0}'"`],
  ['powershell', `-command ". '{0}'"`],
  ['bash', '--noprofile --norc -e -o pipefail {0}'],
  ['sh', '-e {0}'],
  ['python', '{0}'],
]);

const extensions: ReadonlyMap<string, string> = new Map([
  ['cmd', '.cmd'],
  ['pwsh', '.ps1'],
  ['powershell', '.ps1'],
  ['bash', '.sh'],
  ['sh', '.sh'],
  ['python', '.py'],
]);

export interface Shell {
  readonly command: string;
  /** With `{0}` where the script's path belongs. */
  readonly template: string;
  /** Of the script's file; empty for a program that the runner does not know. */
  readonly extension: string;
}

/** @param shell the step's `shell:` or its default; empty or absent: `sh -e {0}` */
export function describeShell(shell: string | undefined): Shell {
  const text = shell === undefined || shell === '' ? 'sh' : shell;
  const space = text.indexOf(' ');
  const command = space < 0 ? text : text.slice(0, space);
  const given = space < 0 ? '' : text.slice(space + 1).trimStart();
  return {
    command,
    template: given === '' ? (builtIn.get(command) ?? '') : given,
    extension: extensions.get(command) ?? '',
  };
}

/**
 * The runner looks the program up on its own machine, although the container is to run it. A bare name may be missing
 * there, but a path that does not exist ends the step before any hook call (recording run-other-shells, last step).
 */
function locate(command: string): void {
  if (command === '') throw new Error("Value cannot be null. (Parameter 'command')");
  if (!command.includes('/')) return;
  if (!command.startsWith('/')) throw new Error(`Could not find a part of the path '/usr/local/sbin/${command}'.`);
  if (statSync(command, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new Error("Second path fragment must not be a drive or UNC name. (Parameter 'expression')");
  }
}

/** @throws {Error} with the runner's words, when it would not get as far as the hook */
export function checkShell({ command, template }: Shell): void {
  locate(command);
  if (!template.includes('{0}')) {
    throw new Error(
      "Invalid shell option. Shell must be a valid built-in (bash, sh, cmd, powershell, pwsh) or a format string containing '{0}'",
    );
  }
}

/** .NET's composite formatting with one argument. @throws {Error} for any other brace */
function fill(template: string, path: string): string {
  return template.replaceAll(/\{\{|\}\}|\{0(?:[,:][^{}]*)?\}|[{}]/g, (found) => {
    if (found === '{{' || found === '}}') return found.slice(1);
    if (found.startsWith('{0')) return path;
    throw new Error('Input string was not in a correct format.');
  });
}

/** @param path of the script, inside the container */
export const shellArguments = ({ template }: Shell, path: string): string[] =>
  fill(template, path.replaceAll('"', '\\"'))
    .split(' ')
    .map((argument) => argument.trim());

export function scriptText({ command }: Shell, text: string): string {
  if (command === 'cmd') return `@echo off\n${text}`;
  if (command !== 'pwsh' && command !== 'powershell') return text;
  const after = 'if ((Test-Path -LiteralPath variable:\\LASTEXITCODE)) { exit $LASTEXITCODE }';
  return `$ErrorActionPreference = 'stop'\n${text}\n${after}`;
}
