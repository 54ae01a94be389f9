// An image with node, without any registry: one that is on the machine already, else one of this machine's own node and
// the libraries that it loads. A made image is kept, under a name with a key of its content, so that the next run has it.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { promisify } from 'node:util';
import { imageAnswer, read } from '../../gate/cells/docker/answers.ts';
import type { Engine } from './engine.ts';
import { type TarEntry, tar } from './tar.ts';
import { Unavailable } from './unavailable.ts';

export interface NodeImage {
  /** `sha256:…` */
  readonly id: string;
  /** What it is called, for a person. */
  readonly name: string;
  /** It was made just now, and is kept. */
  readonly made: boolean;
  readonly variables: readonly string[];
}

/** Changes whenever the way in which the tree is laid out does. */
const recipe = 1;
const repository = 'airlock-try-node';
/** What the engine calls an image that has lost its name to a newer one. */
const untagged = '<none>:<none>';
/** How many of the machine's images are looked at. */
const maxLooked = 100;
const architectures = new Map([
  ['x64', 'amd64'],
  ['arm64', 'arm64'],
]);

/** Official images of node say their version in a variable; null: not to be used for a cell. */
async function asNodeImage(engine: Engine, reference: string, name: string): Promise<NodeImage | null> {
  const seen = await engine.find(`/images/${reference}/json`);
  if (seen === null) return null;
  const { Id, Config } = read(imageAnswer, seen, 'image');
  if (Object.keys(Config.Volumes ?? {}).length > 0) return null;
  return { id: Id, name, made: false, variables: Config.Env ?? [] };
}

/** NODE_VERSION of 20 or newer. */
function isRecent({ variables }: NodeImage): boolean {
  const version = variables.find((one) => one.startsWith('NODE_VERSION='))?.slice('NODE_VERSION='.length);
  return version !== undefined && /^v?\d{2}\./.test(version) && Number.parseInt(version.replace('v', ''), 10) >= 20;
}

interface Listed {
  readonly Id?: string;
  readonly RepoTags?: readonly string[] | null;
}

/** The first local image that says it has node 20 or newer. */
export async function findNodeImage(engine: Engine): Promise<NodeImage | null> {
  const listed = (await engine.call('GET', '/images/json')) as readonly Listed[];
  for (const { Id, RepoTags } of listed.slice(0, maxLooked)) {
    const [name] = RepoTags ?? [];
    if (Id === undefined || name === undefined || name === untagged || !/^sha256:[0-9a-f]{64}$/.test(Id)) continue;
    const image = await asNodeImage(engine, Id, name);
    if (image !== null && isRecent(image)) return image;
  }
  return null;
}

async function entries(): Promise<TarEntry[]> {
  const node = await realpath(process.execPath);
  // A node without shared libraries makes ldd fail; it needs none.
  const { stdout } = await promisify(execFile)('ldd', [node], { timeout: 10_000 }).catch(() => ({ stdout: '' }));
  const libraries = [...new Set(stdout.match(/\/[^\s()]+/g) ?? [])].filter((path) => path !== node);
  return [
    { name: 'tmp/', mode: 0o1777 },
    ...['dev/', 'etc/', 'proc/', 'sys/'].map((name) => ({ name, mode: 0o755 })),
    { name: 'usr/bin/node', from: node, mode: 0o755 },
    ...libraries.map((path) => ({ name: path.slice(1), from: path, mode: 0o755 })),
  ];
}

async function keyOf(all: readonly TarEntry[]): Promise<string> {
  const hash = createHash('sha256').update(`${recipe}\n`);
  for (const { name, from } of all) {
    hash.update(`${name}\n`);
    if (from !== undefined) for await (const part of createReadStream(from)) hash.update(part as Buffer);
  }
  return hash.digest('hex').slice(0, 16);
}

/**
 * The kept image of this machine's node; made when it is not there.
 * @throws {Unavailable} this node cannot run in a container of that engine
 */
export async function makeNodeImage(engine: Engine): Promise<NodeImage> {
  if (process.platform !== 'linux' || engine.os !== 'linux' || architectures.get(process.arch) !== engine.arch)
    throw new Unavailable(
      `the Docker engine has no image with node, and this machine's node (${process.platform} ${process.arch}) does not run in its containers (${engine.os} ${engine.arch})`,
    );
  const all = await entries();
  const name = `${repository}:${await keyOf(all)}`;
  const kept = await asNodeImage(engine, name, name);
  if (kept !== null) return kept;
  const query = new URLSearchParams({ fromSrc: '-', repo: repository, tag: name.slice(repository.length + 1) });
  query.append('changes', 'ENV PATH=/usr/bin:/bin');
  const said = await engine.upload(`/images/create?${query.toString()}`, tar(all));
  const image = await asNodeImage(engine, name, name);
  if (image === null)
    throw new Unavailable(`the Docker engine did not import an image of this machine's node: ${said.trim()}`);
  return { ...image, made: true };
}
