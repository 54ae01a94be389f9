import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { artifacts } from '../../scripts/artifacts.mjs';
import { nodeIsNewEnough } from '../../scripts/install.mjs';
import { imports } from '../support/imports.ts';
import { files, root, text } from '../support/tree.ts';

// What a person meets first: a clone, Node, npm, and two commands.

interface Manifest {
  bin: Record<string, string>;
  engines: { node: string };
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}
const manifest = JSON.parse(text('package.json')) as Manifest;

describe('package.json', () => {
  it('names exact versions', () => {
    const versions = { ...manifest.dependencies, ...manifest.devDependencies };
    expect(Object.entries(versions).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  it('has a command airlock that the build makes', () => {
    expect(artifacts.map(({ out }) => `dist/${out}`)).toContain(manifest.bin['airlock']);
  });

  it('starts every command of the project with a script that exists', () => {
    for (const name of [
      'demo',
      'test',
      'build',
      'replay',
      'drone:conformance',
      'drone:playback',
      'crashes',
      'faults',
      'guards',
      'chart',
    ]) {
      const script = `scripts/${name.replace('drone:', '')}.mjs`;
      expect(manifest.scripts[name]).toBe(`node ${script}`);
      expect(existsSync(join(root, script))).toBe(true);
    }
    for (const name of ['up', 'down']) {
      const script = `test/cluster/${name}.mjs`;
      expect(manifest.scripts[`cluster:${name}`]).toBe(`node ${script}`);
      expect(existsSync(join(root, script))).toBe(true);
    }
  });
});

describe('the scripts', () => {
  it('need no package before they have installed them', () => {
    const early = files('scripts').flatMap((path) =>
      imports(text(path))
        .filter((specifier) => !specifier.startsWith('node:') && !specifier.startsWith('./'))
        .map((specifier) => `${path}: ${specifier}`),
    );
    // esbuild is loaded by import(), after the installation.
    expect(new Set(early)).toEqual(new Set(['scripts/bundle.mjs: esbuild']));
    expect(text('scripts/bundle.mjs')).not.toMatch(/^import [^;]*'esbuild'/m);
  });

  it.each([
    ['20.19.0', true],
    ['20.20.2', true],
    ['24.0.0', true],
    ['20.18.3', false],
    ['18.20.4', false],
  ])('take Node %s: %s', (version, taken) => {
    expect(nodeIsNewEnough(version)).toBe(taken);
    expect(manifest.engines.node).toBe('>=20.19');
  });
});

describe('.ci/run', () => {
  it('is executable and runs what a developer runs, with skipping forbidden', () => {
    accessSync(join(root, '.ci/run'), constants.X_OK);
    expect(text('.ci/run')).toMatch(/AIRLOCK_FORBID_SKIP=1[^]*npm test/);
  });
});
