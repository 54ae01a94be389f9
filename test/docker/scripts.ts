// Scripts that run inside real cells in place of the managed one.

/**
 * Says `up`, then obeys each line of stdin: `echo` (a value, written as a line), `err` (a text for stderr), `lines` (so
 * many, numbered, each padded to `width`), `bytes` (so many without a newline), `eat` (MiB of memory), `exit` (a code).
 */
export const obedient = `
console.log('up');
let text = '';
const obey = (c) => {
  if (c.echo !== undefined) console.log(JSON.stringify(c.echo));
  if (c.err !== undefined) console.error(c.err);
  if (c.lines !== undefined) {
    const all = [];
    for (let n = 1; n <= c.lines; n++) all.push(String(n).padStart(c.width, '.'));
    process.stdout.write(all.join('\\n') + '\\n');
  }
  if (c.bytes !== undefined) process.stdout.write('x'.repeat(c.bytes));
  if (c.eat !== undefined) { global.eaten = []; for (let n = 0; n < c.eat; n++) global.eaten.push(Buffer.alloc(1048576, 1)); }
  // Node's stdout is written to a pipe in the background: leaving at once would lose what is on its way.
  if (c.exit !== undefined) process.stdout.write('', () => process.exit(c.exit));
};
process.stdin.setEncoding('utf8').on('data', (chunk) => {
  text += chunk;
  for (let at; (at = text.indexOf('\\n')) !== -1; text = text.slice(at + 1)) obey(JSON.parse(text.slice(0, at)));
});
`;

/** Never reads its stdin. */
export const deaf = `console.log('up'); setInterval(() => undefined, 1000);`;

/** Tells all that it can find out about where it is, in one line. */
export const curious = `
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const tries = (path, bytes) => {
  try { fs.writeFileSync(path, Buffer.alloc(bytes)); return 'written'; } catch (e) { return e.code; }
};
const status = Object.fromEntries(fs.readFileSync('/proc/self/status', 'utf8').split('\\n').map((l) => l.split(/:\\s*/)));
const walk = (path, found) => {
  let names = [];
  try { fs.accessSync(path, fs.constants.W_OK); found.push(path); } catch {}
  try { if (!fs.lstatSync(path).isSymbolicLink()) names = fs.readdirSync(path); } catch {}
  for (const name of names) walk((path === '/' ? '' : path) + '/' + name, found);
  return found;
};
const reach = (to) => new Promise((done) => {
  const socket = net.connect({ ...to, timeout: 1500 });
  socket.on('connect', () => { socket.destroy(); done('reached'); });
  socket.on('timeout', () => { socket.destroy(); done('ETIMEDOUT'); });
  socket.on('error', (e) => done(e.code));
});
process.stdin.once('data', async (line) => {
  const { reach: targets = [] } = JSON.parse(line);
  const reached = [];
  for (const to of targets) reached.push(await reach(to));
  const children = ['/bin/sh', '/usr/bin/node'].map((path) => require('node:child_process').spawnSync(path, ['-c', '0']).status !== null);
  console.log(JSON.stringify({
    env: process.env,
    ids: [process.getuid(), process.geteuid(), process.getgid(), process.getegid(), ...process.getgroups()],
    capabilities: ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map((name) => status[name]),
    noNewPrivileges: status.NoNewPrivs,
    seccomp: status.Seccomp,
    processes: fs.readdirSync('/proc').filter((name) => /^\\d+$/.test(name)),
    interfaces: fs.readdirSync('/sys/class/net').sort(),
    groups: fs.readFileSync('/proc/self/cgroup', 'utf8').split('\\n').filter(Boolean).map((l) => l.split(':')[2]),
    writable: ['/bin', '/etc', '/home', '/lib', '/root', '/run', '/sys', '/tmp', '/usr', '/var', '/dev'].flatMap((path) => walk(path, [])),
    writes: Object.fromEntries([['/x', 1], ['/tmp/x', 1], ['/dev/x', 1], ['/etc/hosts', 1], ['/etc/resolv.conf', 1], ['/usr/bin/node', 1],
      ['/proc/sys/kernel/hostname', 1], ['/dev/shm/small', 100], ['/dev/shm/large', 8192]]
      .map(([path, bytes]) => [path, tries(path, bytes)])),
    mounts: fs.readFileSync('/proc/self/mounts', 'utf8').split('\\n').filter(Boolean).map((l) => l.split(' ').slice(1, 4)),
    core: fs.readFileSync('/proc/self/limits', 'utf8').split('\\n').filter((l) => l.startsWith('Max core')).map((l) => l.split(/\\s{2,}/).slice(1, 3))[0],
    directory: process.cwd(),
    hostname: os.hostname(),
    reached,
  }));
});
console.log('up');
`;
