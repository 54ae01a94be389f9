// What is in the gate's image, as CycloneDX 1.5: without a serial number or a time of its own, so that equal images have
// equal lists.

/**
 * @typedef {object} Locked  a package in package-lock.json
 * @property {string} version
 * @property {string} [integrity]
 * @property {string} [license]
 */

/** @param {string} path in package-lock.json @returns {string} */
const nameOf = (path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** @param {string} name @param {string} version */
const purl = (name, version) => `pkg:npm/${name.replace('@', '%40')}@${version}`;

/** @param {string} path @param {Locked} locked @param {boolean} bundled inside dist */
function component(path, { version, integrity, license }, bundled) {
  const name = nameOf(path);
  const [, hash] = /^sha512-([A-Za-z0-9+/=]+)$/.exec(integrity ?? '') ?? [];
  return {
    type: 'library',
    'bom-ref': purl(name, version),
    name,
    version,
    purl: purl(name, version),
    ...(hash === undefined
      ? {}
      : { hashes: [{ alg: 'SHA-512', content: Buffer.from(hash, 'base64').toString('hex') }] }),
    ...(license === undefined ? {} : { licenses: [{ expression: license }] }),
    ...(bundled ? { properties: [{ name: 'airlock:bundled', value: 'true' }] } : {}),
  };
}

/** Packages whose text has become part of a bundle: esbuild names the file above each module. @param {string} bundle */
export function bundledIn(bundle) {
  const found = [...bundle.matchAll(/^ *\/\/ (node_modules\/(?:.*\/node_modules\/)?(?:@[^/\s]+\/)?[^/\s]+)\//gm)];
  return [...new Set(found.map(([, path = '']) => path))].sort();
}

/**
 * @param {{ version: string, license?: string }} manifest
 * @param {Record<string, Locked>} packages of package-lock.json
 * @param {{ installed: readonly string[], bundled: readonly string[], node: string, base: string, seconds: number }} image
 *   paths in package-lock.json; version of node
 */
export function sbom(manifest, packages, { installed, bundled, node, base, seconds }) {
  /** @param {readonly string[]} paths @param {boolean} inside */
  const libraries = (paths, inside) =>
    paths.map((path) => component(path, /** @type {Locked} */ (packages[path]), inside));
  const alone = bundled.filter((path) => !installed.includes(path));
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: {
      timestamp: new Date(seconds * 1_000).toISOString(),
      component: {
        type: 'application',
        'bom-ref': 'airlock',
        name: 'airlock',
        version: manifest.version,
        ...(manifest.license === undefined ? {} : { licenses: [{ expression: manifest.license }] }),
        properties: [{ name: 'airlock:base', value: base }],
      },
    },
    components: [
      { type: 'application', 'bom-ref': `node@${node}`, name: 'node', version: node },
      ...libraries(installed, false),
      ...libraries(alone, true),
    ],
  };
}
