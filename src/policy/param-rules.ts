// Drone makes a parameter an environment variable of every step and puts its text into .drone.yml before the YAML is
// parsed: `PATH` reaches the shell, `DRONE_BRANCH` replaces the branch, `1; echo x; #` ran as a command (recording 18).

/** Query keys that Drone takes for itself; in any case, since nobody should have to know which case it compares. */
const reserved: ReadonlySet<string> = new Set([
  'ACCESS_TOKEN',
  'COMMIT',
  'BRANCH',
  'MESSAGE',
  'ACTION',
  'TARGET',
  'DEBUG',
]);

const prefixes = [
  'DRONE_',
  'CI_',
  'PLUGIN_',
  'GIT_',
  'LD_',
  'NODE_',
  'BASH_',
  'AIRLOCK_',
  'DYLD_',
  'GITHUB_',
  'RUNNER_',
  'ACTIONS_',
  'OPENSSL_',
  'NPM_CONFIG_',
];

/** Variables that change what a shell, a loader, an interpreter or a client does (THREATS.md section 3). */
const dangerous: ReadonlySet<string> = new Set(
  `PATH HOME ENV IFS SHELL SHELLOPTS BASHOPTS PS4 CDPATH PROMPT_COMMAND PWD OLDPWD TMPDIR CI EDITOR VISUAL PAGER
   GCONV_PATH LOCPATH GLIBC_TUNABLES MALLOC_TRACE HOSTALIASES LOCALDOMAIN RES_OPTIONS RESOLV_HOST_CONF
   SSL_CERT_FILE SSL_CERT_DIR SSLKEYLOGFILE CURL_HOME CURL_CA_BUNDLE XDG_CONFIG_HOME REQUESTS_CA_BUNDLE
   HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY FTP_PROXY SSH_ASKPASS SSH_AUTH_SOCK
   PYTHONPATH PYTHONHOME PYTHONSTARTUP PERL5LIB PERL5OPT RUBYLIB RUBYOPT CLASSPATH JAVA_TOOL_OPTIONS
   JDK_JAVA_OPTIONS GOFLAGS MAKEFLAGS DOCKER_HOST DOCKER_CONFIG DOCKER_CONTEXT KUBECONFIG`.split(/\s+/),
);

/** Why a parameter of this name is refused when the file is loaded, or nothing. */
export function paramNameProblem(name: string): string | undefined {
  const upper = name.toUpperCase();
  if (reserved.has(upper)) return 'Drone uses this name itself';
  const prefix = prefixes.find((start) => upper.startsWith(start));
  if (prefix !== undefined) return `names that begin with ${prefix} belong to Drone, to a tool or to airlock`;
  if (dangerous.has(upper)) return 'it changes how the programs of every step behave';
  return undefined;
}

export const maxValueBytes = 256;

// C0, DEL, C1 and the two Unicode line ends; half a surrogate pair is no text at all.
const control = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/;

/** What no value may be, whoever allowed it: too long, several lines, control bytes. */
export function valueProblem(value: string): string | undefined {
  if (Buffer.byteLength(value) > maxValueBytes) return `it is longer than ${maxValueBytes} bytes`;
  if (control.test(value)) return 'it holds a line break or a control character';
  if (/\p{Surrogate}/u.test(value)) return 'it is not valid Unicode';
  return undefined;
}

/** Texts that take effect where Drone puts a value: `${KEY}` in .drone.yml is replaced before the YAML is parsed. */
const hazards: readonly (readonly [string, string])[] = [
  ['${', 'Drone would substitute it again'],
  ['$(', 'a shell would run it'],
  ['$', 'a shell would put a variable in its place'],
  ['`', 'a shell would run it'],
  [';', 'a shell would begin a new command'],
  ['&', 'a shell would begin a new command'],
  ['|', 'a shell would begin a new command'],
  ['<', 'a shell would read a file'],
  ['>', 'a shell would write a file'],
  ['\\', 'it would change the meaning of what follows'],
  [': ', 'it would change the YAML that Drone puts it into'],
  [' #', 'what follows would become a comment'],
  ["'", 'it would end a quoted text in YAML or a shell'],
  ['"', 'it would end a quoted text in YAML or a shell'],
];

/**
 * Why a value is refused by default: it would take effect where Drone puts it.
 * @param names whether somebody allowed this very text
 */
export function hazardProblem(value: string, names: (text: string) => boolean = () => false): string | undefined {
  // A colon at the end is one before a blank too, or before the end of its line.
  const found = hazards.find(([text]) => `${value} `.includes(text) && !names(text));
  return found && `it holds ${found[0].trim()} and ${found[1]}`;
}

/** Why a literal of `values` is refused. A pattern is the explicit way. */
export function literalProblem(value: string): string | undefined {
  const problem = valueProblem(value);
  if (problem !== undefined) return `${problem}; shorten it or write plain text on one line`;
  const hazard = hazardProblem(value);
  return hazard && `${hazard}; remove it, or allow it in so many words by a pattern`;
}
