// The policy's file while a gate runs: what is taken on, what is refused, and who hears of it.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type PolicyWatch, watchPolicy } from '../../src/cli/policy-watch.ts';
import { type Audit, type LivePolicy, fileAudit, livePolicy } from '../../src/gate/index.ts';
import { loadPolicy } from '../../src/policy/index.ts';

const text = (more = ''): string => `version: 1
image: { run: 'sha256:${'a'.repeat(64)}', accept: [airlock] }
identity: { audience: 'https://airlock.test.example' }
drones: { internal: { server: https://drone.internal, token: { file: /nonexistent } } }
${more}`;

let folder: string;
let file: string;
let live: LivePolicy;
let audit: Audit;
let watch: PolicyWatch;
let logged: { level: number; msg: string }[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'airlock-watch-'));
  file = join(folder, 'policy.yaml');
  writeFileSync(file, text());
  live = livePolicy(loadPolicy(text(), file));
  audit = await fileAudit(join(folder, 'audit'));
  logged = [];
  const log = pino({}, { write: (line: string) => void logged.push(JSON.parse(line) as never) });
  watch = watchPolicy({ file, text: text(), live, audit, log, every: 10 });
});
afterEach(async () => {
  watch.stop();
  await audit.close();
  rmSync(folder, { recursive: true, force: true });
});

const lines = (): { event: string; decision: string; policy: string; message?: string }[] =>
  readFileSync(join(folder, 'audit'), 'utf8')
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as never]));
const seen = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((done) => setTimeout(done, 5));
};
const errors = (): number => logged.filter(({ level }) => level === 50).length;

describe('a policy file that changes', () => {
  test('is in force without anybody asking, and the audit log says so first', async () => {
    const before = live.policy.hash;
    writeFileSync(file, text('limits: { tasksAtOnce: 7 }\n'));
    await seen(() => live.policy.limits.tasksAtOnce === 7);
    expect(live.policy.hash).not.toBe(before);
    expect(lines()).toMatchObject([{ event: 'policy', decision: 'allowed', policy: live.policy.hash }]);
    expect(watch.problem()).toBeNull();
  });

  test('is read at SIGHUP', async () => {
    watch.stop();
    watch = watchPolicy({ file, text: text(), live, audit, log: pino({ level: 'silent' }), every: 3_600_000 });
    writeFileSync(file, text('limits: { tasksAtOnce: 8 }\n'));
    process.emit('SIGHUP');
    await seen(() => live.policy.limits.tasksAtOnce === 8);
  });

  test.for<[string, () => void, RegExp]>([
    [
      'that is broken',
      () => writeFileSync(file, text('limits: { tasksAtonce: 7 }\n')),
      /policy\.yaml:5:11: limits\.tasksAtonce: is not a key/,
    ],
    ['that is gone', () => rmSync(file), /ENOENT/],
    [
      'that asks for another image',
      () => writeFileSync(file, text().replace('aaaa', 'bbbb')),
      /image\.run changed, which needs a restart of the gate/,
    ],
    [
      'that asks for another identity',
      () => writeFileSync(file, text().replace('airlock.test', 'other.test')),
      /identity changed, which needs a restart of the gate/,
    ],
  ])('%s is refused loudly, and the old one stays', async ([, change, message]) => {
    const before = live.policy.hash;
    change();
    await seen(() => watch.problem() !== null && lines().length > 0);
    expect(watch.problem()).toMatch(message);
    expect(live.policy.hash).toBe(before);
    expect(lines()[0]).toMatchObject({ event: 'policy', decision: 'failed', policy: before });
    expect(lines()[0]?.message).toMatch(message);
    const told = errors();
    expect(told).toBeGreaterThan(0);
    // Whoever asks again hears it again.
    await watch.look(true);
    expect(errors()).toBeGreaterThan(told);
    writeFileSync(file, text('limits: { tasksAtOnce: 9 }\n'));
    await seen(() => live.policy.limits.tasksAtOnce === 9);
    expect(watch.problem()).toBeNull();
  });

  test('is not in force before the audit log says so, and is as soon as it can', async () => {
    watch.stop();
    let failures = 2;
    const unsure: Audit = {
      ...audit,
      write: (entry) => (failures-- > 0 ? Promise.reject(new Error('the disk is full')) : audit.write(entry)),
    };
    const log = pino({ level: 'silent' });
    watch = watchPolicy({ file, text: text(), live, audit: unsure, log, every: 3_600_000 });
    writeFileSync(file, text('limits: { tasksAtOnce: 7 }\n'));
    await watch.look();
    expect(live.policy.limits.tasksAtOnce).toBe(20);
    expect(watch.problem()).toBe('the disk is full');
    await watch.look();
    expect(live.policy.limits.tasksAtOnce).toBe(7);
    expect(watch.problem()).toBeNull();
  });

  test('back to what is in force is no problem any more, and no new policy', async () => {
    writeFileSync(file, 'version: 2\n');
    await seen(() => watch.problem() !== null && lines().length === 1);
    writeFileSync(file, text());
    await seen(() => watch.problem() === null);
    expect(lines()).toHaveLength(1);
  });
});
