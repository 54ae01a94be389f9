// A node image without any registry: this machine's node, the libraries that it loads, and a static busybox if there
// is one. The tarball is kept outside the work tree, under a key of everything that goes into it.
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { request } from 'node:http';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';

/** Changes whenever the way in which the tree is laid out does. */
const recipe = 2;
const applets = ['sh', 'cat', 'env', 'id', 'ls', 'sleep', 'wget'];

function cacheFolder() {
  const configured = process.env['XDG_CACHE_HOME'];
  const base = configured?.startsWith('/') ? configured : join(tmpdir(), `cache-${userInfo().uid}`);
  return join(base, 'airlock');
}

/** Where each file of the image comes from: [here, there]. @returns {[string, string][]} */
function parts() {
  const node = realpathSync(process.execPath);
  const libraries = execFileSync('ldd', [node], { encoding: 'utf8' }).match(/\/\S+/g) ?? [];
  const busybox = ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path));
  return [
    [node, 'usr/bin/node'],
    ...libraries.map((path) => /** @type {[string, string]} */ ([path, path.slice(1)])),
    ...(busybox === undefined ? [] : [/** @type {[string, string]} */ ([busybox, 'bin/busybox'])]),
  ];
}

/** @param {[string, string][]} files */
function keyOf(files) {
  const hash = createHash('sha256').update(`${recipe}\n`);
  for (const [here, there] of files) {
    const { size, mtimeMs } = statSync(here);
    hash.update(`${there} ${realpathSync(here)} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex').slice(0, 24);
}

/** The path of the tarball; made at the first call on a machine. */
export function imageTarball() {
  const files = parts();
  const tarball = join(cacheFolder(), `node-image-${keyOf(files)}.tar`);
  if (existsSync(tarball)) return tarball;
  mkdirSync(dirname(tarball), { recursive: true, mode: 0o700 });
  const tree = mkdtempSync(`${tarball}-`);
  try {
    for (const folder of ['bin', 'etc', 'tmp', 'dev/shm', 'proc', 'sys'])
      mkdirSync(join(tree, 'root', folder), { recursive: true });
    chmodSync(join(tree, 'root', 'tmp'), 0o1777);
    for (const [here, there] of files) {
      const to = join(tree, 'root', there);
      mkdirSync(dirname(to), { recursive: true });
      copyFileSync(here, to);
      chmodSync(to, 0o755);
    }
    if (existsSync(join(tree, 'root/bin/busybox')))
      for (const name of applets) symlinkSync('busybox', join(tree, 'root/bin', name));
    const same = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner'];
    execFileSync('tar', ['-C', join(tree, 'root'), ...same, '-cf', join(tree, 'tar'), '.']);
    // A rename: another process may do the same just now, and whoever finds the file finds it whole.
    renameSync(join(tree, 'tar'), tarball);
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
  return tarball;
}

/**
 * Imports the image and answers its id, `sha256:…`. Engine 20.10 gives imports no digest.
 * @param {string} socket
 * @param {readonly string[]} [changes] lines of a Dockerfile (ENV, VOLUME …)
 * @returns {Promise<string>}
 */
export function importImage(socket, changes = []) {
  const name = `airlock-test-${randomBytes(6).toString('hex')}`;
  const query = new URLSearchParams({ fromSrc: '-', repo: name });
  for (const line of ['ENV PATH=/usr/bin:/bin', ...changes]) query.append('changes', line);
  return new Promise((done, fail) => {
    const options = { socketPath: socket, method: 'POST', path: `/images/create?${query.toString()}`, agent: false };
    const call = request({ ...options, headers: { 'content-type': 'application/x-tar' } }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      answer.on('end', () => {
        const id = /sha256:[0-9a-f]{64}/.exec(text)?.[0];
        if (answer.statusCode === 200 && id !== undefined) done(id);
        else fail(new Error(`the image could not be imported: ${answer.statusCode} ${text}`));
      });
    });
    call.on('error', fail);
    createReadStream(imageTarball()).on('error', fail).pipe(call);
  });
}
