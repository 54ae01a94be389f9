import { describe, expect, it } from 'vitest';
import { files, text } from '../support/tree.ts';

// What may stand in a file of the project: nothing that is true on one machine only, and no test that does not run.

// Recordings are left as they were made.
const ours = files().filter((path) => !path.startsWith('test/fixtures/'));

/** Where a person's or a build machine's own files are. Paths of the runner's and node's images are public. */
const machinePaths = [/(?<![\w.)}-])\/(?:root|work|Users)\/\w/, /(?<![\w.)}-])\/home\/(?!runner\b|node\b)\w/];

/** A lock file or a setting that names a registry sends everyone there. */
const registries = [/\bregistry\.(?:npmjs|yarnpkg|npmmirror)\./, /^\s*registry\s*=/m];

function registryOfThisMachine(): string | undefined {
  const setting = process.env['npm_config_registry'];
  return setting !== undefined && URL.canParse(setting) ? new URL(setting).host : undefined;
}

const matching = (patterns: readonly RegExp[]): string[] =>
  ours.filter((path) => patterns.some((pattern) => pattern.test(text(path))));

describe('the files of the project', () => {
  it('name no path of a machine', () => {
    expect(matching(machinePaths)).toEqual([]);
  });

  it('name no registry', () => {
    expect(matching(registries)).toEqual([]);
    const host = registryOfThisMachine();
    expect(host === undefined ? [] : ours.filter((path) => text(path).includes(host))).toEqual([]);
    expect(ours.filter((path) => /(?:^|\/)\.npmrc$/.test(path))).toEqual([]);
  });

  it.each(['root', 'work', 'home/jane', 'Users'])('would be caught with a path below %s', (folder) => {
    for (const before of ['', ' ', "'", '(', '=']) {
      expect(machinePaths.some((pattern) => pattern.test(`${before}/${folder}/x`))).toBe(true);
    }
  });

  it.each(['/home/runner/_work/x', '/github/home', '/home/node/app', '/api/work/1', '${root}/x'])(
    'may say %s',
    (line) => {
      expect(machinePaths.some((pattern) => pattern.test(line))).toBe(false);
    },
  );
});

describe('package-lock.json', () => {
  interface Locked {
    integrity?: string;
    resolved?: string;
    dependencies?: Record<string, string>;
    optionalDependencies?: Record<string, string>;
  }
  const { packages } = JSON.parse(text('package-lock.json')) as { packages: Record<string, Locked> };
  const installed = Object.entries(packages).filter(([path]) => path !== '');

  /** Where Node would look for `name` from the package at `path`. */
  function places(path: string, name: string): string[] {
    const folders = path.split(/\/?node_modules\//);
    return folders.map((_, index) => {
      const within = folders.slice(0, folders.length - index).join('/node_modules/');
      return `${within === '' ? '' : `${within}/`}node_modules/${name}`.replace(/^\/+/, '');
    });
  }

  it('names every package by its hash and none by an address', () => {
    expect(installed.length).toBeGreaterThan(50);
    expect(installed.filter(([, entry]) => Object.hasOwn(entry, 'resolved'))).toEqual([]);
    expect(installed.filter(([, entry]) => typeof entry.integrity !== 'string')).toEqual([]);
  });

  // npm leaves the parts for other platforms out when it rewrites a lock file beside an installation, and `npm ci`
  // then refuses the file on every machine.
  it('names the parts for every platform', () => {
    const missing = Object.entries(packages).flatMap(([path, entry]) =>
      Object.keys({ ...entry.dependencies, ...entry.optionalDependencies })
        .filter((name) => !places(path, name).some((place) => Object.hasOwn(packages, place)))
        .map((name) => `${path}: ${name}`),
    );
    expect(missing).toEqual([]);
  });

  it('is searched as Node searches', () => {
    expect(places('', 'b')).toEqual(['node_modules/b']);
    expect(places('node_modules/@a/b', 'c')).toEqual(['node_modules/@a/b/node_modules/c', 'node_modules/c']);
  });
});

describe('the tests', () => {
  const left =
    /\b(?:it|test|describe|suite)(?:\.\w+)*\.(?:skip|only|todo|skipIf|runIf|fails)\b|\b(?:ctx|context|t)\.skip\(|\bskip: true/;
  const tests = ours.filter((path) => path.startsWith('test/') && path.endsWith('.ts'));

  it('all run: none is skipped, left for later, or run alone', () => {
    expect(tests.filter((path) => left.test(text(path)))).toEqual([]);
  });

  it('lie where vitest looks for them', () => {
    const elsewhere = ours.filter(
      (path) => /\.(?:test|spec)\.[cm]?[jt]sx?$/.test(path) && !/^test\/.*\.test\.ts$/.test(path),
    );
    expect(elsewhere).toEqual([]);
  });

  it.each(['skip', 'only', 'todo'])('would be caught with .%s', (word) => {
    expect(left.test(`it.${word}('a', () => {})`)).toBe(true);
    expect(left.test(`describe.concurrent.${word}('a', () => {})`)).toBe(true);
  });
});
