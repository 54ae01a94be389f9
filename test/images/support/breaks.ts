// What is put back into a runner's image, one thing at a time, and the promise that it breaks.

import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

interface File {
  readonly path: string;
  /** Absent: a folder. */
  readonly content?: string;
  readonly mode?: number;
  readonly owner?: number;
}

interface Break {
  /** Begin of the promise that no longer holds. */
  readonly promise: string;
  /** What the line names. */
  readonly named: string;
  readonly file?: File;
  readonly env?: readonly string[];
  readonly host?: object;
  readonly user?: string;
}

const home = 'home/runner';
export const breaks: readonly Break[] = [
  { promise: 'the image can be looked at whole', named: '/root', file: { path: 'root', mode: 0o700 } },
  { promise: 'the user is 1001', named: 'id 0', user: '1001:0' },
  { promise: 'the user is 1001', named: 'id 123', host: { GroupAdd: ['123'] } },
  { promise: 'nothing can be executed', named: '/opt/helper', file: { path: 'opt/helper', content: 'x', mode: 0o755 } },
  {
    promise: 'the runner and its two nodes',
    named: 'Runner.Worker',
    file: { path: `${home}/bin/Runner.Worker`, content: '' },
  },
  { promise: 'there is no tar', named: '/usr/bin/tar', file: { path: 'usr/bin/tar', content: '' } },
  { promise: 'there is no tar', named: '/bin/bash', file: { path: 'bin/bash', content: '' } },
  {
    promise: 'the host process of plugins',
    named: 'Runner.PluginHost.dll',
    file: { path: `${home}/bin/Runner.PluginHost.dll`, content: '' },
  },
  {
    promise: 'hashFiles is gone',
    named: 'bin/hashFiles',
    file: { path: `${home}/bin/hashFiles/index.js`, content: '' },
  },
  { promise: 'no scripts, hooks or services', named: 'run.sh', file: { path: `${home}/run.sh`, content: '' } },
  { promise: 'no file changes user or group', named: '/opt/su', file: { path: 'opt/su', content: '', mode: 0o4444 } },
  { promise: 'root owns everything', named: '/opt/theirs', file: { path: 'opt/theirs', content: '', owner: 1001 } },
  {
    promise: 'nobody but root may write',
    named: '/opt/open',
    file: { path: 'opt/open', content: '', mode: 0o666 },
  },
  {
    promise: 'the install folder cannot be written',
    named: '/home/runner/hook/new',
    file: { path: `${home}/hook`, mode: 0o777 },
  },
  {
    promise: 'the install folder cannot be written',
    named: 'hook/index.js',
    file: { path: `${home}/hook/index.js`, content: '', mode: 0o666 },
  },
  { promise: 'PATH is one folder', named: 'PATH=', env: ['PATH=/home/runner/path:/usr/bin'] },
  { promise: 'PATH is one folder', named: 'path/git', file: { path: `${home}/path/git`, content: '' } },
  { promise: 'PATH is one folder', named: 'content', file: { path: `${home}/path/sh`, content: '#!/bin/sh\n' } },
  { promise: 'the runner calls the hook', named: 'HOOKS=/x.js', env: ['ACTIONS_RUNNER_CONTAINER_HOOKS=/x.js'] },
  {
    promise: 'the runner calls the hook',
    named: 'REQUIRE_JOB_CONTAINER=false',
    env: ['ACTIONS_RUNNER_REQUIRE_JOB_CONTAINER=false'],
  },
  { promise: 'no variable changes', named: 'DOTNET_STARTUP_HOOKS', env: ['DOTNET_STARTUP_HOOKS=/x.dll'] },
  { promise: 'no variable changes', named: 'DOTNET_EnableDiagnostics', env: ['DOTNET_EnableDiagnostics=1'] },
  {
    promise: 'the hook is CommonJS',
    named: 'module',
    file: { path: `${home}/hook/package.json`, content: '{"type":"module"}' },
  },
  {
    promise: 'the hook is CommonJS',
    named: 'node24',
    file: { path: `${home}/hook/index.js`, content: 'throw new Error();' },
  },
  { promise: 'what the runner writes', named: '.runner', file: { path: `${home}/.runner`, content: '' } },
  { promise: 'there is a place', named: '/home/runner/_state', file: { path: `${home}/_state`, content: '' } },
  { promise: 'the image holds no credential', named: '.env', file: { path: `${home}/.env`, content: 'A=b' } },
  { promise: 'the image holds no credential', named: 'GITHUB_TOKEN', env: ['GITHUB_TOKEN=x'] },
];

/** An archive with one file in it, and the folders above. */
export function archive({ path, content, mode = 0o444, owner = 0 }: File): ChildProcess {
  const folder = mkdtempSync(join(tmpdir(), 'airlock-put-'));
  const at = join(folder, path);
  mkdirSync(content === undefined ? at : dirname(at), { recursive: true });
  if (content !== undefined) writeFileSync(at, content);
  chmodSync(at, mode);
  const above = path.split('/').map((_, index, parts) => parts.slice(0, index + 1).join('/'));
  const owners = [`--owner=${owner}`, `--group=${owner}`, '--numeric-owner', '--no-recursion'];
  const child = spawn('tar', ['-C', folder, ...owners, '-c', ...above], { stdio: ['ignore', 'pipe', 'inherit'] });
  child.once('close', () => rmSync(folder, { recursive: true, force: true }));
  return child;
}
