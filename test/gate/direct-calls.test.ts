// What a fully controlled runner can send to its socket (THREATS.md section 6, 76 to 86). Every case must be refused with
// a code, must start no cell, and must leave the gate serving others.

import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Bench, type TestRunner, type TestSession, eventually, hex, startBench } from './support/bench.ts';
import { type Answer, call, raw, readEvents } from './support/http.ts';
import { jobClaims } from './support/issuer.ts';

let bench: Bench;
let runner: TestRunner;
let session: TestSession;
beforeAll(async () => {
  bench = await startBench({
    limits: { headers: 400, request: 800, check: 50, keepAlive: 500, stall: 1_000, connections: 8 },
    repositories: `
  - repository: octo/other
    id: 777
    drone: internal
    pipeline: same
    allow: [{ task: drone build, events: [push], refs: [refs/heads/main] }]
`,
  });
  runner = await bench.runner();
  session = await runner.session();
});
afterEach(async () => {
  // The allowed twin of everything in this file.
  const fresh = await (await bench.runner()).session();
  expect(await fresh.rehearse({ run_id: String(Date.now()), check_run_id: String(Date.now()) })).toMatchObject({
    status: 200,
  });
  await fresh.close();
});
afterAll(() => bench.stop());

const said = (answer: Answer): unknown => [answer.status, answer.body.refused?.code, answer.body.refused?.message];
const started = (): number => bench.cells.orders().length;
const statusOf = (text: string): string => text.slice(9, 12);
const head = (more: string): string => `POST /v1/sessions HTTP/1.1\r\nhost: x\r\n${more}\r\n`;
const good = '{"v":1,"image":"airlock"}';

