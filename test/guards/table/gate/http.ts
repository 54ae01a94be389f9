import { type Guard, guardsOf } from '../../guard.ts';

// What a caller can send, and how much of the gate it can take.

const calls = 'test/gate/direct-calls.test.ts';

const read = guardsOf(
  'gate',
  'src/gate/server/read.ts',
  [calls],
  [
    {
      rule: 'a path is compared as it was sent, not decoded',
      code: 'call-unknown',
      find: "const url = request.url ?? '';",
      replace: "const url = unescape(request.url ?? '');",
    },
    {
      rule: 'doubled slashes are not folded',
      code: 'call-unknown',
      find: "const url = request.url ?? '';",
      replace: "const url = (request.url ?? '').replaceAll('//', '/');",
    },
    {
      rule: 'a call is HTTP/1.1',
      code: 'call-malformed',
      find: "if (request.httpVersion !== '1.1')",
      replace: "if (request.httpVersion === '')",
    },
    {
      rule: 'a call expects nothing before its answer',
      code: 'call-malformed',
      find: 'if (headers.expect !== undefined)',
      replace: "if (headers.expect === '')",
    },
    {
      rule: 'a body is not chunked',
      code: 'call-malformed',
      find: "headers['transfer-encoding'] !== undefined || ",
      replace: '',
      tests: ['test/gate/guards.test.ts'],
      only: 'with a chunked body is told',
    },
    {
      rule: 'a body is not encoded',
      code: 'call-malformed',
      find: " || headers['content-encoding'] !== undefined",
      replace: '',
    },
    {
      rule: 'a body announces its length',
      code: 'call-malformed',
      find: "if (method === 'POST') throw",
      replace: "if (method === '') throw",
    },
    {
      rule: 'a body has at most 64 KiB, by its announcement already',
      code: 'input-too-large',
      find: 'if (Number(length) > max) throw tooLarge(max);',
      replace: '',
    },
    {
      rule: 'only POST calls have a body',
      code: 'call-malformed',
      find: "if (method !== 'POST' && Number(length) > 0)",
      replace: "if (method === '' && Number(length) > 0)",
    },
  ],
);

const httpRules = guardsOf(
  'gate',
  'src/gate/server/http.ts',
  [calls],
  [
    {
      rule: 'HTTP is parsed strictly',
      code: 'call-malformed',
      find: 'insecureHTTPParser: false',
      replace: 'insecureHTTPParser: true',
    },
    {
      rule: 'a call names its host',
      code: 'call-malformed',
      find: 'requireHostHeader: true',
      replace: 'requireHostHeader: false',
    },
    {
      rule: 'headers have at most 8 KiB',
      code: 'call-malformed',
      find: 'maxHeaderSize: limits.headerBytes',
      replace: 'maxHeaderSize: 1_000_000',
    },
    {
      rule: 'headers arrive in time',
      code: 'call-malformed',
      find: 'headersTimeout: limits.headers',
      replace: 'headersTimeout: 0',
      tests: ['test/gate/guards.test.ts'],
      only: 'whose headers do not end is cut',
    },
    {
      rule: 'a body arrives in time',
      code: 'call-malformed',
      find: 'requestTimeout: limits.request',
      replace: 'requestTimeout: 0',
    },
    {
      rule: 'a listener has a bounded number of connections',
      find: 'server.maxConnections = limits.connections;',
      replace: '',
      tests: ['test/gate/guards.test.ts'],
      only: 'over one connection too many',
    },
    {
      rule: 'calls are not pipelined',
      find: 'if (busy.has(socket)) {',
      replace: 'if (busy.has(socket) && limits.connections === 0) {',
      tests: ['test/gate/guards.test.ts'],
      only: 'behind another one on the same connection',
    },
    {
      rule: 'a call asks for no other protocol',
      code: 'call-malformed',
      find: "server.on('upgrade', (_request, socket) => refuse(socket, '400 Bad Request', 'the call asks for another protocol'));",
      replace:
        "server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 101 Switching Protocols\\r\\n\\r\\n'));",
    },
    {
      rule: 'CONNECT is no call',
      code: 'call-malformed',
      find: "server.on('connect', (_request, socket) => refuse(socket, '400 Bad Request', 'CONNECT is not a call of the gate'));",
      replace: "server.on('connect', (_request, socket) => socket.end('HTTP/1.1 200 OK\\r\\n\\r\\n'));",
    },
    {
      rule: 'what is no HTTP gets one answer that says so',
      code: 'call-malformed',
      find: "if (error.code === 'ECONNRESET') socket.destroy();",
      replace: "if (error.code !== '') socket.destroy();",
    },
    {
      rule: 'a caller that asks for another protocol and goes away does not end the gate',
      find: "socket.on('error', () => undefined);\n",
      replace: '\n',
      tests: ['test/gate/gone.test.ts', calls],
    },
  ],
);

const write = guardsOf(
  'gate',
  'src/gate/server/write.ts',
  ['test/gate/guards.test.ts'],
  [
    {
      rule: 'a caller that does not read its answer is dropped',
      find: 'const timer = setTimeout(settle, stall, false);',
      replace: 'const timer = setTimeout(settle, 1e9, false);',
      only: 'is dropped after a while',
    },
    {
      rule: 'a stream ends with its caller',
      find: "response.once('close', () => gone.abort());",
      replace: '',
      only: 'whose caller is gone ends',
    },
  ],
);

export const guards: readonly Guard[] = [...read, ...httpRules, ...write];
