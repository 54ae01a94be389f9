// The Helm chart as it is released: deploy/helm/airlock with the managed script inside, since a chart can read only files
// of its own. The folder for people, the archive for `helm install`; the same sources give the same bytes on any day.
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { root } from './install.mjs';

const source = join(root, 'deploy/helm/airlock');
const block = 512;

/** @param {Buffer} header @param {number} at @param {number} length @param {number} value */
const octal = (header, at, length, value) => header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at);

/** One file of a ustar archive: without owner, without time. @param {string} name @param {Buffer} bytes */
function entry(name, bytes) {
  if (Buffer.byteLength(name) > 99) throw new Error(`${name}: too long a name for the archive`);
  const header = Buffer.alloc(block);
  header.write(name, 0);
  octal(header, 100, 8, 0o644);
  octal(header, 108, 8, 0);
  octal(header, 116, 8, 0);
  octal(header, 124, 12, bytes.length);
  octal(header, 136, 12, 0);
  header.write(' '.repeat(8), 148);
  header.write('0ustar\u000000', 156);
  const sum = header.reduce((all, byte) => all + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, bytes, Buffer.alloc((block - (bytes.length % block)) % block)]);
}

/** @param {string} folder @returns {string[]} paths of files inside it, sorted */
const filesOf = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name).slice(folder.length + 1))
    .sort();

/** @param {string} folder @param {string} name  of the folder inside the archive */
function archive(folder, name) {
  const entries = filesOf(folder).map((path) => entry(`${name}/${path}`, readFileSync(join(folder, path))));
  return gzipSync(Buffer.concat([...entries, Buffer.alloc(2 * block)]), { level: 9 });
}

/**
 * @param {string} to      folder for `airlock/` and `airlock-VERSION.tgz`; what is there of them is replaced
 * @param {string} script  the managed script, as the build made it
 * @returns {{ folder: string, archive: string }} paths
 */
export function packChart(to, script) {
  const version = /^version: (\S+)$/m.exec(readFileSync(join(source, 'Chart.yaml'), 'utf8'))?.[1];
  if (version === undefined) throw new Error('Chart.yaml names no version');
  const made = { folder: join(to, 'airlock'), archive: join(to, `airlock-${version}.tgz`) };
  const aside = `${made.folder}-${process.pid}`;
  mkdirSync(dirname(aside), { recursive: true });
  cpSync(source, aside, { recursive: true });
  mkdirSync(join(aside, 'files'), { recursive: true });
  writeFileSync(join(aside, 'files/cell.js'), script);
  rmSync(made.folder, { recursive: true, force: true });
  renameSync(aside, made.folder);
  writeFileSync(`${made.archive}-${process.pid}`, archive(made.folder, 'airlock'));
  renameSync(`${made.archive}-${process.pid}`, made.archive);
  return made;
}
