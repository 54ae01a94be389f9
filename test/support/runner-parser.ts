// How the runner reads a hook's output, as it was measured (contract/README.md, What the hook prints): line by line, a
// bare CR starts a new line, leading blanks are skipped, `::command::` counts at the start of a line, `##[command]`
// anywhere, and stop-commands turns both off until its token comes. A model for tests: where the real runner might be
// stricter about what is a command, this one calls it a command.

export interface Command {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  /** Unescaped. */
  readonly data: string;
}

export interface Read {
  readonly commands: readonly Command[];
  /** What is no command, as it would be shown. */
  readonly lines: readonly string[];
}

/** .NET compares by culture, which passes over characters that nobody sees. */
const invisible = /\p{Default_Ignorable_Code_Point}|\x1b\[[0-9;]*m/gu;

const unescaped = (text: string): string =>
  text
    .replaceAll('%0D', '\r')
    .replaceAll('%0A', '\n')
    .replaceAll('%3A', ':')
    .replaceAll('%2C', ',')
    .replaceAll('%25', '%');

function properties(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const pair of text.split(',')) {
    const at = pair.indexOf('=');
    if (at > 0) found[pair.slice(0, at).trim()] = unescaped(pair.slice(at + 1));
  }
  return found;
}

function command(info: string, data: string): Command {
  const at = info.indexOf(' ');
  const name = at === -1 ? info : info.slice(0, at);
  return { name, properties: at === -1 ? {} : properties(info.slice(at + 1)), data: unescaped(data) };
}

/** The command that a line is, if it is one. */
export function commandIn(text: string): Command | undefined {
  const line = text.replace(invisible, '');
  const trimmed = line.trimStart();
  if (trimmed.startsWith('::')) {
    const end = trimmed.indexOf('::', 2);
    if (end > 2) return command(trimmed.slice(2, end), trimmed.slice(end + 2));
  }
  const old = line.indexOf('##[');
  const close = line.indexOf(']', old);
  return old === -1 || close === -1 ? undefined : command(line.slice(old + 3, close), line.slice(close + 1));
}

export const linesOf = (output: string): string[] => output.split(/\r\n|\r|\n/);

/** Reads an output as the runner does; `stop` switches stop-commands off, so that every command counts. */
export function readAsRunner(output: string, { stop = true }: { stop?: boolean } = {}): Read {
  const commands: Command[] = [];
  const lines: string[] = [];
  let token: string | undefined;
  for (const line of linesOf(output)) {
    const found = commandIn(line);
    if (found === undefined || (token !== undefined && found.name !== token)) lines.push(line);
    else {
      commands.push(found);
      if (stop) token = found.name === 'stop-commands' ? found.data : undefined;
    }
  }
  return { commands, lines };
}
