import { describe, expect, test } from 'vitest';
import { branchOf, paths } from '../../src/drone/paths.ts';
import { parseServer } from '../../src/drone/server.ts';

describe("Drone's URL", () => {
  test('a trailing slash is tolerated', () => {
    expect(parseServer('https://drone.internal/').origin).toBe('https://drone.internal');
  });

  test.each([
    ['https://drone.internal', { tls: true, host: 'drone.internal', port: 443, servername: 'drone.internal' }],
    ['http://drone.internal', { tls: false, host: 'drone.internal', port: 80 }],
    ['https://drone.internal:8443', { port: 8443, authority: 'drone.internal:8443' }],
    ['https://10.0.0.1', { host: '10.0.0.1', servername: '' }],
    ['https://[fd00::1]:8443', { host: 'fd00::1', servername: '', authority: '[fd00::1]:8443' }],
  ])('%s is understood', (text, expected) => {
    expect(parseServer(text)).toMatchObject(expected);
  });

  test.each([
    ['https://drone.internal/drone', 'has the path "/drone", and Drone answers its API only from the root'],
    ['https://drone.internal//', 'has the path "//"'],
    ['https://drone.internal/api/', 'has the path "/api/"'],
    ['drone.internal', 'is not a URL'],
    ['ftp://drone.internal', 'is neither http nor https'],
    ['https://bot:secret@drone.internal', 'holds a user name or a password'],
    ['https://drone.internal/?a=b', 'holds a query or a fragment'],
    ['https://drone.internal/#a', 'holds a query or a fragment'],
  ])('%s is refused', (text, message) => {
    expect(() => parseServer(text)).toThrow(
      expect.objectContaining({
        code: 'drone-url-not-accepted',
        rule: 'drones.*.server',
        message: expect.stringContaining(message),
      }),
    );
  });

  test('a password in the URL is not repeated in the refusal', () => {
    expect(() => parseServer('https://bot:hunter2@drone.internal')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    );
  });
});

describe('paths', () => {
  test('a branch goes by its short name, a tag by its full ref (recording 21)', () => {
    expect(branchOf('refs/heads/release/1.2')).toBe('release/1.2');
    expect(branchOf('refs/tags/v1')).toBe('refs/tags/v1');
  });

  test('a branch that is called like a tag does not become one', () => {
    expect(branchOf('refs/heads/refs/tags/v1')).toBe('refs/heads/refs/tags/v1');
  });

  test('names and values are encoded, so none becomes a path or another parameter', () => {
    expect(paths.build('octo/a?b', 7)).toBe('/api/repos/octo/a%3Fb/builds/7');
    expect(
      paths.trigger('octo/hello', 'refs/heads/main', 'a'.repeat(40), { VERSION: '1&commit=x', NOTE: 'a b+c' }),
    ).toBe(`/api/repos/octo/hello/builds?branch=main&commit=${'a'.repeat(40)}&VERSION=1%26commit%3Dx&NOTE=a+b%2Bc`);
  });

  test('without a commit none is sent: Drone takes the head of the branch', () => {
    expect(paths.trigger('octo/hello', 'refs/heads/main', undefined, {})).toBe(
      '/api/repos/octo/hello/builds?branch=main',
    );
  });

  test('logs and streams are asked for by the numbers of stage and step', () => {
    expect(paths.storedLog('octo/hello', 7, 1, 2)).toBe('/api/repos/octo/hello/builds/7/logs/1/2');
    expect(paths.liveLog('octo/hello', 7, 1, 2)).toBe('/api/stream/octo/hello/7/1/2');
  });
});
