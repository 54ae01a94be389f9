// Makes the artifacts with esbuild. Each is built for itself and written only when it is valid, aside first and then
// renamed: a program that starts meanwhile reads the old text or the new one, never half of it.
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { artifacts, problems } from './artifacts.mjs';
import { root } from './install.mjs';

/** @typedef {import('./artifacts.mjs').Artifact} Artifact */
/** @typedef {{ artifact: Artifact, bytes: number, errors?: never } | { artifact: Artifact, errors: string[] }} Outcome */

function manifest() {
  const text = readFileSync(join(root, 'package.json'), 'utf8');
  return /** @type {{ dependencies: Record<string, string>, devDependencies: Record<string, string> }} */ (
    JSON.parse(text)
  );
}

/**
 * GitHub's workflow packages hold ES modules that Node alone cannot load, so they are bundled everywhere. A bundle of
 * ES modules has no `require`, which parts of them call.
 * @param {Artifact} artifact
 * @returns {import('esbuild').BuildOptions}
 */
function manner(artifact) {
  if (artifact.kind === 'alone') {
    // Inside a function: `node -e` runs a script whose top-level names would be globals.
    const alone = {
      banner: { js: '(function () {' },
      footer: { js: '})();' },
      legalComments: /** @type {const} */ ('none'),
    };
    // The script is one argument, of which the kernel takes 131,072 bytes. Names stay: a stack trace can be read.
    const short = artifact.name === 'cell' ? { minifyWhitespace: true, minifySyntax: true } : {};
    return { format: 'cjs', ...alone, ...short };
  }
  const { dependencies, devDependencies } = manifest();
  const tools = artifact.kind === 'dev' ? Object.keys(devDependencies) : [];
  const external = [...Object.keys(dependencies), ...tools].filter((name) => !name.startsWith('@actions/'));
  const shebang = artifact.kind === 'cli' ? '#!/usr/bin/env node\n' : '';
  const require =
    "import { createRequire as bundledCreateRequire } from 'node:module';\n" +
    'const require = bundledCreateRequire(import.meta.url);';
  return { format: 'esm', external, banner: { js: `${shebang}${require}` } };
}

/** @param {Artifact} artifact @param {string} text @param {string} outdir */
function write(artifact, text, outdir) {
  const file = join(outdir, artifact.out);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.${process.pid}`, text);
  if (artifact.kind === 'cli') chmodSync(`${file}.${process.pid}`, 0o755);
  renameSync(`${file}.${process.pid}`, file);
  // The runner's node looks for the nearest package.json: under a "type": "module" it would refuse the hook.
  if (artifact.name === 'hook') writeFileSync(join(dirname(file), 'package.json'), '{"type":"commonjs"}\n');
}

/** @param {Artifact} artifact @param {import('esbuild').BuildOptions} [more] */
async function bundled(artifact, more = {}) {
  const { build } = await import('esbuild');
  const {
    outputFiles = [],
    metafile,
    warnings,
  } = await build({
    absWorkingDir: root,
    entryPoints: [artifact.entry],
    bundle: true,
    platform: 'node',
    target: 'node20',
    write: false,
    metafile: true,
    logLevel: 'silent',
    outfile: 'out.js',
    ...manner(artifact),
    ...more,
  });
  const text = outputFiles[0]?.text ?? '';
  const externals = Object.values(metafile?.outputs ?? {}).flatMap((output) => output.imports.map(({ path }) => path));
  return { text, warnings, errors: problems(artifact, text, externals) };
}

/** @param {Artifact} artifact @param {string} outdir @returns {Promise<Outcome>} */
async function make(artifact, outdir) {
  if (!existsSync(join(root, artifact.entry))) {
    return { artifact, errors: [`${artifact.name}: its entry ${artifact.entry} does not exist`] };
  }
  try {
    const { text, warnings, errors } = await bundled(artifact);
    if (warnings.length > 0) return { artifact, errors: [...(await readable(warnings)), ...errors] };
    if (errors.length > 0) {
      // Only a text with its white space tells in which module the fault stands.
      const spaced = await bundled(artifact, { minifyWhitespace: false });
      return { artifact, errors: spaced.errors.length === errors.length ? spaced.errors : errors };
    }
    write(artifact, text, outdir);
    return { artifact, bytes: Buffer.byteLength(text) };
  } catch (error) {
    return { artifact, errors: await readable(errorsOf(error)) };
  }
}

/** @param {unknown} error @returns {import('esbuild').Message[]} */
function errorsOf(error) {
  if (error instanceof Error && 'errors' in error && Array.isArray(error.errors)) {
    return /** @type {import('esbuild').Message[]} */ (error.errors);
  }
  throw error;
}

/** @param {import('esbuild').Message[]} messages */
async function readable(messages) {
  const { formatMessages } = await import('esbuild');
  return (await formatMessages(messages, { kind: 'error' })).map((message) => message.trim());
}

/**
 * Builds what is asked for; what cannot be built says why and leaves the others alone.
 * @param {{ outdir?: string, only?: readonly string[] }} [options] outdir: default `dist`; only: names of artifacts
 * @returns {Promise<Outcome[]>}
 */
export function bundle({ outdir = join(root, 'dist'), only } = {}) {
  return Promise.all(
    artifacts.filter(({ name }) => only === undefined || only.includes(name)).map((artifact) => make(artifact, outdir)),
  );
}
