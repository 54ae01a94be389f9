// `node test/cluster/hyper/derive.mjs v1.37.2`: go.mod and go.sum of this folder for another version of Kubernetes.
// k8s.io/kubernetes names its own libraries by folders of its repository. Whoever needs the module from outside has to
// name the same libraries as the modules under which they are published: v1.A.B of Kubernetes is v0.A.B there.
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = dirname(fileURLToPath(import.meta.url));
const [version = ''] = process.argv.slice(2);
if (!/^v1\.\d+\.\d+$/.test(version)) {
  console.error('usage: derive.mjs VERSION, such as v1.37.2');
  process.exit(2);
}

/** @param {...string} args */
function go(...args) {
  const env = { ...process.env, GOFLAGS: '-mod=mod' };
  return execFileSync('go', args, { cwd: folder, env, encoding: 'utf8', timeout: 10 * 60_000, maxBuffer: 64 << 20 });
}

const libraries = version.replace('v1.', 'v0.');
rmSync(join(folder, 'go.sum'), { force: true });
writeFileSync(join(folder, 'go.mod'), 'module airlock.test/hyper\n');

/** @type {{ GoMod: string }} */
const { GoMod } = JSON.parse(go('mod', 'download', '-json', `k8s.io/kubernetes@${version}`));
/** @type {{ Go: string, Replace: { Old: { Path: string }, New: { Path: string } }[] }} */
const theirs = JSON.parse(go('mod', 'edit', '-json', GoMod));
const replaced = theirs.Replace.filter((one) => one.New.Path.startsWith('./staging/')).map((one) => one.Old.Path);

writeFileSync(
  join(folder, 'go.mod'),
  [
    'module airlock.test/hyper',
    `go ${theirs.Go}`,
    `require k8s.io/kubernetes ${version}`,
    `replace (\n${replaced.map((path) => `\t${path} => ${path} ${libraries}\n`).join('')})`,
    '',
  ].join('\n\n'),
);
go('mod', 'tidy');