describe('calls of an engine', () => {
  const paths = [
    '/',
    '/_ping',
    '/version',
    '/info',
    '/containers/json',
    '/containers/create',
    '/v1.41/containers/create?name=x',
    '/v1.54/containers/abc/start',
    '/v1.41/containers/abc/attach?stream=1&stdin=1',
    '/containers/abc/exec',
    '/exec/abc/start',
    '/build',
    '/images/create?fromImage=evil',
    '/session',
    '/grpc',
    '/api/v1/namespaces/airlock/pods',
    '/metrics',
    '/healthz',
    '/readyz',
    '/v1/',
    '/v1/sessions/',
    '/v2/sessions',
    '/V1/sessions',
    '//v1/sessions',
    '/v1//sessions',
    '/v1/sessions//',
    '/./v1/sessions',
    '/v1/../v1/sessions',
    '/v1/%2e%2e/v1/sessions',
    '/v1/%73essions',
    '/v1%2fsessions',
    '/v1/sessions;x=y',
    '/v1/sessions#x',
    '/v1/sessions%00',
    'http://x/v1/sessions',
    '*',
    `/v1/sessions/${'A'.repeat(32)}/tasks`,
    `/v1/sessions/${'a'.repeat(33)}/tasks`,
    `/v1/sessions/${'a'.repeat(32)}/tasks/`,
    `/v1/sessions/${'a'.repeat(32)}/exec`,
    `/v1/tasks/${'a'.repeat(32)}`,
  ];
  test.for(paths)('%s does not exist, by whatever method', async (path) => {
    for (const method of ['GET', 'POST', 'DELETE', 'HEAD', 'PROPFIND']) {
      const answer = await raw(
        runner.path,
        `${method} ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
      );
      expect([method, statusOf(answer)]).toEqual([method, '404']);
      if (method !== 'HEAD') expect(answer).toContain('"code":"call-unknown"');
    }
    expect(started()).toBe(0);
  });

  test('a known call by another method is refused', async () => {
    for (const [method, path] of [
      ['GET', '/v1/sessions'],
      ['PUT', '/v1/sessions'],
      ['DELETE', `/v1/tasks/${hex()}/cancel`],
      ['POST', `/v1/tasks/${hex()}/events`],
    ] as const)
      expect(said(await runner.call(method, path, method === 'GET' ? undefined : ''))).toEqual([
        405,
        'call-unknown',
        expect.stringMatching(/^this call is made with /),
      ]);
  });

  test('a query that is not exactly two numbers is refused', async () => {
    for (const query of [
      'state=-1',
      'state=1e3',
      'state=0x1',
      'state=01',
      'state=',
      'state',
      'log=1&log=2',
      'state=1&more=2',
      'state=1&&log=2',
      '&',
      'state=%31',
      'state=1;log=2',
      'STATE=1',
      `state=${'9'.repeat(16)}`,
      '__proto__=1',
    ])
      expect(said(await runner.call('GET', `/v1/tasks/${hex()}/events?${query}`))).toEqual([
        400,
        'call-malformed',
        'the query is not state=N&log=M',
      ]);
    expect(said(await runner.call('GET', `/v1/tasks/${hex()}/events?state=1&log=2`))).toEqual([
      404,
      'task-unknown',
      'this runner has no such task',
    ]);
    expect(said(await runner.call('POST', '/v1/sessions?x=1', good))).toEqual([
      400,
      'call-malformed',
      'this call has no query',
    ]);
  });
});

describe('the way a call is sent', () => {
  const cases: readonly [string, string | readonly string[], string][] = [
    ['Content-Length 0 where a body is needed', head('content-length: 0\r\n'), '400'],
    ['no Content-Length', head(''), '411'],
    ['a chunked body', `${head('transfer-encoding: chunked\r\n')}19\r\n${good}\r\n0\r\n\r\n`, '411'],
    [
      'chunked and a length',
      `${head('transfer-encoding: chunked\r\ncontent-length: 25\r\n')}19\r\n${good}\r\n0\r\n\r\n`,
      '400',
    ],
    ['two lengths', `${head('content-length: 25\r\ncontent-length: 3\r\n')}${good}`, '400'],
    ['two equal lengths', `${head('content-length: 25\r\ncontent-length: 25\r\n')}${good}`, '400'],
    ['a list of lengths', `${head('content-length: 25, 25\r\n')}${good}`, '400'],
    ['a negative length', `${head('content-length: -1\r\n')}${good}`, '400'],
    ['a length with a sign', `${head('content-length: +25\r\n')}${good}`, '400'],
    ['a hexadecimal length', `${head('content-length: 0x19\r\n')}${good}`, '400'],
    ['a length beyond all numbers', `${head('content-length: 99999999999999999999999\r\n')}${good}`, '400'],
    ['a body larger than 64 KiB', head('content-length: 65537\r\n'), '413'],
    ['an encoded body', `${head('content-encoding: gzip\r\ncontent-length: 25\r\n')}${good}`, '411'],
    ['Expect: 100-continue', head('expect: 100-continue\r\ncontent-length: 25\r\n'), '417'],
    ['another expectation', head('expect: something\r\ncontent-length: 25\r\n'), '417'],
    [
      'an upgrade to a websocket',
      `GET /v1/sessions HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`,
      '400',
    ],
    [
      'an upgrade as docker attach makes it',
      `${head('connection: Upgrade\r\nupgrade: tcp\r\ncontent-length: 25\r\n')}${good}`,
      '400',
    ],
    ['CONNECT', 'CONNECT drone.internal:443 HTTP/1.1\r\nhost: x\r\n\r\n', '400'],
    ['the HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '400'],
    ['HTTP/1.0', `POST /v1/sessions HTTP/1.0\r\nhost: x\r\ncontent-length: 25\r\n\r\n${good}`, '505'],
    ['HTTP/0.9', 'GET /v1/sessions\r\n\r\n', '505'],
    ['no host', `POST /v1/sessions HTTP/1.1\r\ncontent-length: 25\r\n\r\n${good}`, '400'],
    ['a bare CR in a header', `${head('x-a: b\rcontent-length: 3\r\ncontent-length: 25\r\n')}${good}`, '400'],
    ['a bare LF between headers', `POST /v1/sessions HTTP/1.1\nhost: x\ncontent-length: 25\n\n${good}`, '400'],
    ['a folded header', `${head('x-a: b\r\n c\r\ncontent-length: 25\r\n')}${good}`, '400'],
    ['a NUL in a header', `${head('x-a: \0\r\ncontent-length: 25\r\n')}${good}`, '400'],
    ['a blank before the colon', `${head('content-length : 25\r\n')}${good}`, '400'],
    ['headers of more than 8 KiB', `${head(`x-a: ${'a'.repeat(9_000)}\r\ncontent-length: 25\r\n`)}${good}`, '431'],
    ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', '400'],
    ['noise', '\0\x01\x02\xff'.repeat(100), '400'],
  ];
  test.for(cases)('%s is refused', async ([, bytes, status]) => {
    const answer = await raw(runner.path, bytes);
    expect([statusOf(answer), answer.match(/^HTTP\/1\.1 \d/gm)?.length]).toEqual([status, 1]);
    expect(answer).not.toContain('"session"');
    if (!answer.includes('content-length: 0') && answer.includes('{'))
      expect(answer).toMatch(/"code":"(call-malformed|input-[a-z-]+)"/);
  });

  test('the plain call beside them is answered', async () => {
    const other = await bench.runner();
    const answer = await raw(other.path, `${head('connection: close\r\ncontent-length: 25\r\n')}${good}`);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*"session":"[0-9a-f]{32}"/);
  });

  test('more bytes than announced are not taken for a second call', async () => {
    const other = await bench.runner();
    const smuggled = `POST /v1/sessions HTTP/1.1\r\nhost: x\r\ncontent-length: 25\r\n\r\n${good}`;
    const answer = await raw(other.path, `${head('content-length: 25\r\n')}${good}${smuggled}`, 2_000);
    // One answer at most, and the connection is closed: calls are not pipelined.
    expect(answer.match(/^HTTP\/1\.1 \d/gm)?.length ?? 0).toBeLessThanOrEqual(1);
  });

  test('calls one after the other on one connection are answered', async () => {
    const other = await bench.runner();
    const socket = connect(other.path);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.write(`${head('content-length: 25\r\n')}${good}`);
    await eventually(() => text.includes('"session"'));
    socket.write(`${head('content-length: 25\r\n')}${good}`);
    await eventually(() => text.match(/"session"/g)?.length === 2);
    socket.destroy();
  });

  test.for([
    ['nothing at all', []],
    ['half a request line', ['POST /v1/sess']],
    ['headers that never end', [head('').slice(0, -2)]],
    ['a body that never comes', [head('content-length: 25\r\n')]],
    ['half a body', [`${head('content-length: 25\r\n')}{"v":`]],
  ] as const)('a connection that sends %s is cut', async ([, parts]) => {
    const began = performance.now();
    const answer = await raw(runner.path, [...parts], 20_000);
    expect(answer === '' || statusOf(answer) === '408').toBe(true);
    expect(performance.now() - began).toBeLessThan(15_000);
  });

  test('a caller that sends one byte at a time is cut as well', async () => {
    const socket = connect(runner.path);
    const closed = new Promise<void>((done) => {
      socket.on('close', () => done());
    });
    socket.on('error', () => undefined).resume();
    const bytes = head('content-length: 25\r\n');
    let at = 0;
    const timer = setInterval(() => socket.write(bytes[at++ % bytes.length]!), 100);
    await closed;
    clearInterval(timer);
  });

  test('connections beyond the limit are closed, and the socket serves again when they are gone', async () => {
    const other = await bench.runner();
    const sockets = Array.from({ length: 30 }, () => connect(other.path));
    let closed = 0;
    for (const socket of sockets)
      socket
        .on('close', () => closed++)
        .on('error', () => undefined)
        .resume();
    await eventually(() => closed >= 22);
    for (const socket of sockets) socket.destroy();
    await eventually(() => closed === 30);
    let answer: Answer | undefined;
    await eventually(() => {
      call(other.path, 'POST', '/v1/sessions', good).then(
        (one) => (answer = one),
        () => undefined,
      );
      return answer !== undefined;
    });
    expect(answer!.status).toBe(200);
  });
});

describe('what a call contains', () => {
  const bodies: readonly [string, string, string][] = [
    ['an extra field', '{"v":1,"image":"airlock","cmd":["sh"]}', 'input-unknown-field'],
    ['binds', '{"v":1,"image":"airlock","HostConfig":{"Binds":["/:/h"]}}', 'input-unknown-field'],
    ['the image twice', '{"v":1,"image":"airlock","image":"evil"}', 'input-duplicate-key'],
    ['the image in another case', '{"v":1,"image":"airlock","Image":"evil"}', 'input-case-variant-key'],
    ['__proto__', '{"v":1,"image":"airlock","__proto__":{}}', 'input-forbidden-key'],
    ['an image that is a list', '{"v":1,"image":["airlock"]}', 'input-wrong-type'],
    ['no image', '{"v":1}', 'input-missing-field'],
    ['no version', '{"image":"airlock"}', 'input-missing-field'],
    ['null', 'null', 'input-wrong-type'],
    ['a list', '[]', 'input-wrong-type'],
    ['no JSON', '{', 'input-not-json'],
    ['two documents', `${good}${good}`, 'input-not-json'],
    ['a deep nest', `{"v":1,"image":${'['.repeat(40)}${']'.repeat(40)}}`, 'input-too-deep'],
  ];
  test.for(bodies)('%s is refused', async ([, body, code]) => {
    expect(await runner.call('POST', '/v1/sessions', body)).toMatchObject({ status: 400, body: { refused: { code } } });
  });

  test('what is not UTF-8 is refused', async () => {
    const answer = await raw(runner.path, [
      head('connection: close\r\ncontent-length: 2\r\n'),
      Buffer.from([0xff, 0xfe]),
    ] as never);
    expect(answer).toContain('"code":"input-not-utf8"');
  });

  test('another version of the calls is refused', async () => {
    expect(said(await runner.call('POST', '/v1/sessions', { v: 2, image: 'airlock' }))).toEqual([
      400,
      'call-malformed',
      'the hook speaks version 2, this gate 1',
    ]);
  });

  test.for(['node', 'airlock:latest', 'AIRLOCK', 'airlock ', 'evil/airlock', 'airlock@sha256:00', ''])(
    'the image %j is not accepted',
    async (image) => {
      const other = await bench.runner();
      expect(await other.call('POST', '/v1/sessions', { v: 1, image })).toMatchObject({
        status: 403,
        body: { refused: { code: 'image-not-accepted' } },
      });
      expect(bench.audit().at(-1)).toMatchObject({
        event: 'session',
        decision: 'refused',
        code: 'image-not-accepted',
        runner: other.name,
      });
    },
  );

  test.for([
    'image',
    'cmd',
    'env',
    'binds',
    'network',
    'ref',
    'commit',
    'sha',
    'repository',
    'server',
    'limits',
    'nonce',
    'Params',
  ])('a task request with the field %s is refused', async (field) => {
    expect(await session.ask({ [field]: 'x' })).toMatchObject({
      status: 400,
      body: { refused: { code: expect.stringMatching(/^input-(unknown-field|case-variant-key)$/) } },
    });
    expect(started()).toBe(0);
  });

  test('a body on a call that has none is refused', async () => {
    const bytes = `DELETE /v1/sessions/${session.id} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}`;
    expect(await raw(runner.path, bytes)).toContain('"message":"only POST calls have a body"');
    expect(await runner.call('POST', `/v1/sessions/${session.id}/challenge`, {})).toMatchObject({ status: 200 });
    expect(await runner.call('POST', `/v1/sessions/${session.id}/challenge`, { audience: 'x' })).toMatchObject({
      status: 400,
      body: { refused: { code: 'input-unknown-field' } },
    });
  });
});

describe("what is another's", () => {
  test('session and task ids of another runner, guessed or known, are unknown', async () => {
    const [mine, other] = [await bench.runner(), await bench.runner()];
    const theirs = await other.session();
    const { id, reader } = await theirs.task({}, { run_id: '81', check_run_id: '81' });
    await reader.ended;
    const unknown = [404, 'session-unknown', 'this runner has no such session'];
    for (const one of [theirs.id, hex()]) {
      expect(said(await mine.call('POST', `/v1/sessions/${one}/challenge`, {}))).toEqual(unknown);
      expect(said(await mine.call('POST', `/v1/sessions/${one}/rehearsal`, { token: 'x' }))).toEqual(unknown);
      expect(said(await mine.call('POST', `/v1/sessions/${one}/tasks`, {}))).toEqual(unknown);
      expect(said(await mine.call('DELETE', `/v1/sessions/${one}`))).toEqual(unknown);
    }
    for (const one of [id, hex()]) {
      expect(said(await mine.call('GET', `/v1/tasks/${one}/events?state=0&log=0`))).toEqual([
        404,
        'task-unknown',
        'this runner has no such task',
      ]);
      expect(said(await mine.call('POST', `/v1/tasks/${one}/cancel`, {}))).toEqual([
        404,
        'task-unknown',
        'this runner has no such task',
      ]);
      expect(said(await mine.call('POST', `/v1/tasks/${one}/proof`, {}))).toEqual([
        404,
        'task-unknown',
        'this runner has no such task',
      ]);
    }
    expect(await other.call('POST', `/v1/tasks/${id}/cancel`, {})).toMatchObject({ status: 200 });
  });

  test('an ephemeral runner belongs to the first job that it proves, for ever', async () => {
    const one = await bench.runner();
    const first = await one.session();
    expect(await first.rehearse({ run_id: '82', check_run_id: '82' })).toMatchObject({ status: 200 });
    for (const other of [
      { check_run_id: '83' },
      { run_id: '83' },
      { run_attempt: '2' },
      { repository_id: '777', repository: 'octo/other' },
    ]) {
      const claims = { run_id: '82', check_run_id: '82', ...other };
      expect(said(await first.rehearse(claims))).toEqual([403, 'runner-bound', 'this session belongs to another job']);
      const next = await one.session();
      expect(said(await next.rehearse(claims))).toEqual([
        403,
        'runner-bound',
        'this runner belongs to another job, for ever',
      ]);
      expect(said(await next.ask({}, claims))).toEqual([
        403,
        'runner-bound',
        'this runner belongs to another job, for ever',
      ]);
      expect(await next.rehearse({ run_id: '82', check_run_id: '82' })).toMatchObject({ status: 200 });
      await next.close();
      Object.assign(first, await one.session());
      expect(await first.rehearse({ run_id: '82', check_run_id: '82' })).toMatchObject({ status: 200 });
    }
  });

  test('a static runner has one session at a time, and each session one job', async () => {
    const fixed = await bench.runner('static-1', false);
    const first = await fixed.session();
    expect(await first.rehearse({ run_id: '84', check_run_id: '84' })).toMatchObject({ status: 200 });
    expect(said(await first.rehearse({ run_id: '84', check_run_id: '85' }))).toEqual([
      403,
      'runner-bound',
      'this session belongs to another job',
    ]);
    const second = await fixed.session();
    expect(
      said(
        await first
          .rehearse({ run_id: '84', check_run_id: '84' })
          .catch(() => fixed.call('DELETE', `/v1/sessions/${first.id}`)),
      ),
    ).toEqual([404, 'session-unknown', 'this runner has no such session']);
    expect(await second.rehearse({ run_id: '84', check_run_id: '85' })).toMatchObject({ status: 200 });
    await second.close();
  });

  test('no call is answered without a session of its own', async () => {
    const other = await bench.runner();
    expect(said(await other.call('POST', `/v1/sessions/${session.id}/tasks`, { v: 1 }))).toEqual([
      404,
      'session-unknown',
      'this runner has no such session',
    ]);
    const own = await other.session();
    await own.close();
    expect(said(await other.call('POST', `/v1/sessions/${own.id}/challenge`, {}))).toEqual([
      404,
      'session-unknown',
      'this runner has no such session',
    ]);
  });
});

describe('a second task of one job', () => {
  test('is refused while the first runs, after its end, while it is cancelled, and on another runner', async () => {
    const claims = { run_id: '90', check_run_id: '90' };
    const other = await bench.runner();
    const one = await other.session();
    const orders = started();
    const { id, reader } = await one.task({}, claims);
    const refused = [403, 'tasks-per-job', 'this job has had 1 task, and a job may have 1'];
    expect(said(await one.ask({}, claims))).toEqual(refused);
    await other.call('POST', `/v1/tasks/${id}/cancel`, {});
    expect(said(await one.ask({}, claims))).toEqual(refused);
    await reader.ended;
    expect(said(await one.ask({}, claims))).toEqual(refused);
    const elsewhere = await (await bench.runner()).session();
    expect(said(await elsewhere.ask({}, claims))).toEqual(refused);
    await one.close();
    const again = await other.session();
    expect(said(await again.ask({}, claims))).toEqual(refused);
    expect(started()).toBe(orders + 1);
  });
});

describe('claims that GitHub signed but the policy does not allow', () => {
  const attempts: readonly [string, Record<string, unknown>, string][] = [
    ['a repository that is not listed', { repository: 'evil/app', repository_id: '666' }, 'repository-not-listed'],
    ['the name of a listed repository with another id', { repository_id: '666' }, 'repository-id-differs'],
    ['the id of a listed repository under another name', { repository: 'evil/app' }, 'repository-not-listed'],
    ['a path in the name', { repository: 'octo/b/../app' }, 'repository-not-listed'],
    ['a look-alike letter', { repository: 'oct\u043e/app' }, 'repository-not-listed'],
    ['an event that is not listed', { event_name: 'pull_request' }, 'event-not-allowed'],
    ['pull_request_target', { event_name: 'pull_request_target' }, 'event-not-allowed'],
    ['the ref of a pull request', { ref: 'refs/pull/1/head' }, 'ref-not-allowed'],
    ['a tag with the name of an allowed branch', { ref: 'refs/tags/main', ref_type: 'tag' }, 'ref-not-allowed'],
    ['a branch that begins like an allowed one', { ref: 'refs/heads/main/x' }, 'ref-not-allowed'],
    ['a branch with a shell command', { ref: 'refs/heads/$(id)' }, 'ref-not-allowed'],
    ['a ref that nobody protects', { ref_protected: 'false' }, 'ref-not-protected'],
    ['39 digits of a commit', { sha: 'a'.repeat(39) }, 'claim-not-plain'],
    ['41 digits of a commit', { sha: 'a'.repeat(41) }, 'claim-not-plain'],
    ['a commit in capitals', { sha: 'A'.repeat(40) }, 'claim-not-plain'],
  ];
  test.for(attempts)('%s is refused, at the rehearsal and at the task', async ([, claims, code], { task }) => {
    const id = String(task.id.split('_').at(-1)!).replace(/\D/g, '') || '1';
    const one = await (await bench.runner()).session();
    const job = { run_id: `7${id}`, check_run_id: `7${id}`, ...claims };
    const [orders, cells] = [started(), bench.cells.cells.length];
    expect(await one.rehearse(job)).toMatchObject({ status: 403, body: { refused: { code } } });
    expect(await one.ask({}, job)).toMatchObject({ status: 403, body: { refused: { code } } });
    expect(bench.audit().at(-1)).toMatchObject({
      event: 'task',
      decision: 'refused',
      code,
      detail: expect.any(String),
    });
    expect(started()).toBe(orders);
    expect(bench.cells.cells.length).toBe(cells);
  });

  test('a repository in another case is the same repository only if GitHub says so by its id', async () => {
    const one = await (await bench.runner()).session();
    const answer = await one.rehearse({
      repository: 'OCTO/APP',
      repository_id: '666',
      run_id: '95',
      check_run_id: '95',
    });
    expect(answer).toMatchObject({ status: 403, body: { refused: { code: 'repository-not-listed' } } });
  });

  test.for([
    [{ params: { EVIL: 'x' } }, 'param-not-allowed'],
    [{ params: { ENVIRONMENT: 'production' } }, 'param-value-not-allowed'],
    [{ params: { NOTE: '$(id)' } }, 'param-value-not-allowed'],
    [{ params: { DRONE_BRANCH: 'x' } }, 'param-not-allowed'],
    [{ params: { AIRLOCK_NONCE: 'x' } }, 'param-not-allowed'],
    [{ params: { environment: 'staging' } }, 'param-not-allowed'],
    [{ task: 'drone promote', build: 1, target: 'x' }, 'task-not-allowed'],
    [{ task: 'drone rollback', build: 1, target: 'x' }, 'task-not-allowed'],
  ] as const)('%j is refused', async ([body, code]) => {
    const one = await (await bench.runner()).session();
    const orders = started();
    expect(await one.ask(body, { run_id: '96', check_run_id: '96' })).toMatchObject({
      status: 403,
      body: { refused: { code } },
    });
    expect(started()).toBe(orders);
  });

  test('the same job without these is given its one task', async () => {
    const one = await (await bench.runner()).session();
    const { id } = await one.task(
      { params: { ENVIRONMENT: 'staging' }, build: 5, target: 'x' },
      { run_id: '96', check_run_id: '96' },
    );
    await readEvents(one.runner.path, id).ended;
    const order = bench.cells.orders().find((one) => one.id === id);
    expect(order).toMatchObject({ ref: jobClaims.ref, commit: jobClaims.sha });
    expect(Object.keys(order!)).not.toContain('build');
    expect(Object.keys(order!)).not.toContain('target');
  });
});
