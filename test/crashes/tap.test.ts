// The tap lets everything through, and what is held is held on the right side.

import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base, expect } from 'vitest';
import { type Tap, startTap } from './tap.ts';

interface Tapped {
  readonly tap: Tap;
  readonly served: string[];
  readonly lines: string[];
  readonly ask: (path: string) => Promise<string>;
}

const test = base.extend<{ tapped: Tapped }>({
  // oxlint-disable-next-line eslint/no-empty-pattern
  tapped: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), 'airlock-tap-'));
    const served: string[] = [];
    const lines: string[] = [];
    const server = createServer((req, res) => {
      served.push(`${req.method} ${req.url}`);
      req.pipe(res.writeHead(201, { 'x-from': 'there' }));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const to = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
    const tap = await startTap({ path: join(folder, 's'), to, onLine: (_, line) => lines.push(line) });
    const ask = (path: string): Promise<string> =>
      new Promise((done, fail) => {
        const call = request({ socketPath: tap.path, method: 'POST', path, agent: false }, (answer) => {
          let text = `${answer.statusCode} ${String(answer.headers['x-from'])} `;
          answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
          answer.on('end', () => done(text)).on('error', fail);
        });
        call.on('error', fail);
        call.end('one\ntwo\n');
      });
    await use({ tap, served, lines, ask });
    await tap.close();
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  },
});

test('what nobody holds passes whole, and its lines are told', async ({ tapped: { ask, served, lines } }) => {
  expect(await ask('/a?b=c')).toBe('201 there one\ntwo\n');
  expect(served).toEqual(['POST /a?b=c']);
  expect(lines).toEqual(['one', 'two']);
});

test('what is held when it is asked has not arrived', async ({ tapped: { tap, ask, served } }) => {
  const held = tap.hold(({ path }) => path === '/a', 'asked');
  const answer = ask('/a');
  await held.reached;
  expect(await ask('/b')).toContain('201');
  expect(served).toEqual(['POST /b']);
  held.release();
  expect(await answer).toContain('201');
  expect(served).toEqual(['POST /b', 'POST /a']);
});

test('a line that is held does not arrive before it is released', async ({ tapped: { tap, ask, lines } }) => {
  const held = tap.holdLine((line) => line === 'two');
  const answer = ask('/a');
  await held.reached;
  expect(lines).toEqual(['one']);
  held.release();
  expect(await answer).toContain('two');
  expect(lines).toEqual(['one', 'two']);
});

test('what is held when it is answered was carried out', async ({ tapped: { tap, ask, served, lines } }) => {
  const held = tap.hold(() => true, 'answered');
  const answer = ask('/a');
  await held.reached;
  expect([served, lines]).toEqual([['POST /a'], []]);
  held.release();
  expect(await answer).toContain('one');
});
