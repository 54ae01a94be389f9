import { describe, expect, it } from 'vitest';
import { cellEnvironment } from '../../src/gate/cells/docker/environment.ts';
import { imageProblem, namesByContent } from '../../src/gate/cells/docker/image.ts';
import { networkNameProblem, networkProblem } from '../../src/gate/cells/docker/network.ts';
import { negotiate } from '../../src/gate/cells/docker/version.ts';
import { dockerCells, type DockerCellsOptions } from '../../src/gate/cells/docker/index.ts';
import { silentLog } from '../../src/gate/log.ts';

// What cells are made from, before any engine is asked.

const a = 'a'.repeat(64);
const b = 'b'.repeat(64);

describe('the version of the API', () => {
  it.each([
    ['1.41', '1.12', '/v1.41'],
    ['1.40', '1.12', '/v1.40'],
    ['1.56', '1.44', '/v1.56'],
    ['1.60', '1.44', '/v1.56'],
    ['1.60', '1.56', '/v1.56'],
  ])('of an engine of %s (from %s on) is %s', (ApiVersion, MinAPIVersion, spoken) => {
    expect(negotiate({ ApiVersion, MinAPIVersion })).toBe(spoken);
  });

  it.each([
    ['1.39', '1.12'],
    ['1.60', '1.57'],
    ['2.0', '1.44'],
    ['1.41.0', '1.12'],
    ['1.41/../x', '1.12'],
    ['', ''],
  ])('is none that an engine of %s (from %s on) has in common with the gate', (ApiVersion, MinAPIVersion) => {
    expect(negotiate({ ApiVersion, MinAPIVersion })).toBeNull();
  });
});

describe('the image', () => {
  const seen = { Id: `sha256:${a}`, RepoDigests: [`node@sha256:${b}`], Config: { Env: null, Volumes: null } };

  it.each([
    `sha256:${a}`,
    `node@sha256:${a}`,
    `registry.internal:5000/library/node@sha256:${a}`,
    `node:20@sha256:${a}`,
  ])('may be %s', (reference) => expect(namesByContent(reference)).toBe(true));

  it.each(['node', 'node:20', a, `SHA256:${a}`, `sha256:${a}0`, `@sha256:${a}`, `a b@sha256:${a}`, `n@sha256:${a}?x`])(
    'may not be %s',
    (reference) => expect(namesByContent(reference)).toBe(false),
  );

  it('is the one that was found by its id or its digest', () => {
    expect(imageProblem(`sha256:${a}`, seen)).toBeNull();
    expect(imageProblem(`docker.io/library/node@sha256:${b}`, seen)).toBeNull();
    // The image store of containerd names an image by its digest.
    expect(imageProblem(`node@sha256:${a}`, { ...seen, RepoDigests: [] })).toBeNull();
  });

  it('is not another one', () => {
    const other = `the Docker engine answered another image (sha256:${a}) for `;
    expect(imageProblem(`sha256:${b}`, seen)).toBe(`${other}sha256:${b}`);
    expect(imageProblem(`node@sha256:${'c'.repeat(64)}`, seen)).toContain(other);
  });

  it('declares no volume', () => {
    expect(imageProblem(`sha256:${a}`, { ...seen, Config: { Env: null, Volumes: {} } })).toBeNull();
    expect(imageProblem(`sha256:${a}`, { ...seen, Config: { Env: null, Volumes: { '/data': {} } } })).toBe(
      `the image sha256:${a} declares volumes, and a cell has no writable place: use an image without VOLUME`,
    );
  });
});

describe('the environment', () => {
  const constants = ['HOME=/nonexistent', 'HOSTNAME=airlock-cell', 'LANG=C.UTF-8', 'TZ=UTC'];

  it('is the same four constants for every image', () => {
    expect(cellEnvironment([])).toEqual(constants);
    expect(cellEnvironment(['HOME=/root', 'TZ=Mars', 'LANG', 'HOSTNAME=x'])).toEqual(constants);
  });

  it('keeps the image’s PATH, by which node is found, and removes everything else by its bare name', () => {
    const hostile = [
      'PATH=/opt/node/bin',
      'NODE_OPTIONS=--require /x.js',
      'LD_PRELOAD=/x.so',
      'https_proxy=http://x',
      'A=b=c',
    ];
    expect(cellEnvironment(hostile)).toEqual([...constants, 'A', 'LD_PRELOAD', 'NODE_OPTIONS', 'https_proxy']);
  });

  it('cannot be made from an image whose variable has no name', () => {
    expect(cellEnvironment(['=x'])).toBeNull();
    expect(cellEnvironment([''])).toBeNull();
  });
});

describe('the network', () => {
  const seen = { Name: 'cells', Id: a, Driver: 'bridge', Internal: true };

  it('is found by its whole name', () => {
    expect(networkNameProblem('cells')).toBeNull();
    expect(networkProblem('cells', seen)).toBeNull();
    expect(networkProblem('aaaa', seen)).toBe(
      'there is no network "aaaa" on the Docker engine, only one whose id begins so',
    );
  });

  it.each(['host', 'bridge', 'default'])('is not %s', (name) => {
    expect(networkNameProblem(name)).toBe(
      `the network "${name}" isolates nothing: make one for the cells (docker network create)`,
    );
  });

  it.each(['container:abc', '', 'a/b', 'a?b', '-a', 'a b', 'x'.repeat(129)])('has a plain name, not %j', (name) => {
    expect(networkNameProblem(name)).toBe("the name of the cells' network is no plain name of a Docker network");
  });

  it('is not the machine’s own under another name', () => {
    expect(networkProblem('cells', { ...seen, Driver: 'host' })).toContain("is the machine's own");
  });
});

describe('the settings', () => {
  const good: DockerCellsOptions = {
    socket: '/nonexistent/docker.sock',
    image: `sha256:${a}`,
    network: 'cells',
    script: '',
    installation: 'team-1',
    log: silentLog(),
  };

  it('are checked before anything else', () => {
    dockerCells(good).close();
    dockerCells({ ...good, script: 'x'.repeat(120_000) }).close();
  });

  it.each([
    [{ socket: 'docker.sock' }, "the Docker engine's socket has to be an absolute path"],
    [{ socket: 'unix:///run/docker.sock' }, "the Docker engine's socket has to be an absolute path"],
    [{ image: 'node:20' }, 'image.run has to be name@sha256:… or sha256:<image id>'],
    [{ network: 'host' }, 'the network "host" isolates nothing: make one for the cells (docker network create)'],
    [{ installation: 'a=b' }, 'the installation has to be named with a-z, 0-9 and -'],
    [{ installation: '' }, 'the installation has to be named with a-z, 0-9 and -'],
    [{ script: 'ä'.repeat(60_001) }, 'the managed script is larger than 120000 bytes'],
  ])('are refused with %j', (wrong, message) => {
    expect(() => dockerCells({ ...good, ...wrong })).toThrow(new TypeError(message));
  });
});
