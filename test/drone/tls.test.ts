import { type RequestListener, createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type Socket, connect, createServer as createTcpServer } from 'node:net';
import { generate } from 'selfsigned';
import { beforeAll, describe, expect, test } from 'vitest';
import { call, http, json, listen, refusal, sockets } from './servers.ts';

describe('TLS', () => {
  let own: { key: string; cert: string };
  let other: { key: string; cert: string };
  const certificate = async (name: string, ip = '127.0.0.9'): Promise<{ key: string; cert: string }> => {
    const made = await generate([{ name: 'commonName', value: name }], {
      keySize: 2048,
      extensions: [
        { name: 'basicConstraints', cA: true, critical: true },
        {
          name: 'subjectAltName',
          altNames: [
            { type: 2, value: name },
            { type: 7, ip },
          ],
        },
      ],
    });
    return { key: made.private, cert: made.cert };
  };
  beforeAll(async () => {
    [own, other] = await Promise.all([certificate('drone.internal'), certificate('elsewhere.internal', '127.0.0.1')]);
  });
  const https = async (pair: { key: string; cert: string }, listener: RequestListener = json): Promise<number> =>
    listen(createTlsServer(pair, listener));

  test("the operator's authority is trusted, and the certificate is proved for the name of the URL", async () => {
    let host = '';
    let sni: unknown;
    const port = await https(own, (request, response) => {
      host = request.headers.host ?? '';
      sni = (request.socket as Socket & { servername?: unknown }).servername;
      json(request, response);
    });
    const answer = await call({ server: `https://drone.internal:${port}`, address: '127.0.0.1', ca: own.cert });
    expect(answer.status).toBe(200);
    expect(host).toBe(`drone.internal:${port}`);
    expect(sni).toBe('drone.internal');
  });

  test('an authority that the operator did not name is not trusted (recording 67)', async () => {
    const port = await https(own);
    expect(await refusal(call({ server: `https://drone.internal:${port}`, address: '127.0.0.1' }))).toMatchObject({
      code: 'drone-tls-not-trusted',
      reached: 'never',
      message: expect.stringContaining('not signed by a trusted authority'),
    });
  });

  test('the authority of another server is not trusted', async () => {
    const port = await https(own);
    const refused = refusal(call({ server: `https://drone.internal:${port}`, address: '127.0.0.1', ca: other.cert }));
    expect(await refused).toMatchObject({ code: 'drone-tls-not-trusted', reached: 'never' });
  });

  test('a certificate for another name is not trusted (recording 67)', async () => {
    const port = await https(other);
    const refused = refusal(call({ server: `https://drone.internal:${port}`, address: '127.0.0.1', ca: other.cert }));
    expect(await refused).toMatchObject({
      code: 'drone-tls-not-trusted',
      message: expect.stringContaining('for another name'),
    });
  });

  test('an IP address in the URL is proved as one', async () => {
    const port = await https(other);
    expect((await call({ server: `https://127.0.0.1:${port}`, ca: other.cert })).status).toBe(200);
    const wrong = await https(own);
    expect(await refusal(call({ server: `https://127.0.0.1:${wrong}`, ca: own.cert }))).toMatchObject({
      code: 'drone-tls-not-trusted',
    });
  });

  test('an authority that is no certificate trusts nobody', async () => {
    const port = await https(own);
    const refused = refusal(
      call({ server: `https://drone.internal:${port}`, address: '127.0.0.1', ca: 'not a certificate' }),
    );
    expect(await refused).toMatchObject({ code: 'drone-tls-not-trusted' });
  });

  test('NODE_TLS_REJECT_UNAUTHORIZED changes nothing', async () => {
    const port = await https(own);
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    try {
      const refused = refusal(call({ server: `https://drone.internal:${port}`, address: '127.0.0.1' }));
      expect(await refused).toMatchObject({ code: 'drone-tls-not-trusted' });
    } finally {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
    }
  });

  test('https to a port that speaks http is said', async () => {
    const port = await listen(createServer(json));
    expect(await refusal(call({ server: `https://127.0.0.1:${port}` }))).toMatchObject({
      code: 'drone-url-not-accepted',
      reached: 'never',
      message: expect.stringContaining('does not speak TLS'),
    });
  });

  test('http to a port that speaks https is said (recording 67)', async () => {
    const server = await http((_request, response) => {
      response.writeHead(400);
      response.end('Client sent an HTTP request to an HTTPS server.\n');
    });
    expect(await refusal(call({ server }))).toMatchObject({
      code: 'drone-url-not-accepted',
      message: expect.stringContaining('speaks https only'),
    });
  });

  test('a handshake that stands still is given up, and nothing was sent', async () => {
    const port = await listen(createTcpServer());
    expect(await refusal(call({ server: `https://127.0.0.1:${port}` }, { limit: 100 }))).toMatchObject({
      code: 'drone-unreachable',
      reached: 'never',
    });
  });

  describe('through a proxy', () => {
    const asked: string[] = [];

    async function proxy(status: string, to?: number): Promise<string> {
      const port = await listen(
        createTcpServer((client) => {
          client.once('data', (chunk) => {
            asked.push(chunk.toString('latin1'));
            client.write(`HTTP/1.1 ${status}\r\nX: y\r\n\r\n`);
            if (to === undefined) return;
            const upstream = connect(to, '127.0.0.1');
            sockets.add(upstream);
            upstream.on('error', () => client.destroy());
            client.pipe(upstream).pipe(client);
          });
        }),
      );
      return `http://127.0.0.1:${port}`;
    }

    test('Drone is reached by CONNECT, by name, and the token stays inside TLS', async () => {
      const port = await https(own);
      const through = await proxy('200 Connection established', port);
      const answer = await call({ server: `https://drone.internal:${port}`, ca: own.cert, proxy: through });
      expect(answer.status).toBe(200);
      expect(asked.at(-1)).toBe(`CONNECT drone.internal:${port} HTTP/1.1\r\nHost: drone.internal:${port}\r\n\r\n`);
    });

    test('plain http goes through CONNECT too', async () => {
      const port = await listen(createServer(json));
      const through = await proxy('200 OK', port);
      expect((await call({ server: `http://drone.internal:${port}`, proxy: through })).status).toBe(200);
    });

    test.each([
      ['407 Proxy Authentication Required', 'it answered 407'],
      ['403 Forbidden', 'it answered 403'],
      ['nonsense', 'it is no HTTP proxy'],
    ])('a proxy that answers %s is named as the cause', async (status, why) => {
      const through = await proxy(status);
      expect(await refusal(call({ server: 'https://drone.internal', proxy: through }))).toMatchObject({
        code: 'drone-unreachable',
        reached: 'never',
        message: expect.stringContaining(why),
      });
    });

    test('a proxy that hangs up is named as the cause', async () => {
      const port = await listen(createTcpServer((client) => client.once('data', () => client.end())));
      expect(
        await refusal(call({ server: 'https://drone.internal', proxy: `http://127.0.0.1:${port}` })),
      ).toMatchObject({
        message: expect.stringContaining('it hung up'),
      });
    });

    test('a proxy that says nothing is given up at the limit', async () => {
      const port = await listen(createTcpServer());
      const asking = call({ server: 'https://drone.internal', proxy: `http://127.0.0.1:${port}` }, { limit: 100 });
      expect(await refusal(asking)).toMatchObject({ code: 'drone-unreachable', reached: 'never' });
    });

    test('a proxy with an endless header is given up', async () => {
      const port = await listen(
        createTcpServer((client) => {
          client.on('error', () => {});
          client.once('data', () => client.write(`HTTP/1.1 200 OK\r\nX: ${'y'.repeat(70_000)}`));
        }),
      );
      const asking = call({ server: 'https://drone.internal', proxy: `http://127.0.0.1:${port}` });
      expect(await refusal(asking)).toMatchObject({ code: 'drone-unreachable', reached: 'never' });
    });
  });
});
