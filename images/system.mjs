// What a program of a base image needs of its system: shared libraries, certificates, a few names. It is copied out, into
// an image without anything else; so no list of what has to be removed can be incomplete.
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lchownSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

const libraries = ['lib', 'lib64', 'usr/lib', 'usr/lib64'];
/** Below them: those of this machine's kind, and what OpenSSL loads. */
const below = /^(?:[a-z0-9_]+-linux-gnu[a-z0-9]*|ossl-modules)$/;
const shared = /\.so(?:\.|$)/;
/** It starts every other program, so the kernel must be allowed to execute it. */
const loader = /^ld(?:-linux[^/]*|-[0-9.]+)\.so(?:\.|$)/;

/** @param {string} message @returns {never} */
export function stop(message) {
  console.error(`NOT BUILT: ${message}`);
  process.exit(1);
}

/** A copy has no extended attributes, so no capabilities of files. @param {string} from @param {string} to */
export function copy(from, to, mode = 0o444) {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
  chmodSync(to, mode);
}

/** @param {string} from @param {string} to */
function keepLibraries(from, to) {
  for (const { name } of readdirSync(from, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const [here, there] = [join(from, name), join(to, name)];
    const kind = lstatSync(here);
    if (kind.isDirectory()) {
      if (below.test(name)) keepLibraries(here, there);
    } else if (shared.test(name)) {
      mkdirSync(to, { recursive: true });
      if (kind.isSymbolicLink()) symlinkSync(readlinkSync(here), there);
      else if (kind.isFile()) copy(here, there, loader.test(name) ? 0o555 : 0o444);
    }
  }
}

/** The certificates that the base trusts; links between them become files. @param {string} from @param {string} to */
function keepCertificates(from, to) {
  const folder = join(from, 'etc/ssl/certs');
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const here = join(folder, name);
    if (existsSync(here) && statSync(here).isFile()) copy(here, join(to, 'etc/ssl/certs', name));
  }
  const settings = join(from, 'etc/ssl/openssl.cnf');
  mkdirSync(join(to, 'usr/lib/ssl'), { recursive: true });
  if (existsSync(settings)) copy(settings, join(to, 'usr/lib/ssl/openssl.cnf'));
  symlinkSync('/etc/ssl/certs', join(to, 'usr/lib/ssl/certs'));
}

/**
 * @param {string} from root of the base
 * @param {string} to root of the new image; made
 * @param {string} user line of /etc/passwd
 */
export function keepSystem(from, to, user) {
  mkdirSync(to, { recursive: true });
  for (const name of libraries) {
    const here = join(from, name);
    if (!existsSync(here)) continue;
    if (lstatSync(here).isSymbolicLink()) symlinkSync(readlinkSync(here), join(to, name));
    else keepLibraries(here, join(to, name));
  }
  const folders = libraries.map((name) => join(to, name)).filter((name) => existsSync(name));
  if (!folders.some((name) => readdirSync(name, { recursive: true }).some((one) => /(?:^|\/)ld-/.test(String(one)))))
    stop('the base has no ld-linux: only images with glibc (Debian, Ubuntu) are known');
  keepCertificates(from, to);
  const [name, , uid, gid] = user.split(':');
  if (!(Number(uid) > 0)) stop(`the user ${user} is root`);
  mkdirSync(join(to, 'etc'), { recursive: true });
  for (const [path, text] of [
    ['passwd', `root:x:0:0:root:/:/nonexistent\n${user}\n`],
    ['group', `root:x:0:\n${name}:x:${gid}:\n`],
    ['nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n'],
  ])
    writeFileSync(join(to, 'etc', String(path)), String(text));
  // What engines mount over.
  for (const empty of ['dev', 'proc', 'sys', 'run', 'tmp']) mkdirSync(join(to, empty), { recursive: true });
}

/**
 * Root owns everything, nobody may write to it, and every time is the same: two builds of the same parts are equal.
 * @param {string} root @param {number} seconds since the epoch
 */
export function settle(root, seconds) {
  const kind = lstatSync(root);
  if (kind.isDirectory()) {
    for (const name of readdirSync(root)) settle(join(root, name), seconds);
    chmodSync(root, 0o755);
  } else if (kind.isFile()) chmodSync(root, kind.mode & 0o111 ? 0o555 : 0o444);
  else if (!kind.isSymbolicLink()) stop(`${root} is neither a file nor a folder nor a link`);
  lchownSync(root, 0, 0);
  lutimesSync(root, seconds, seconds);
}

/** SOURCE_DATE_EPOCH, or the beginning of time. */
export function sourceDate(text = process.env['SOURCE_DATE_EPOCH'] ?? '0') {
  return /^\d{1,10}$/.test(text) ? Number(text) : stop(`SOURCE_DATE_EPOCH is ${text}; write seconds since 1970`);
}
