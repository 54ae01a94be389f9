// Image archives without any registry: one layer, in the layout of the Open Container Initiative. The same files give
// the same digest, on whatever day and in whatever folder they lie.
import { createHash } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { imageTarball } from '../docker/engine/image.mjs';
import { must } from './run.mjs';
import { pauseImage } from './settings.mjs';

const stable = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner'];
const vendor = 'application/vnd.oci.image';

/** The image with this machine's node, and busybox's programs beside it. */
export const nodeImage = 'airlock.test/node:local';

/**
 * @typedef {object} ImageSource
 * @property {string} name    such as `airlock.test/gate:local`
 * @property {string} [root]  a folder that becomes the whole file system, or
 * @property {string} [layer] a tarball that does
 * @property {Readonly<Record<string, unknown>>} [config]  Env, Cmd, Entrypoint, User, WorkingDir
 */

/** @param {string} path */
async function digestOf(path) {
  const hash = createHash('sha256');
  for await (const part of createReadStream(path)) hash.update(part);
  return hash.digest('hex');
}

/**
 * Writes the archive and answers the digest of the image.
 * @param {ImageSource} source
 * @param {string} file
 * @returns {Promise<string>} sha256:…
 */
export async function buildImage({ name, root, layer, config = {} }, file) {
  mkdirSync(dirname(file), { recursive: true });
  const work = mkdtempSync(`${file}-`);
  const blobs = join(work, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  /** @param {string} type @param {string} path of a file that may be moved */
  const keep = async (type, path) => {
    const { size } = statSync(path);
    const digest = await digestOf(path);
    renameSync(path, join(blobs, digest));
    return { mediaType: `${vendor}.${type}`, digest: `sha256:${digest}`, size };
  };
  const part = join(work, 'part');
  /** @param {string} type @param {object} value */
  const keepJson = (type, value) => {
    writeFileSync(part, JSON.stringify(value));
    return keep(type, part);
  };
  try {
    if (layer !== undefined) await copyFile(layer, part);
    else await must(['tar', ...stable, '-C', root ?? '', '-cf', part, '.']);
    const only = await keep('layer.v1.tar', part);
    const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
    const rootfs = { type: 'layers', diff_ids: [only.digest] };
    const described = await keepJson('config.v1+json', { architecture, os: 'linux', config, rootfs });
    const manifest = await keepJson('manifest.v1+json', {
      schemaVersion: 2,
      mediaType: `${vendor}.manifest.v1+json`,
      config: described,
      layers: [only],
    });
    const annotations = {
      'io.containerd.image.name': name,
      'org.opencontainers.image.ref.name': name.slice(name.lastIndexOf(':') + 1),
    };
    writeFileSync(join(work, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    writeFileSync(
      join(work, 'index.json'),
      JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }),
    );
    await must(['tar', ...stable, '-C', work, '-cf', join(work, 'tar'), 'oci-layout', 'index.json', 'blobs']);
    renameSync(join(work, 'tar'), file);
    return manifest.digest;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * The archives that every cluster has, kept beside what they are made of.
 * @param {string} pause  path of the program
 * @returns {Promise<{ pause: string, node: string }>} paths
 */
export async function ownImages(pause) {
  const tarball = imageTarball();
  const node = tarball.replace(/\.tar$/, '.oci-1.tar');
  if (!existsSync(node))
    await buildImage({ name: nodeImage, layer: tarball, config: { Env: ['PATH=/usr/bin:/bin'], Cmd: ['node'] } }, node);
  const sandbox = `${pause}.oci-1.tar`;
  if (!existsSync(sandbox)) {
    const layer = `${pause}.layer-${process.pid}`;
    await must(['tar', ...stable, '-C', dirname(pause), '-cf', layer, 'pause']);
    await buildImage({ name: pauseImage, layer, config: { Entrypoint: ['/pause'] } }, sandbox);
    rmSync(layer);
  }
  return { pause: sandbox, node };
}
