import { type IncomingMessage, createServer } from 'node:http';
import { describe, expect, test } from 'vitest';
import { connectDrone } from '../../src/drone/connection.ts';
import { recording } from '../support/recordings.ts';
import { call, http, json, listen, open, refusal } from './servers.ts';

describe('a call', () => {
  test('carries the token in its header alone, and the request id for Drone’s own log', async () => {
    let seen: IncomingMessage | undefined;
    const server = await http((request, response) => {
      seen = request;
      json(request, response);
    });
    const answer = await call({ server: `${server}/`, requestId: 'order-1' }, { method: 'POST' });
    expect(answer).toEqual({ status: 200, body: { login: 'bot' }, message: '' });
    expect(seen?.url).toBe('/api/user');
    expect(seen?.headers).toMatchObject({
      authorization: 'Bearer the-token',
      'x-request-id': 'order-1',
      'content-length': '0',
      connection: 'close',
      host: server.slice('http://'.length),
    });
  });

  test("an error's own word is told, and its status is no exception", async () => {
    const server = await http((_request, response) => {
      response.writeHead(409, { 'Content-Type': 'application/json' });
      response.end('{"message":"Optimistic Lock Error"}');
    });
    expect(await call({ server })).toMatchObject({ status: 409, message: 'Optimistic Lock Error' });
  });

  // Trap 1, recording 03: 200 with Drone's page for //api and for a prefix, whatever the method.
  test('a page of HTML with status 200 is not an answer', async () => {
    const item = recording('03').items.find(
      (one) => one.kind === 'exchange' && one.request.path.startsWith('//api/repos'),
    );
    if (item?.kind !== 'exchange' || item.response === undefined) throw new Error('the recording has changed');
    const { headers = {}, body = '' } = item.response;
    const server = await http((_request, response) => {
      response.writeHead(200, { 'Content-Type': headers['Content-Type'] ?? '' });
      response.end(body);
    });
    expect(await refusal(call({ server }))).toMatchObject({ code: 'not-a-drone', reached: 'elsewhere' });
  });

  test('an error page of a proxy leaves open what became of the request', async () => {
    const server = await http((_request, response) => {
      response.writeHead(502, { 'Content-Type': 'text/html' });
      response.end('<h1>Bad Gateway</h1>');
    });
    expect(await refusal(call({ server }))).toMatchObject({
      code: 'drone-unreachable',
      reached: 'maybe',
      message: expect.stringContaining('something in front of Drone'),
    });
  });

  test('JSON of another type is not an answer', async () => {
    const server = await http((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/jsonp' });
      response.end('{}');
    });
    expect(await refusal(call({ server }))).toMatchObject({ code: 'not-a-drone' });
  });

  test('text that calls itself JSON is not an answer', async () => {
    const server = await http((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8' });
      response.end('{"login":');
    });
    expect(await refusal(call({ server }))).toMatchObject({ code: 'not-a-drone', reached: 'maybe' });
  });

  // Trap 2, recordings 66 and 67: 301 turns POST into the list, 307 loses commit and parameters.
  test.each([301, 302, 303, 307, 308])('a redirect with %i is an error and is not followed', async (status) => {
    const asked: string[] = [];
    const server = await http((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.writeHead(status, { Location: 'https://drone.internal/api/user?access_token=x' });
      response.end();
    });
    const refused = await refusal(call({ server }, { method: 'POST' }));
    expect(refused).toMatchObject({ code: 'drone-redirected', reached: 'elsewhere' });
    expect(refused.message).toContain('"https://drone.internal/api/user"');
    expect(refused.message).not.toContain('access_token');
    expect(asked).toEqual(['POST /api/user']);
  });

  test('an answer larger than 16 MiB is given up', async () => {
    const server = await http((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    expect(await refusal(call({ server }, { limit: 20_000 }))).toMatchObject({
      message: expect.stringContaining('larger than'),
    });
  });

  test('an answer that stops in the middle is given up at the limit', async () => {
    const server = await http((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.write('{"login":');
    });
    expect(await refusal(call({ server }, { limit: 500 }))).toMatchObject({
      code: 'drone-unreachable',
      reached: 'maybe',
      message: expect.stringContaining('within 500 ms'),
    });
  });

  test('no answer at all is given up at the limit, and the request may have arrived', async () => {
    const server = await http(() => {});
    expect(await refusal(call({ server }, { limit: 500 }))).toMatchObject({
      code: 'drone-unreachable',
      reached: 'maybe',
    });
  });

  test('a server that hangs up leaves open what became of the request', async () => {
    const server = await http((request) => request.socket.destroy());
    expect(await refusal(call({ server }))).toMatchObject({
      code: 'drone-unreachable',
      reached: 'maybe',
      message: expect.stringContaining('the connection was reset'),
    });
  });

  // Node closes such a connection and tells it by nothing but the end of the request.
  test('an answer that switches protocols (101) is no answer, and nobody knows what became of the request', async () => {
    const port = await listen(
      createServer().on('connection', (socket) => {
        socket.once('data', () =>
          socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'),
        );
      }),
    );
    expect(await refusal(call({ server: `http://127.0.0.1:${port}` }, { method: 'POST' }))).toMatchObject({
      code: 'drone-unreachable',
      reached: 'maybe',
    });
  });

  test('informational answers without an end are given up at the limit', async () => {
    const port = await listen(
      createServer().on('connection', (socket) => {
        socket.once('data', () => {
          const timer = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'), 10);
          socket.once('close', () => clearInterval(timer));
        });
      }),
    );
    expect(await refusal(call({ server: `http://127.0.0.1:${port}` }, { limit: 500 }))).toMatchObject({
      reached: 'maybe',
      message: expect.stringContaining('within 500 ms'),
    });
  });

  test('where nothing listens, nothing was sent', async () => {
    const port = await listen(createServer());
    open.pop()?.close();
    expect(await refusal(call({ server: `http://127.0.0.1:${port}` }))).toMatchObject({
      code: 'drone-unreachable',
      reached: 'never',
      message: expect.stringContaining('nothing listens there'),
    });
  });

  test('a name that does not resolve is said', async () => {
    expect(await refusal(call({ server: 'http://drone.invalid' }, { limit: 10_000 }))).toMatchObject({
      code: 'drone-unreachable',
      reached: 'never',
    });
  });

  test('a call that its caller gives up throws the reason of the caller', async () => {
    const server = await http(() => {});
    const controller = new AbortController();
    const asked = connectDrone({ server, token: 't' }).call('/', { limit: 5000, signal: controller.signal });
    const reason = new Error('found elsewhere');
    setTimeout(() => controller.abort(reason), 20);
    await expect(asked).rejects.toBe(reason);
  });
});
