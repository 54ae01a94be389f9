// A job on a runner, as far as the hook sees it: folders, files, environment and documents, made from a recording.

import { EventEmitter } from 'node:events';
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { defaultLimits, type Limits } from '../../../src/hook/limits.ts';
import { run } from '../../../src/hook/run.ts';
import { type Command, readAsRunner } from '../../support/runner-parser.ts';
import { session } from '../../fakes/gate.ts';

export interface Recorded {
  input: { command: string; responseFile: string; args: Record<string, unknown>; state: unknown };
  env: Record<string, string>;
  files: Record<string, string>;
}
export interface Recording {
  workflow: string;
  calls: Recorded[];
}

export function recording(name: string): Recording {
  const file = new URL(`../../fixtures/contract/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as Recording;
}

/** Short waits: a test asks whether something happens, not how long it takes. */
export const shortLimits: Limits = {
  ...defaultLimits,
  stdin: 2_000,
  retry: 5,
  retryMost: 20,
  standby: 5,
  reconnect: 10_000,
  idToken: 300,
  leave: 400,
  lastWords: 50,
  cleanup: 50,
};

export interface Called {
  readonly code: number;
  readonly output: string;
  /** Our own commands, as the runner obeys them; stop-commands and its token left out. */
  readonly commands: readonly Command[];
  /** What is shown in the log. */
  readonly lines: readonly string[];
  /** Text of the response file; undefined: it is gone. */
  readonly response: string | undefined;
}

export interface CallOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly limits?: Partial<Limits>;
  readonly now?: () => number;
  readonly signals?: EventEmitter;
  readonly write?: (text: string) => Promise<void>;
  /** In place of the document. */
  readonly stdin?: Readable;
  /** The runner makes the response file, unless the test has something else in its place. */
  readonly keepResponse?: boolean;
}

/** The hook's state as prepare_job left it: the gate's answer to the session, with waits in seconds. */
export const opened = (more: object = {}): object => ({
  v: 1,
  session,
  identity: 'github',
  reconnect: 10,
  silent: 30,
  ...more,
});

const isFile = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

export class Job {
  readonly home = mkdtempSync(join(tmpdir(), 'job-'));
  readonly env: Record<string, string | undefined>;
  #first: Recorded;
  #step: Recorded;

  constructor(gate: string, issuer: { readonly url: string }, from = recording('run-bash')) {
    const [first, step] = from.calls.map((call) => this.moved(call));
    if (first === undefined || step === undefined) throw new Error('a recording has at least two calls');
    this.#first = first;
    this.#step = step;
    this.env = {
      ...step.env,
      AIRLOCK_GATE: gate,
      AIRLOCK_ID_TOKEN_HOST: '127.0.0.1',
      ACTIONS_ID_TOKEN_REQUEST_URL: issuer.url,
    };
    for (const name of ['GITHUB_OUTPUT', 'GITHUB_STEP_SUMMARY']) this.put(this.env[name] ?? '', '');
  }

  get temp(): string {
    return join(this.home, '_work/_temp');
  }

  /** The recorded paths point into this job's folder. */
  moved<T>(value: T): T {
    return JSON.parse(JSON.stringify(value).replaceAll('/home/runner', this.home)) as T;
  }

  put(path: string, text: string): string {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  }

  read(name: 'GITHUB_OUTPUT' | 'GITHUB_STEP_SUMMARY'): string {
    return readFileSync(this.env[name] ?? '', 'utf8');
  }

  outputs(): Record<string, string> {
    const found: Record<string, string> = {};
    const blocks = /^(\w+)<<(\w+)\n([\s\S]*?)\n\2\n/gm;
    for (const [, name = '', , value = ''] of this.read('GITHUB_OUTPUT').matchAll(blocks)) found[name] = value;
    return found;
  }

  /** prepare_job's document, with changes to its container. */
  prepare(container: object | null = {}, args: object = {}): Recorded['input'] {
    const { input } = structuredClone(this.#first);
    const changed = container === null ? null : { ...(input.args['container'] as object), ...container };
    return { ...input, args: { ...input.args, container: changed, ...args } };
  }

  /** run_script_step's document with a text and variables, of a session that is open. */
  step(text = 'drone build', environmentVariables: Record<string, string> = {}, args: object = {}): Recorded['input'] {
    const { input } = structuredClone(this.#step);
    const [script = ''] = Object.keys(this.#step.files);
    this.put(join(this.temp, script), text);
    const variables = { ...(input.args['environmentVariables'] as object), ...environmentVariables };
    const changed = { ...input.args, environmentVariables: variables, ...args };
    return { ...input, args: changed, state: opened() };
  }

  cleanup(state: unknown = opened()): Recorded['input'] {
    return { command: 'cleanup_job', responseFile: this.#first.input.responseFile, args: {}, state };
  }

  /** Calls the hook in this process. */
  async call(input: unknown, options: CallOptions = {}): Promise<Called> {
    const path = (input as { responseFile?: string } | null)?.responseFile;
    if (typeof path === 'string' && options.keepResponse !== true) this.put(path, '');
    let output = '';
    const code = await run({
      env: { ...this.env, ...options.env },
      stdin: options.stdin ?? Readable.from([Buffer.from(typeof input === 'string' ? input : JSON.stringify(input))]),
      write: async (text) => {
        output += text;
        await options.write?.(text);
      },
      signals: options.signals ?? new EventEmitter(),
      now: options.now ?? (() => performance.now()),
      limits: { ...shortLimits, ...options.limits },
    });
    const { commands, lines } = readAsRunner(output);
    return {
      code,
      output,
      commands: commands.filter(({ name }) => name !== 'stop-commands' && !/^[0-9a-f]{32}$/.test(name)),
      lines,
      response: typeof path === 'string' && isFile(path) ? readFileSync(path, 'utf8') : undefined,
    };
  }

  remove(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** The one annotation of a refused or failed call, as `[code, text]`. Anything else throws. */
export function annotationOf({ code, commands }: Called): [code: string, text: string] {
  const [only, ...more] = commands;
  if (code !== 1 || only?.name !== 'error' || more.length > 0)
    throw new Error(`not one error and exit code 1: ${code} ${JSON.stringify(commands)}`);
  const [, found = '', text = ''] = /^\[airlock ([a-z0-9-]+)\] ([\s\S]+)$/.exec(only.data) ?? [];
  if (only.properties['title'] !== `airlock: ${found}`) throw new Error(`title ${only.properties['title']}`);
  return [found, text];
}
