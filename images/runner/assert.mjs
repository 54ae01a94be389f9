// Looks at a runner's image from inside, with nothing but the node that is in it, and prints a line for each promise:
//
//   docker run -i --rm --network none --read-only --entrypoint /home/runner/externals/node20/bin/node IMAGE \
//     --input-type=module - < images/runner/assert.mjs
//
// Exit code 1 if one does not hold.
import { spawnSync } from 'node:child_process';
import { lstatSync, openSync, readFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const home = '/home/runner';
const hook = `${home}/hook/index.js`;
const runner = ['Runner.Listener', 'Runner.Worker'].map((name) => `${home}/bin/${name}`);
const nodes = ['node20', 'node24'].map((name) => `${home}/externals/${name}/bin/node`);
const loader = /^\/(?:usr\/)?lib(?:64|\/[a-z0-9_]+-linux-gnu[a-z0-9]*)?\/ld(?:-linux[^/]*|-[0-9.]+)\.so[.0-9]*$/;
/** What attackers look for; the list of what may be executed rules them out already, their names rule out mistakes. */
const tools =
  /^(?:tar|bsdtar|git|docker|dockerd|sudo|su|doas|bash|dash|ash|zsh|busybox|toybox|curl|wget|perl|python[\d.]*|npm|npx|apt|apt-get|dpkg|gpg|ssh|jq|unzip)$/;
/** Engines put them there, empty, where they mount or mark something. */
const engines = ['/.dockerenv', '/etc/hosts', '/etc/hostname', '/etc/resolv.conf'];
const writable = ['_work', '_diag', '_state'].map((name) => join(home, name)).concat('/tmp');

/** @type {Map<string, import('node:fs').Stats>} every file of the image, by path */
const files = new Map();
// What is mounted over the image is not the image's.
const mounted = new Set(
  readFileSync('/proc/self/mountinfo', 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(' ')[4])
    .filter((path) => path !== '/'),
);
/** @param {string} path */
function look(path) {
  if (mounted.has(path)) return;
  const stat = lstatSync(path);
  files.set(path, stat);
  if (!stat.isDirectory()) return;
  let names;
  try {
    names = readdirSync(path);
  } catch {
    throw new Error(`${path} cannot be listed`);
  }
  for (const name of names) look(join(path, name));
}

let failed = false;
/** @param {string} promise @param {() => string[]} wrong what is against it */
function assert(promise, wrong) {
  let found;
  try {
    found = wrong();
  } catch (error) {
    found = [error instanceof Error ? error.message : String(error)];
  }
  failed ||= found.length > 0;
  const more = found.length > 5 ? ` and ${found.length - 5} more` : '';
  console.log(found.length === 0 ? `ok      ${promise}` : `BROKEN  ${promise}: ${found.slice(0, 5).join(', ')}${more}`);
}

/** @param {(path: string, stat: import('node:fs').Stats) => boolean} fits */
const those = (fits) => [...files].filter(([path, stat]) => fits(path, stat)).map(([path]) => path);
/** @param {string} path */
const nameOf = (path) => path.slice(path.lastIndexOf('/') + 1);
/** @param {string} path */
const sizeOf = (path) => files.get(path)?.size;

assert('the image can be looked at whole', () => {
  look('/');
  return [];
});
assert('the user is 1001:1001, in no other group', () => {
  const ids = [process.getuid, process.geteuid, process.getgid, process.getegid, process.getgroups].flatMap(
    (ask) => ask?.() ?? [],
  );
  return ids.filter((id) => id !== 1001).map((id) => `id ${id}`);
});
assert('nothing can be executed but the runner, its two nodes and the loader of programs', () =>
  those(
    (path, stat) =>
      !stat.isDirectory() &&
      !stat.isSymbolicLink() &&
      (stat.mode & 0o111) !== 0 &&
      ![...runner, ...nodes].includes(path) &&
      !(engines.includes(path) && stat.size === 0) &&
      !loader.test(path),
  ),
);
assert('the runner and its two nodes are there', () =>
  [...runner, ...nodes].filter((path) => ((files.get(path)?.mode ?? 0) & 0o111) !== 0o111),
);
assert('there is no tar, git, docker, sudo, shell, or other tool', () =>
  those((path, stat) => !stat.isDirectory() && tools.test(nameOf(path))),
);
assert('the host process of plugins is gone: Runner.PluginHost, Runner.Plugins', () =>
  those((path) => /^Runner\.Plugin/i.test(nameOf(path))),
);
assert('hashFiles is gone', () => those((path) => /^hashFiles/i.test(nameOf(path))));
assert('no scripts, hooks or services of the base are left', () =>
  those((path) => /\.(?:sh|cmd|ps1|template)$|^k8s/.test(nameOf(path))),
);
assert('no file changes user or group when it is executed', () => those((_, stat) => (stat.mode & 0o6000) !== 0));
assert('root owns everything', () => those((_, stat) => stat.uid !== 0 || stat.gid !== 0));
assert('nobody but root may write to anything', () =>
  those((_, stat) => !stat.isSymbolicLink() && (stat.mode & 0o022) !== 0),
);
assert('the install folder cannot be written by the runner', () => {
  const refused = new Set(['EACCES', 'EROFS', 'EPERM']);
  /** @param {string} path @param {() => void} write */
  const written = (path, write) => {
    try {
      write();
      return [path];
    } catch (error) {
      const { code = '' } = /** @type {NodeJS.ErrnoException} */ (error);
      return refused.has(code) ? [] : [`${path}: ${code}`];
    }
  };
  const added = [home, `${home}/bin`, `${home}/hook`, `${home}/path`].map((folder) => `${folder}/new`);
  return [
    ...added.flatMap((path) => written(path, () => writeFileSync(path, '', { flag: 'wx' }))),
    ...[...runner, ...nodes, hook].flatMap((path) => written(path, () => void openSync(path, 'r+'))),
  ];
});
assert('PATH is one folder, with an empty sh in it that cannot be started', () => {
  const folder = `${home}/path`;
  if (process.env.PATH !== folder) return [`PATH=${process.env.PATH}`];
  const entries = readdirSync(folder);
  if (entries.join() !== 'sh') return entries.map((name) => `${folder}/${name}`);
  return sizeOf(`${folder}/sh`) === 0 ? [] : ['sh has content'];
});
assert('the runner calls the hook, and only jobs in a container are taken', () =>
  Object.entries({ ACTIONS_RUNNER_CONTAINER_HOOKS: hook, ACTIONS_RUNNER_REQUIRE_JOB_CONTAINER: 'true' })
    .filter(([name, value]) => process.env[name] !== value)
    .map(([name]) => `${name}=${process.env[name]}`),
);
assert('no variable changes how programs are loaded, and .NET opens no door for debuggers', () =>
  Object.keys(process.env)
    .filter((name) => /^(?:LD_|NODE_|DOTNET_|COMPlus_|CORECLR_|ACTIONS_RUNNER_HOOK_)/i.test(name))
    .filter((name) => name !== 'DOTNET_EnableDiagnostics')
    .concat(process.env.DOTNET_EnableDiagnostics === '0' ? [] : ['DOTNET_EnableDiagnostics']),
);
assert('the hook is CommonJS, and both nodes start it', () => {
  const { type } = /** @type {{ type?: unknown }} */ (JSON.parse(readFileSync(`${home}/hook/package.json`, 'utf8')));
  if (type !== 'commonjs') return [`"type": ${JSON.stringify(type)}`];
  return nodes.flatMap((node) => {
    const { status, stdout } = spawnSync(node, [hook], { input: '{}', encoding: 'utf8', timeout: 60_000 });
    return status === 1 && stdout.startsWith('::error title=airlock') ? [] : [`${node} ends with ${status}`];
  });
});
assert('what the runner writes of its configuration lands in _state', () =>
  ['.runner', '.credentials', '.credentials_rsaparams'].filter((name) => {
    const path = join(home, name);
    return !files.get(path)?.isSymbolicLink() || readlinkSync(path) !== `_state/${name}`;
  }),
);
assert('there is a place for each folder in memory, and for the socket', () =>
  [...writable, '/run/airlock'].filter((path) => !mounted.has(path) && files.get(path)?.isDirectory() !== true),
);
assert('the image holds no credential', () =>
  those(
    (path, stat) =>
      /^\.(?:env|path|netrc|npmrc|docker|ssh|aws)$|\.(?:key|p12|pfx)$/.test(nameOf(path)) && !stat.isSymbolicLink(),
  ).concat(Object.keys(process.env).filter((name) => /TOKEN|SECRET|PASSWORD|PRIVATE|JITCONFIG/i.test(name))),
);
process.exitCode = failed ? 1 : 0;
