import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { imports, importsUnnamed } from '../support/imports.ts';
import { files, text } from '../support/tree.ts';

// Dependencies point downwards only. What runs at the runner (hook) and next to Drone (cell) is one file without
// packages of its own, so every room below them is bound to what may be bundled.

interface Room {
  rooms: readonly string[];
  /** npm packages; `any` for the rooms that are never part of hook or cell. */
  packages: readonly string[] | 'any';
}

const table: Readonly<Record<string, Room>> = {
  protocol: { rooms: [], packages: ['valibot'] },
  policy: { rooms: ['protocol'], packages: 'any' },
  drone: { rooms: ['protocol'], packages: ['valibot', 'eventsource-parser'] },
  hook: { rooms: ['protocol'], packages: ['valibot'] },
  cell: { rooms: ['protocol', 'drone'], packages: ['valibot', 'eventsource-parser'] },
  config: { rooms: ['protocol', 'policy'], packages: 'any' },
  gate: { rooms: ['protocol', 'policy'], packages: 'any' },
  fleet: { rooms: ['protocol', 'policy', 'gate'], packages: 'any' },
  try: { rooms: ['protocol', 'policy', 'drone', 'hook', 'cell', 'gate'], packages: 'any' },
  cli: {
    rooms: ['protocol', 'policy', 'drone', 'hook', 'cell', 'config', 'gate', 'fleet', 'try'],
    packages: 'any',
  },
};

/** Programs and code at run time: the way from a string of a workflow to the machine. */
const dangerous = new Set(['node:child_process', 'node:vm', 'node:worker_threads', 'node:cluster', 'node:inspector']);
const inputOutput = new Set(
  ['fs', 'fs/promises', 'net', 'tls', 'http', 'https', 'http2', 'dns', 'dgram', 'os', 'process'].map(
    (name) => `node:${name}`,
  ),
);

const roomOf = (path: string): string => path.split('/')[1]!;
const packageOf = (specifier: string): string => {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]!;
};

/** What is wrong with one import; `undefined` if it is allowed. */
function objection(path: string, specifier: string): string | undefined {
  const room = roomOf(path);
  const rule = Object.hasOwn(table, room) ? table[room] : undefined;
  if (rule === undefined) return `the room ${room} is not in the table of rooms`;
  if (specifier.startsWith('.')) {
    const target = posix.normalize(posix.join(posix.dirname(path), specifier));
    if (target === 'package.json' && room === 'cli') return undefined;
    if (!target.startsWith('src/')) return `${target} is outside src/`;
    const other = roomOf(target);
    return other === room || rule.rooms.includes(other) ? undefined : `${room} may not depend on ${other}`;
  }
  if (specifier.startsWith('node:')) {
    const sealed = ['protocol', 'policy', 'drone', 'hook', 'cell'].includes(room);
    if (sealed && dangerous.has(specifier)) return `${room} may not start programs or load code (${specifier})`;
    if (room === 'protocol' && inputOutput.has(specifier)) return `protocol does no input or output (${specifier})`;
    return undefined;
  }
  const name = packageOf(specifier);
  return rule.packages === 'any' || rule.packages.includes(name)
    ? undefined
    : `${room} may not use the package ${name}`;
}

const sources = files('src').filter((path) => path.endsWith('.ts'));

describe('the rooms', () => {
  it('are those of the table', () => {
    expect(new Set(sources.map(roomOf))).toEqual(new Set(Object.keys(table)));
  });

  it('hold nothing but TypeScript', () => {
    expect(files('src').filter((path) => !path.endsWith('.ts'))).toEqual([]);
  });

  it('depend on rooms below them only, and on the packages that they may use', () => {
    const objections = sources.flatMap((path) =>
      imports(text(path)).flatMap((specifier) => {
        const wrong = objection(path, specifier);
        return wrong === undefined ? [] : [`${path}: ${wrong}`];
      }),
    );
    expect(objections).toEqual([]);
  });

  it('name every module that they load', () => {
    expect(sources.filter((path) => importsUnnamed(text(path)))).toEqual([]);
  });
});

