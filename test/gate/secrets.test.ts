// What an order needs from files, and what of it is refused because it would do more harm than good.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readSecrets } from '../../src/gate/tasks/secrets.ts';
import type { DronePolicy } from '../../src/policy/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'airlock-secrets-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): { readonly file: string } {
  const path = join(folder, name);
  writeFileSync(path, text);
  return { file: path };
}

const drone: DronePolicy = { server: 'https://drone.internal', token: file('token', 'a-token\n') };
const read = (redact: string) =>
  readSecrets({ redact: file('redact', redact) }, drone, undefined, 10_000).then((secrets) => secrets.redact);

describe('what has to be redacted', () => {
  test('is one literal a line; empty lines are none', async () => {
    expect(await read('hunter2\r\n\npa ss\nabc\n')).toEqual(['hunter2', 'pa ss', 'abc']);
  });

  test.each(['a', '*', 'ab', 'ü', ' x'])(
    'is no literal like %j, which would make stars of every log',
    async (short) => {
      await expect(read(`hunter2\n${short}\nhunter3\n`)).rejects.toMatchObject({
        code: 'gate-failed',
        message: expect.stringContaining('holds fewer than 3 characters in line 2'),
      });
    },
  );

  test('is no literal that an order cannot carry', async () => {
    expect(await read('x'.repeat(4096))).toHaveLength(1);
    await expect(read('x'.repeat(4097))).rejects.toMatchObject({
      message: expect.stringContaining('holds more than 4096 characters in line 1'),
    });
    await expect(read('xxxx\n'.repeat(60_000))).rejects.toMatchObject({
      message: expect.stringContaining('has more than 262144 characters'),
    });
  });

  test('is never told, and neither is where it stands', async () => {
    const failure = await read('s3cret\nab\n').then(String, String);
    expect(failure).not.toMatch(/s3cret|ab\b|airlock-secrets/);
  });
});

describe('a token from the workflow', () => {
  const fromWorkflow: DronePolicy = { ...drone, token: 'workflow' };
  test.each([undefined, '', 'a', 'ab'])('is none when it is %j', async (token) => {
    await expect(readSecrets({}, fromWorkflow, token, 10_000)).rejects.toMatchObject({
      code: 'drone-token-missing',
    });
  });

  test('is one when it is a text', async () => {
    expect(await readSecrets({}, fromWorkflow, 'abc', 10_000)).toMatchObject({ token: 'abc' });
  });
});
