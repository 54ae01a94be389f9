// A real Docker engine for tests, in namespaces of its own: its containers, networks and firewall rules are invisible
// to the machine and to an engine that runs there, and ending one process ends all that it started.
import { spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const init = fileURLToPath(new URL('init.sh', import.meta.url));
const limit = Number(process.env['AIRLOCK_ENGINE_LIMIT_MS'] ?? 60_000);

/**
 * @typedef {object} Engine
 * @property {string} socket  path
 * @property {string} folder  data, exec root and log of the engine
 * @property {string} log     path of what dockerd says
 * @property {() => Promise<void>} kill   kill -9 of dockerd alone: containers, shims and containerd go on
 * @property {() => Promise<void>} halt   SIGTERM of dockerd, waits for its end
 * @property {() => Promise<void>} start  again, after `kill` or `halt`; resolves when it answers
 * @property {() => Promise<void>} fill   its disk to the last byte; only with `disk`
 * @property {() => Promise<void>} end    everything, without a trace
 */

/** @param {string} name */
function found(name) {
  const folders = (process.env['PATH'] ?? '').split(delimiter).concat('/usr/sbin', '/sbin');
  return folders.some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Why no engine can be started here; null: nothing is known against it. */
export function whyNot() {
  if (process.platform !== 'linux') return 'containers need Linux';
  if (process.getuid?.() !== 0) return 'an engine of its own needs root';
  const missing = ['dockerd', 'containerd', 'runc', 'unshare', 'mount', 'ip'].filter((name) => !found(name));
  return missing.length === 0 ? null : `not installed: ${missing.join(', ')}`;
}

/**
 * @param {string} socket
 * @returns {Promise<boolean>}
 */
function answers(socket) {
  return new Promise((done) => {
    const call = request({ socketPath: socket, path: '/_ping', agent: false, timeout: 2_000 }, (answer) => {
      answer.resume().on('end', () => done(answer.statusCode === 200));
    });
    call.on('timeout', () => call.destroy());
    call.on('error', () => done(false));
    call.end();
  });
}

/** Control groups are not namespaced: those of a killed engine's containers stay, empty. @param {string} parent */
function removeGroups(parent) {
  /** @param {string} folder */
  const remove = (folder) => {
    try {
      for (const entry of readdirSync(folder, { withFileTypes: true }))
        if (entry.isDirectory()) remove(join(folder, entry.name));
      rmdirSync(folder);
    } catch {
      // It never was, or the kernel still holds it: it is empty either way.
    }
  };
  const top = '/sys/fs/cgroup';
  remove(join(top, parent));
  for (const controller of readdirSync(top)) remove(join(top, controller, parent));
}

/**
 * Starts an engine and waits until it answers.
 * @param {{ liveRestore?: boolean, debug?: boolean, disk?: string }} [options]  disk: size of a disk of its own, such as 200m
 * @returns {Promise<Engine>}
 */
export async function startEngine({ liveRestore = false, debug = false, disk = '' } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'airlock-engine-'));
  const group = basename(folder);
  const socket = join(folder, 'docker.sock');
  const log = join(folder, 'log');
  writeFileSync(join(folder, 'daemon.json'), '{}');
  const dockerd = [
    ['--config-file', join(folder, 'daemon.json')],
    ['--data-root', join(folder, 'data')],
    ['--exec-root', join(folder, 'exec')],
    ['--pidfile', join(folder, 'pid')],
    ['--host', `unix://${socket}`],
    ['--cgroup-parent', `/${group}`],
    ['--userland-proxy=false'],
    liveRestore ? ['--live-restore'] : [],
    debug ? ['--debug'] : [],
  ].flat();
  // An init that collects orphans: dockerd waits in vain for a containerd that is a zombie.
  const reaper = found('docker-init') ? ['docker-init', '-s', '--'] : [];
  const namespaces = ['--mount', '--pid', '--net', '--fork', '--kill-child', '--mount-proc', '--'];
  const child = spawn('unshare', [...namespaces, ...reaper, 'sh', init, folder, disk, ...dockerd], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin:/usr/bin:/bin` },
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors = `${errors}${text}`.slice(0, 4_096);
  });
  child.stdin.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise((done) => child.once('close', done));
  // Whoever forgets to end it still leaves nothing running.
  const atExit = () => child.kill('SIGKILL');
  process.once('exit', atExit);

  /** @param {string} word */
  async function say(word) {
    if (word !== '') child.stdin.write(`${word}\n`);
    const answer = await Promise.race([lines.next(), sleep(limit, { done: true }, { ref: false })]);
    if (answer.done) throw new Error(`the engine's first process is gone or silent: ${errors}`);
  }
  async function answering() {
    const until = Date.now() + limit;
    while (!(await answers(socket))) {
      if (child.exitCode !== null || Date.now() > until) throw new Error(`the engine does not answer, see ${log}`);
      await sleep(50);
    }
  }
  async function end() {
    child.stdin.end();
    await Promise.race([ended, sleep(20_000, undefined, { ref: false })]);
    child.kill('SIGKILL');
    await ended;
    process.off('exit', atExit);
    removeGroups(group);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  try {
    await say('');
    await answering();
  } catch (error) {
    await end();
    throw error;
  }
  return {
    socket,
    folder,
    log,
    kill: () => say('kill'),
    halt: () => say('stop'),
    fill: () => say('fill'),
    start: async () => {
      await say('start');
      await answering();
    },
    end,
  };
}
