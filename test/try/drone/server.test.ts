import { generate } from 'selfsigned';
import { describe, expect, it } from 'vitest';
import { startRedirector } from '../../../src/try/drone/index.ts';
import { Journal } from '../../../src/try/drone/journal.ts';
import { ask } from './client.ts';
import { BUILDS, drone, entriesOf, GREEN, SLUG, TRIGGER } from './drones.ts';

const LONG = 60_000;

async function certificate(): Promise<{ key: string; cert: string }> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  });
  return { key, cert };
}

describe('HTTPS', () => {
  it('answers a client that trusts the certificate, not one that does not, and turns plain HTTP away', async () => {
    const tls = await certificate();
    const { drone: server } = await drone(GREEN, { tls });
    expect(server.url).toMatch(/^https:/);
    const trusting = { ca: tls.cert, token: 'bot-token' };
    expect((await ask(server.url, '/api/user', trusting)).json).toMatchObject({ login: 'bot' });
    expect((await ask(server.url, TRIGGER, { ...trusting, method: 'POST' })).json).toMatchObject({ number: 1 });
    await expect(ask(server.url, '/api/user')).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    const plain = await ask(server.url.replace('https:', 'http:'), '/api/user');
    expect([plain.status, plain.body]).toEqual([400, 'Client sent an HTTP request to an HTTPS server.\n']);
  });
});

describe('a redirector', () => {
  it('301 keeps the query, 307 forgets it', async () => {
    for (const [as, location] of [
      [301, `https://drone.example${TRIGGER}`],
      [307, `https://drone.example${BUILDS}`],
    ] as const) {
      const redirector = await startRedirector({ as, to: 'https://drone.example' });
      expect(await ask(redirector.url, TRIGGER, { method: 'POST' })).toMatchObject({
        status: as,
        headers: { location },
      });
      await redirector.close();
    }
  });
});

describe('a server that goes and comes', () => {
  it('cuts streams and refuses connections while it is away; builds go on, their streams then end at once', async () => {
    const {
      drone: server,
      ask: asBot,
      open,
      when,
      build,
    } = await drone({
      stages: [{ name: 'default', steps: [{ name: 'a', lines: ['x\n'], ms: LONG }] }],
    });
    await asBot('POST', TRIGGER);
    await when(1, ({ stages }) => stages[0]?.steps[0]?.alive === true);
    const stream = await open('/api/stream/octo/hello/1/1/1');
    await server.stop();
    await stream.until((_text, ended) => ended === 'broken');
    await expect(asBot('GET', `${BUILDS}/1`)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await server.start();
    expect((await asBot('GET', `${BUILDS}/1`)).json).toMatchObject({ status: 'running' });
    const again = await open('/api/stream/octo/hello/1/1/1');
    await again.until((_text, ended) => ended === true);
    expect(entriesOf(again.text())).toEqual([]);
    expect(build(1).stages[0]?.steps[0]?.alive).toBe(true);
  });

  it('comes back at the same address with what it knew', async () => {
    const { drone: server, ask: asBot } = await drone({ ...GREEN, pendingMs: Number.POSITIVE_INFINITY });
    await asBot('POST', TRIGGER);
    await server.restart();
    expect((await asBot('GET', BUILDS)).json).toMatchObject([{ number: 1, status: 'pending' }]);
  });

  it('close ends its builds too', async () => {
    const {
      drone: server,
      ask: asBot,
      when,
    } = await drone({ stages: [{ name: 'default', steps: [{ name: 'a', ms: LONG }] }] });
    await asBot('POST', TRIGGER);
    await when(1, ({ stages }) => stages[0]?.steps[0]?.alive === true);
    await server.close();
    await when(1, ({ stages }) => stages[0]?.steps[0]?.alive === false);
    await expect(asBot('GET', '/version')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

describe('the journal', () => {
  it('tells who asked for what, and how it was answered', async () => {
    const { drone: server, ask: asBot } = await drone(GREEN);
    await asBot('POST', `${TRIGGER}&A=1&A=2`);
    await asBot('GET', '//api/user');
    await ask(server.url, `/api/user?access_token=reader-token`);
    expect(server.requests).toMatchObject([
      { method: 'POST', path: BUILDS, query: { branch: 'main', A: '1' }, user: 'bot', status: 200 },
      { method: 'GET', path: '//api/user', user: 'bot', status: 200 },
      { method: 'GET', path: '/api/user', user: 'reader', status: 200 },
    ]);
  });

  it('holds the last thousand', () => {
    const journal = new Journal();
    for (let at = 0; at < 1010; at += 1) journal.add('GET', `/${at}`, new URLSearchParams('__proto__=x'), undefined);
    expect(journal.entries).toHaveLength(1000);
    expect(journal.entries[0]?.path).toBe('/10');
    expect(Object.keys(journal.entries[0]?.query ?? {})).toEqual(['__proto__']);
  });
});

describe('a disturbance', () => {
  it('takes the place of the answer, without effect on builds', async () => {
    const { drone: server, ask: asBot } = await drone(GREEN, {
      disturb: ({ query }) => {
        if (query.how === 'hang') return 'hang';
        if (query.how === 'hang-up') return 'hang-up';
        if (query.how === 'proxy') return { status: 502, body: '<h1>Bad Gateway</h1>', contentType: 'text/html' };
        return query.how === 'late' ? { delayMs: 20 } : undefined;
      },
    });
    await expect(asBot('POST', `${TRIGGER}&how=hang`, { giveUpMs: 100 })).rejects.toThrow('client gave up');
    await expect(asBot('POST', `${TRIGGER}&how=hang-up`)).rejects.toMatchObject({ code: 'ECONNRESET' });
    const proxy = await asBot('POST', `${TRIGGER}&how=proxy`);
    expect([proxy.status, proxy.headers['content-type'], proxy.body]).toEqual([
      502,
      'text/html',
      '<h1>Bad Gateway</h1>',
    ]);
    expect(server.builds(SLUG)).toEqual([]);
    expect((await asBot('POST', `${TRIGGER}&how=late`)).status).toBe(200);
    expect((await asBot('POST', TRIGGER)).status).toBe(200);
    expect(server.builds(SLUG)).toHaveLength(2);
  });
});

describe('options', () => {
  it('a repository that is not called owner/name is refused', async () => {
    await expect(drone(GREEN, {}, { slug: 'hello' })).rejects.toThrow('a repository is called owner/name, not hello');
  });

  it('an address that is taken is refused', async () => {
    const { drone: server } = await drone(GREEN);
    await expect(drone(GREEN, { port: Number(new URL(server.url).port) })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });

  it('a known path with another method is 405', async () => {
    const { ask: asBot } = await drone(GREEN);
    expect((await asBot('PUT', BUILDS)).status).toBe(405);
    expect((await asBot('GET', BUILDS)).status).toBe(200);
  });
});
