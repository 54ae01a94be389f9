// The operator's program, `airlock gate`, as a process that can be killed and started again over the same ledger.

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { request } from 'node:http';
import { plainEnv } from '../support/run.ts';

export interface GateArguments {
  /** The built program. */
  readonly cli: string;
  readonly policy: string;
  readonly ledger: string;
  readonly audit: string;
  readonly engine: string;
  readonly network: string;
  readonly sockets: Readonly<Record<string, string>>;
  readonly log: string;
}

export interface GateProcess {
  pids(): number[];
  /** Also after it was killed. */
  start(): void;
  /** Resolves when it takes calls. @throws {Error} it ended by itself, or not within `ms` */
  serving(ms: number): Promise<void>;
  /** How it ended although nobody killed it; null: it lives, or it was killed. */
  fault(): string | null;
  close(): Promise<void>;
}

/** 404 is the answer of a gate that is the holder: there is no such session. */
function serves(socketPath: string): Promise<boolean> {
  return new Promise((done) => {
    const path = `/v1/sessions/${'0'.repeat(32)}/challenge`;
    const call = request({ socketPath, method: 'POST', path, agent: false, timeout: 5_000 }, (answer) => {
      answer.resume().on('end', () => done(answer.statusCode === 404 || answer.statusCode === 403));
    });
    call.on('timeout', () => call.destroy()).on('error', () => done(false));
    call.end('{}');
  });
}

export function gateProcess({ cli, sockets, log, ...files }: GateArguments): GateProcess {
  let child: ChildProcess | null = null;
  const [first = ''] = Object.values(sockets);
  const args = Object.entries(files).flatMap(([name, value]) => [`--${name}`, value]);
  const named = Object.entries(sockets).flatMap(([name, path]) => ['--socket', `${name}=${path}`]);

  const fault = (): string | null => {
    if (child === null || child.signalCode !== null || child.exitCode === null) return null;
    return `the gate ended by itself with exit code ${child.exitCode}`;
  };
  return {
    pids: () => (child?.pid === undefined ? [] : [child.pid]),
    start() {
      const out = openSync(log, 'a');
      child = spawn(process.execPath, [cli, 'gate', ...args, ...named, '--log-level', 'info'], {
        stdio: ['ignore', out, out],
        env: plainEnv(),
      });
      closeSync(out);
    },
    async serving(ms) {
      const until = Date.now() + ms;
      while (!(await serves(first))) {
        const ended = fault();
        if (ended !== null) throw new Error(ended);
        if (Date.now() > until) throw new Error(`the gate takes no call within ${ms} ms`);
        await new Promise((done) => setTimeout(done, 200));
      }
    },
    fault,
    async close() {
      const ending = child;
      child = null;
      if (ending === null || ending.exitCode !== null || ending.signalCode !== null) return;
      ending.kill('SIGKILL');
      await new Promise((done) => ending.once('exit', done));
    },
  };
}
