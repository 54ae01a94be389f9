import { describe, expect, it } from 'vitest';
import { readSettings } from '../../src/hook/settings.ts';

const gateOf = (setting: string) => readSettings({ AIRLOCK_GATE: setting }).gate;

describe("the hook's settings", () => {
  it.each([
    ['unix:/run/airlock/gate.sock', { socketPath: '/run/airlock/gate.sock' }],
    ['https://gate.airlock', { socketPath: undefined, host: 'gate.airlock', port: '443' }],
    ['https://gate.airlock/', { host: 'gate.airlock', port: '443' }],
    ['https://gate.airlock:8443', { host: 'gate.airlock', port: '8443' }],
    ['https://10.0.0.1:8443', { host: '10.0.0.1', port: '8443' }],
    ['https://[fd00::1]:8443', { host: 'fd00::1', port: '8443' }],
    ['https://[fd00::1]', { host: 'fd00::1', port: '443' }],
  ])('take %s', (setting, expected) => {
    expect(gateOf(setting)).toMatchObject(expected);
  });

  it.each([
    undefined,
    '',
    'unix:',
    'unix:gate.sock',
    '/run/gate.sock',
    'http://gate',
    'https://',
    'https://gate/path',
    'https://user@gate',
    'https://gate?x',
    'tcp://gate:1',
    ' https://gate',
  ])('refuse %s', (setting) => {
    expect(() => readSettings({ AIRLOCK_GATE: setting })).toThrow(
      expect.objectContaining({
        code: 'hook-settings',
        message: "AIRLOCK_GATE in the runner's own environment must be unix:/path or https://host:port",
      }),
    );
  });

  it('have GitHub’s own host for the id token unless the operator names another', () => {
    const gate = { AIRLOCK_GATE: 'unix:/s' };
    expect(readSettings(gate).idTokenHost).toBe('.actions.githubusercontent.com');
    expect(readSettings({ ...gate, AIRLOCK_ID_TOKEN_HOST: '' }).idTokenHost).toBe('.actions.githubusercontent.com');
    expect(readSettings({ ...gate, AIRLOCK_ID_TOKEN_HOST: 'GHES.example' }).idTokenHost).toBe('ghes.example');
  });
});
