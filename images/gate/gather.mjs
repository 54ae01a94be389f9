// Runs while the image is built, with the base's node: makes a new root that holds node, the libraries that it loads,
// dist/ and the dependencies that package-lock.json has for run time; and the list of all this beside them.
// node gather.mjs BASE-ROOT PARTS-FOLDER NEW-ROOT
import { chownSync, existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copy, keepSystem, settle, sourceDate, stop } from '../system.mjs';
import { bundledIn, sbom } from './sbom.mjs';

const [base = '', parts = '', to = ''] = process.argv.slice(2);
const app = join(to, 'app');
/** `dist/dev` and the chart are for other places. */
const products = ['dist/cli.js', 'dist/cell.js', 'dist/hook/index.js', 'dist/hook/package.json'];

/** @typedef {import('./sbom.mjs').Locked & { dev?: boolean, devOptional?: boolean }} Locked */

/** @param {string} file @returns {unknown} */
function read(file) {
  if (!existsSync(join(parts, file))) stop(`${file} is not in the build's context; run \`npm run build\` first`);
  return JSON.parse(readFileSync(join(parts, file), 'utf8'));
}

/** @param {string} from @param {string} there */
function keepTree(from, there) {
  for (const name of readdirSync(from).sort()) {
    const here = join(from, name);
    const kind = lstatSync(here);
    if (kind.isDirectory()) {
      // A package's own dependencies are packages of the lock for themselves.
      if (name !== 'node_modules') keepTree(here, join(there, name));
    } else if (kind.isFile()) copy(here, join(there, name));
    else stop(`${here} is neither a file nor a folder`);
  }
}

const manifest = /** @type {{ version: string, license?: string }} */ (read('package.json'));
const { packages } = /** @type {{ packages: Record<string, Locked> }} */ (read('package-lock.json'));
const installed = Object.keys(packages)
  .filter((path) => path !== '' && packages[path]?.dev !== true && packages[path]?.devOptional !== true)
  .sort();
/** @type {string[]} */
const wanted = [];
for (const path of installed) {
  const { version = '' } = packages[path] ?? {};
  // Optional ones for other systems, and peers that nobody installs.
  if (/** @type {{ optional?: boolean }} */ (packages[path]).optional === true) continue;
  const there = join(parts, path);
  if (!existsSync(there)) stop(`${path} is not in the build's context; run \`npm ci\`, and see .dockerignore`);
  const { version: found } = /** @type {{ version?: string }} */ (read(join(path, 'package.json')));
  if (found !== version) stop(`${path} is ${found}, and package-lock.json says ${version}; run \`npm ci\``);
  keepTree(there, join(app, path));
  wanted.push(path);
}

keepSystem(base, to, 'airlock:x:65532:65532:airlock:/:/nonexistent');
copy(process.execPath, join(to, 'usr/local/bin/node'), 0o555);
for (const product of products) {
  if (!existsSync(join(parts, product))) stop(`${product} is not in the build's context; run \`npm run build\` first`);
  copy(join(parts, product), join(app, product));
}
writeFileSync(join(app, 'package.json'), '{"type":"module","private":true}\n');

const bundled = products.slice(0, 3).flatMap((product) => bundledIn(readFileSync(join(parts, product), 'utf8')));
const list = sbom(manifest, packages, {
  installed: wanted,
  bundled: [...new Set(bundled)].filter((path) => Object.hasOwn(packages, path)).sort(),
  node: process.versions.node,
  base: process.env['BASE'] ?? '',
  seconds: sourceDate(),
});
writeFileSync(join(app, 'sbom.cdx.json'), `${JSON.stringify(list, null, 1)}\n`);

const ledger = join(to, 'var/lib/airlock');
mkdirSync(ledger, { recursive: true });
settle(to, sourceDate());
// The only place that is not root's. An empty volume that is mounted there gets its owner.
chownSync(ledger, 65_532, 65_532);
console.log('the new root is made');
