// What the build makes, and what each product must never be. The limits are promises to other programs: the runner
// loads the hook for every call of a job; the cell's script is one argument of `node -e`, and a single argument is
// bounded by the kernel (131,072 bytes) and rewritten by the kubelet where it holds `$$` or `$(`.
import { isBuiltin } from 'node:module';

/**
 * @typedef {object} Artifact
 * @property {string} name      what a person calls it
 * @property {string} entry     source file, from the repository's root
 * @property {string} out       file inside the output folder
 * @property {'alone' | 'cli' | 'dev'} kind  alone: one CommonJS text without dependencies; cli: runtime dependencies
 *   stay outside; dev: the tools stay outside too
 * @property {number} [limit]   bytes of UTF-8
 * @property {boolean} [argument]  the text is passed as an argument of `node -e`
 */

/** @type {readonly Artifact[]} */
export const artifacts = [
  { name: 'hook', entry: 'src/hook/main.ts', out: 'hook/index.js', kind: 'alone', limit: 64_000 },
  { name: 'cell', entry: 'src/cell/main.ts', out: 'cell.js', kind: 'alone', limit: 120_000, argument: true },
  { name: 'cli', entry: 'src/cli/main.ts', out: 'cli.js', kind: 'cli' },
  { name: 'demo', entry: 'src/try/demo.ts', out: 'dev/demo.js', kind: 'dev' },
  { name: 'replay', entry: 'test/replay/main.ts', out: 'dev/replay.js', kind: 'dev' },
  { name: 'conformance', entry: 'test/conformance/main.ts', out: 'dev/conformance.js', kind: 'dev' },
  { name: 'playback', entry: 'test/playback/main.ts', out: 'dev/playback.js', kind: 'dev' },
  { name: 'bench', entry: 'test/bench/main.ts', out: 'dev/bench.js', kind: 'dev' },
  { name: 'crashes', entry: 'test/crashes/main.ts', out: 'dev/crashes.js', kind: 'dev' },
  { name: 'faults', entry: 'test/faults/main.ts', out: 'dev/faults.js', kind: 'dev' },
  { name: 'guards', entry: 'test/guards/main.ts', out: 'dev/guards.js', kind: 'dev' },
];

/** @param {string} text @param {number} index */
function place(text, index) {
  const before = text.slice(0, index);
  const line = before.split('\n').length;
  // esbuild writes `// src/cell/follow.ts` above the text of each module.
  const module = [...before.matchAll(/^ *\/\/ (\S+\.[cm]?[jt]s)$/gm)].at(-1)?.[1] ?? 'an unknown module';
  const begin = before.lastIndexOf('\n') + 1;
  const end = text.indexOf('\n', index);
  const shown = text.slice(Math.max(begin, index - 40), Math.min(end < 0 ? text.length : end, index + 40)).trim();
  return `line ${line}, from ${module}: ${shown}`;
}

/**
 * The reasons why a finished text is no valid artifact; none if it is one.
 * @param {Artifact} artifact
 * @param {string} text
 * @param {readonly string[]} externals  what the text still imports when it runs
 * @returns {string[]}
 */
export function problems(artifact, text, externals) {
  const found = [];
  const bytes = Buffer.byteLength(text);
  if (artifact.limit !== undefined && bytes > artifact.limit) {
    found.push(`${artifact.name}: ${bytes} bytes, the limit is ${artifact.limit}`);
  }
  if (artifact.kind === 'alone') {
    for (const external of externals) {
      if (external.startsWith('node:') && isBuiltin(external)) continue;
      found.push(`${artifact.name}: imports "${external}" at run time; only node: builtins may stay outside`);
    }
  }
  if (artifact.argument === true) {
    for (const match of text.matchAll(/\$[$(]/g)) {
      found.push(
        `${artifact.name}: holds "${match[0]}", which the kubelet rewrites in arguments; ${place(text, match.index)}`,
      );
    }
    if (text.includes('\0')) found.push(`${artifact.name}: holds a NUL byte, which no argument can carry`);
  }
  return found;
}
