// What becomes of each file in bin of a release of the runner.

import { expect, it } from 'vitest';
import { fate, leftBehind } from '../../images/runner/layout.mjs';

const plain = { executable: false, head: Buffer.from('{}') };
const elf = { executable: true, head: Buffer.from('\x7fELF') };
const shell = { executable: true, head: Buffer.from('#!/b') };

it.each(['Runner.Listener', 'Runner.Worker'])('%s is a program', (name) => {
  expect(fate({ name, ...elf })).toBe('program');
});

it.each([
  'Runner.Listener.dll',
  'Runner.Worker.deps.json',
  'Runner.Worker.runtimeconfig.json',
  'Runner.Common.dll',
  'Runner.Sdk.dll',
  'Sdk.dll',
  'System.Private.CoreLib.dll',
  'Newtonsoft.Json.dll',
  'libcoreclr.so',
  'libSystem.Native.so',
  'en-US/strings.json',
])('%s is kept, and cannot be executed', (name) => {
  expect(fate({ name, ...plain })).toBe('data');
  if (/\.(?:dll|so)$/.test(name)) expect(fate({ name, ...elf })).toBe('data');
});

it.each([
  'Runner.PluginHost',
  'Runner.PluginHost.dll',
  'Runner.PluginHost.runtimeconfig.json',
  'Runner.Plugins.dll',
  'hashFiles/index.js',
  'checkScripts/makeWebRequest.js',
  'createdump',
  'installdependencies.sh',
  'runsvc.sh',
  'RunnerService.js',
  'macos-run-invoker.js',
  'update.sh.template',
  'systemd.svc.sh.template',
  'actions.runner.plist.template',
  'Runner.Worker.pdb',
])('%s is left out', (name) => {
  for (const kind of [plain, elf, shell]) expect(fate({ name, ...kind })).toBe('stripped');
});

it.each([
  ['a part of the runner', 'Runner.Courier', plain],
  ['a library of a new part', 'Runner.Courier.dll', plain],
  ['an application of .NET', 'Courier.runtimeconfig.json', plain],
  ['a program', 'courier', elf],
  ['a program that is not marked as one', 'courier.bin', { ...elf, executable: false }],
  ['a script', 'courier', { ...shell, executable: false }],
  ['a script by its name', 'courier.js', plain],
  ['a script in a folder', 'en-US/courier.sh', plain],
  ['a file that may be executed', 'strings.json', { ...plain, executable: true }],
  ['a name that only begins like a known one', 'createdump2', elf],
  ['a name that only ends like a known one', 'x/createdump', elf],
] as const)('%s that nobody has looked at ends the build: %s', (_, name, kind) => {
  expect(fate({ name, ...kind })).toBe('unknown');
});

it.each(['run.sh', 'config.sh', 'env.sh', 'safe_sleep.sh', 'run-helper.sh.template', 'k8s', 'k8s-novolume', '.bashrc'])(
  '%s beside bin is known and stays behind',
  (name) => {
    expect(leftBehind.test(name)).toBe(true);
  },
);

it.each(['k9s', 'run.sh.exe', 'courier', 'bin2'])('%s beside bin is not known', (name) => {
  expect(leftBehind.test(name)).toBe(false);
});
