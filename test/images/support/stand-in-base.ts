// A stand-in for the official image of actions-runner: its layout, with small programs in place of the runner's and this
// machine's node. It shows that what must go is gone and that the rest starts; it cannot show that the real runner does.

import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildImage } from './build.ts';

const listener = fileURLToPath(new URL('stand-in-listener.mjs', import.meta.url));
const program = '#!/home/runner/externals/node20/bin/node\n';
/** node24 of the stand-in: a program that does with its first argument what node would. */
const otherNode = `${program}process.argv.splice(1, 1);\nrequire(process.argv[1]);\n`;

/** Path to content; a program when it begins like one. */
const layout: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['run.sh', 'config.sh', 'env.sh', 'safe_sleep.sh', 'bin/installdependencies.sh', 'bin/runsvc.sh'].map((name) => [
      name,
      '#!/bin/bash\n',
    ]),
  ),
  'run-helper.sh.template': '#!/bin/bash\n',
  'k8s/index.js': 'not ours\n',
  'k8s-novolume/index.js': 'not ours\n',
  '.bashrc': '',
  'bin/Runner.Worker': program,
  'bin/Runner.PluginHost': program,
  'bin/createdump': program,
  'bin/RunnerService.js': '',
  'bin/macos-run-invoker.js': '',
  'bin/hashFiles/index.js': '',
  'bin/checkScripts/downloadCert.js': '',
  'bin/update.sh.template': '',
  'bin/systemd.svc.sh.template': '',
  'bin/en-US/strings.json': '{}',
  'bin/libcoreclr.so': '',
  'bin/System.Native.a': '',
  ...Object.fromEntries(
    ['Common', 'Listener', 'Sdk', 'Worker', 'Plugins', 'PluginHost'].flatMap((name) => [
      [`bin/Runner.${name}.dll`, ''],
      [`bin/Runner.${name}.pdb`, ''],
      [`bin/Runner.${name}.deps.json`, '{}'],
    ]),
  ),
  'bin/Runner.Listener.runtimeconfig.json': '{}',
  'bin/Runner.PluginHost.runtimeconfig.json': '{}',
  'bin/System.Private.CoreLib.dll': '',
  'externals/node24/bin/node': otherNode,
  'externals/node20_alpine/bin/node': '',
  'externals/node24_alpine/bin/node': '',
};

const tools = ['tar', 'git', 'docker', 'sudo', 'curl', 'bash'];

const dockerfile = `
ARG FROM
FROM $\{FROM}
COPY tools /usr/bin/
COPY --chown=1001:123 runner /home/runner/
RUN ["node", "-e", "${[
  "const fs = require('fs')",
  "fs.mkdirSync('/home/runner/externals/node20/bin', { recursive: true })",
  "fs.copyFileSync('/usr/bin/node', '/home/runner/externals/node20/bin/node')",
  "fs.chmodSync('/usr/bin/sudo', 0o4755)",
].join('; ')}"]
USER 1001
WORKDIR /home/runner
`;

function write(path: string, text: string, executable: boolean): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, executable ? 0o755 : 0o644);
}

/**
 * @param image one with node at /usr/bin/node
 * @param more files of /home/runner beside the official ones
 * @returns the image's id
 */
export async function standInBase(
  { socket, image }: { readonly socket: string; readonly image: string },
  more: Readonly<Record<string, string>> = {},
): Promise<string> {
  const context = mkdtempSync(join(tmpdir(), 'airlock-base-'));
  try {
    for (const [name, text] of Object.entries({ ...layout, ...more }))
      write(join(context, 'runner', name), text, text.startsWith('#!'));
    // Packed by NuGet, libraries come executable.
    chmodSync(join(context, 'runner/bin/System.Private.CoreLib.dll'), 0o744);
    copyFileSync(listener, join(context, 'runner/bin/Runner.Listener'));
    chmodSync(join(context, 'runner/bin/Runner.Listener'), 0o755);
    for (const name of tools) write(join(context, 'tools', name), program, true);
    write(join(context, 'Dockerfile'), dockerfile, false);
    return await buildImage(socket, { context, dockerfile: 'Dockerfile', args: { FROM: image } });
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}
