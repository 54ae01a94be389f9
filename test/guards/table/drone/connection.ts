import { type Guard, guardsOf } from '../../guard.ts';

// One Drone server: its address, its certificate, its answers.

const connection = 'test/drone/connection.test.ts';
const trigger = 'test/drone/trigger.test.ts';
const server = 'test/drone/server.test.ts';
const tls = 'test/drone/tls.test.ts';

const address = guardsOf(
  'drone',
  'src/drone/server.ts',
  [server],
  [
    {
      rule: "Drone's URL is a URL",
      code: 'drone-url-not-accepted',
      find: 'if (!URL.canParse(text)) refuse(`${what} ${quote(text)} is not a URL`);',
      replace: '',
    },
    {
      rule: "Drone's URL is http or https",
      code: 'drone-url-not-accepted',
      find: "if (url.protocol !== 'https:' && url.protocol !== 'http:')",
      replace: "if (url.protocol === '')",
    },
    {
      rule: "Drone's URL holds no user and no password",
      code: 'drone-url-not-accepted',
      find: "if (url.username !== '' || url.password !== '')",
      replace: "if (url.protocol === '')",
    },
    {
      rule: "Drone's URL holds no query and no fragment",
      code: 'drone-url-not-accepted',
      find: "if (url.search !== '' || url.hash !== '')",
      replace: "if (url.protocol === '')",
    },
    {
      rule: "Drone's URL has no path",
      code: 'drone-url-not-accepted',
      find: "if (url.pathname !== '/')\n",
      replace: "if (url.protocol === '')\n",
    },
  ],
);

const routes = guardsOf(
  'drone',
  'src/drone/paths.ts',
  [server],
  [
    {
      rule: 'a name never becomes a path of its own',
      find: '`/api/repos/${encode(owner)}/${encode(name)}`',
      replace: '`/api/repos/${owner}/${name}`',
    },
    {
      rule: 'a parameter never becomes another one',
      find: 'return `${repoPath(repository)}/builds?${query.toString()}`;',
      replace: 'return `${repoPath(repository)}/builds?${decodeURIComponent(query.toString())}`;',
    },
    {
      rule: 'a branch that is called like a tag does not become one',
      find: "return short.startsWith('refs/') ? ref : short;",
      replace: 'return short;',
    },
    {
      rule: 'the commit is sent where there is one',
      find: "if (commit !== undefined) query.set('commit', commit);",
      replace: '',
      tests: [trigger],
    },
  ],
);

const calls = guardsOf(
  'drone',
  'src/drone/connection.ts',
  [connection],
  [
    {
      rule: 'a redirect is an error',
      code: 'drone-redirected',
      find: 'if (status >= 300 && status <= 399) throw',
      replace: 'if (status === 0) throw',
    },
    {
      rule: 'what is no JSON is no answer',
      code: 'not-a-drone',
      find: 'if (!isJson(response)) throw notDrone(server, status, text);',
      replace: "if (!isJson(response)) return { status, body: {}, message: '' };",
    },
    {
      rule: 'text that only calls itself JSON is no answer',
      code: 'not-a-drone',
      find: "throw unreadable(server, 'it is not JSON', error);",
      replace: "void error;\n    return { status, body: {}, message: '' };",
    },
    {
      rule: 'an answer is bounded',
      code: 'not-a-drone',
      find: 'if (size > maxBody) throw',
      replace: 'if (size > 1e12) throw',
      only: 'an answer larger than 16 MiB is given up',
    },
    {
      rule: 'an answer has a limit in time',
      code: 'drone-unreachable',
      find: '  }, ms);\n  const stop',
      replace: '  }, ms * 1e4);\n  const stop',
    },
    {
      rule: 'a request that may have arrived is not called unsent',
      find: "socket === undefined ? 'never' : 'maybe'",
      replace: "socket === undefined ? 'never' : 'never'",
    },
    {
      rule: 'a request that was not sent is not called sent',
      find: "socket === undefined ? 'never' : 'maybe'",
      replace: "socket === undefined ? 'maybe' : 'maybe'",
      tests: [tls],
    },
  ],
);

const secure = guardsOf(
  'drone',
  'src/drone/dial.ts',
  [tls],
  [
    {
      rule: "Drone's certificate is verified, whatever the environment says",
      code: 'drone-tls-not-trusted',
      find: '      rejectUnauthorized: true,\n      minVersion',
      replace: '      rejectUnauthorized: false,\n      minVersion',
    },
    {
      rule: 'the environment cannot say that no certificate is verified',
      code: 'drone-tls-not-trusted',
      find: '      rejectUnauthorized: true,\n      minVersion',
      replace: '      minVersion',
    },
    {
      rule: 'the certificate is proved for the name of the URL, whatever address was connected to',
      code: 'drone-tls-not-trusted',
      find: '      host: server.host,\n      servername: server.servername,',
      replace: '      host: address ?? server.host,\n      servername: address ?? server.servername,',
    },
    {
      rule: "only the operator's authorities are trusted where they are named",
      code: 'drone-tls-not-trusted',
      find: '...(ca === undefined ? {} : { ca }),',
      replace: '',
    },
    {
      rule: 'a proxy that does not say 200 is no tunnel',
      code: 'drone-unreachable',
      find: "if (status !== '200')",
      replace: "if (status === '')",
    },
    {
      rule: "a proxy's header is bounded",
      code: 'drone-unreachable',
      find: 'if (head.length > maxProxyHeader)',
      replace: 'if (head.length > 1e9)',
      tests: ['test/drone/guards.test.ts'],
    },
  ],
);

export const guards: readonly Guard[] = [...address, ...routes, ...calls, ...secure];
