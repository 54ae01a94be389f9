// What actions/runner publishes under /home/runner, and what becomes of each part. A program that no list names ends the
// build: a new release may bring a new way to run code on the runner (THREATS.md, findings 1 and 3).

/** Everything of /home/runner but bin and externals stays behind: shell scripts, and hooks that are not ours. */
export const folders = ['bin', 'externals'];
export const leftBehind =
  /^(?:\..+|(?:config|env|run|run-helper|safe_sleep|svc)\.(?:sh|cmd)|run-helper\.(?:sh|cmd)\.template|k8s|k8s-novolume|docker|licenses?|_work|_diag)$/i;

/** The only ones in bin that can be started. */
export const programs = ['Runner.Listener', 'Runner.Worker'];

/** One for the hook on today's runners, one for it on tomorrow's. */
export const nodes = ['node20', 'node24'];
/** For job containers that the runner itself would start, with another C library. */
export const otherNodes = /^node\d+_alpine$/;

/** Of bin, and known; each is left out. */
const stripped = [
  // The host process that runs `runs: {plugin: …}`, and what it loads.
  /^Runner\.Plugin(?:Host|s)(?:\.|$)/,
  // `hashFiles()` walks the whole host.
  /^hashFiles[^/]*\//,
  // For `Runner.Listener --check`, for services, for updates, for installations; for core files.
  /^checkScripts\//,
  /^(?:installdependencies|runsvc)\.sh$/,
  /^(?:RunnerService|macos-run-invoker)\.js$/,
  /^(?:actions\.runner\.(?:plist|service)|(?:darwin|systemd)\.svc\.sh|(?:update|run-helper)\.(?:sh|cmd))\.template$/,
  /^createdump$/,
  // No program at all.
  /\.(?:pdb|a|md)$/,
];

const ours = /^(?:Runner\.(?:Common|Listener|Sdk|Worker)|Sdk)\.(?:dll|deps\.json|runtimeconfig\.json)$/;
const library = /\.(?:dll|so(?:\.\d+)*)$/;
const script = /\.(?:js|mjs|cjs|sh|bash|cmd|bat|ps1|psm1|py|pl|rb|exe|jar|wasm|template)$/i;

/**
 * @typedef {object} Entry
 * @property {string} name  path below bin
 * @property {boolean} executable  somebody may execute it. Libraries of .NET often are, by the way they are packed
 * @property {Buffer} head  its first bytes
 */

/**
 * @param {Entry} entry
 * @returns {'program' | 'data' | 'stripped' | 'unknown'} data can be read and is never executable
 */
export function fate({ name, executable, head }) {
  if (stripped.some((pattern) => pattern.test(name))) return 'stripped';
  if (programs.includes(name)) return 'program';
  if (ours.test(name)) return 'data';
  // A part of the runner that no list names; an application of .NET's.
  if (name.startsWith('Runner.') || name.endsWith('.runtimeconfig.json') || script.test(name)) return 'unknown';
  if (library.test(name)) return 'data';
  const text = head.toString('latin1');
  return executable || text.startsWith('#!') || text.startsWith('\x7fELF') ? 'unknown' : 'data';
}