describe('the table of rooms', () => {
  it.each([
    ['src/policy/decide.ts', '../protocol/index.ts'],
    ['src/hook/main.ts', '../protocol/index.ts'],
    ['src/hook/main.ts', './gate-client.ts'],
    ['src/cell/main.ts', '../drone/follow.ts'],
    ['src/cell/main.ts', 'node:https'],
    ['src/drone/stream.ts', 'eventsource-parser/stream'],
    ['src/gate/server.ts', '../policy/index.ts'],
    ['src/gate/cells/process.ts', 'node:child_process'],
    ['src/fleet/fleet.ts', '../gate/index.ts'],
    ['src/try/demo.ts', '@actions/workflow-parser'],
    ['src/cli/main.ts', '../../package.json'],
    ['src/cli/main.ts', '../try/index.ts'],
  ])('lets %s import %s', (path, specifier) => {
    expect(objection(path, specifier)).toBeUndefined();
  });

  it.each([
    ['src/protocol/order.ts', '../policy/types.ts', 'protocol may not depend on policy'],
    ['src/policy/decide.ts', '../gate/server.ts', 'policy may not depend on gate'],
    ['src/hook/main.ts', '../policy/types.ts', 'hook may not depend on policy'],
    ['src/hook/a/b.ts', '../../gate/types.ts', 'hook may not depend on gate'],
    ['src/gate/server.ts', '../drone/trigger.ts', 'gate may not depend on drone'],
    ['src/gate/server.ts', '../cell/main.ts', 'gate may not depend on cell'],
    ['src/gate/server.ts', '../fleet/fleet.ts', 'gate may not depend on fleet'],
    ['src/config/load.ts', '../gate/index.ts', 'config may not depend on gate'],
    ['src/try/demo.ts', '../cli/main.ts', 'try may not depend on cli'],
    ['src/try/demo.ts', '../../test/fakes/drone.ts', 'test/fakes/drone.ts is outside src/'],
    ['src/gate/server.ts', '../../package.json', 'package.json is outside src/'],
    ['src/cell/main.ts', 'undici', 'cell may not use the package undici'],
    ['src/hook/main.ts', 'http', 'hook may not use the package http'],
    ['src/hook/main.ts', 'eventsource-parser', 'hook may not use the package eventsource-parser'],
    ['src/cell/main.ts', '@scope/name/deep', 'cell may not use the package @scope/name'],
    ['src/hook/main.ts', 'node:child_process', 'hook may not start programs or load code (node:child_process)'],
    ['src/protocol/order.ts', 'node:fs', 'protocol does no input or output (node:fs)'],
    ['src/constructor/a.ts', 'valibot', 'the room constructor is not in the table of rooms'],
  ])('refuses that %s imports %s', (path, specifier, message) => {
    expect(objection(path, specifier)).toBe(message);
  });
});

describe('the scan for imports', () => {
  it('finds statements of every form, on one line or several, types too', () => {
    const source = [
      "import { a } from './a.ts';",
      "import type { B } from './b.ts';",
      'import {',
      '  c,',
      "} from './c.ts';",
      "import './d.ts';",
      "export * from './e.ts';",
      "export { f } from './f.ts';",
      "const g = await import('./g.ts');",
      "type H = import('./h.ts').H;",
    ].join('\n');
    expect(imports(source)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name) => `./${name}.ts`));
  });

  it('takes no text for a statement', () => {
    expect(imports("const a = 'x';\n// taken from 'y'\nexport const from = 'z';\nexport function f() {}\n")).toEqual(
      [],
    );
  });

  it('sees a module that is chosen at run time', () => {
    expect(importsUnnamed('await import(name)')).toBe(true);
    expect(importsUnnamed('await import(`./${name}.ts`)')).toBe(true);
    expect(importsUnnamed("await import('./a.ts')")).toBe(false);
  });
});
