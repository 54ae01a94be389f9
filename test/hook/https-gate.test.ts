import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FakeGate, startFakeGate } from '../fakes/gate.ts';
import { type FakeIssuer, startIssuer } from '../fakes/id-token.ts';
import { certificate } from './support/certificate.ts';
import { Job, annotationOf } from './support/job.ts';

describe('a gate behind HTTPS', () => {
  let pair: { key: string; cert: string };
  let gate: FakeGate;
  let issuer: FakeIssuer;
  let job: Job;
  beforeAll(async () => {
    pair = await certificate('localhost');
  });
  beforeEach(async () => {
    gate = await startFakeGate(pair);
    issuer = await startIssuer();
    job = new Job(gate.setting, issuer);
    job.env['AIRLOCK_GATE_CA'] = job.put(join(job.home, 'ca.pem'), pair.cert);
    job.env['AIRLOCK_RUNNER_TOKEN'] = job.put(join(job.home, 'token'), 'first\n');
  });
  afterEach(async () => {
    job.remove();
    await Promise.all([gate.close(), issuer.close()]);
  });

  it('is called with the runner’s token, which is read again for each call, and never through a proxy', async () => {
    gate.script.answer = ({ name }) => {
      if (name === 'POST challenge') writeFileSync(job.env['AIRLOCK_RUNNER_TOKEN'] ?? '', 'second\n');
      return undefined;
    };
    const env = { https_proxy: 'http://127.0.0.1:1', HTTPS_PROXY: 'http://127.0.0.1:1' };
    expect((await job.call(job.step(), { env })).code).toBe(0);
    expect(gate.calls.map(({ headers }) => headers['authorization'])).toEqual([
      'Bearer first',
      'Bearer second',
      'Bearer second',
    ]);
  });

  it('is not believed with a certificate of another authority', async () => {
    const called = await job.call(job.prepare(), { env: { AIRLOCK_GATE_CA: '' }, limits: { reconnect: 30 } });
    expect(annotationOf(called)).toEqual([
      'gate-unreachable',
      expect.stringContaining('the gate cannot be reached (DEPTH_ZERO_SELF_SIGNED_CERT)'),
    ]);
    expect(gate.calls).toEqual([]);
  });

  it('is not believed under another name', async () => {
    const env = { AIRLOCK_GATE: gate.setting.replace('localhost', '127.0.0.1') };
    const called = await job.call(job.prepare(), { env, limits: { reconnect: 30 } });
    expect(annotationOf(called)).toEqual(['gate-unreachable', expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID')]);
    expect(gate.calls).toEqual([]);
  });

  it.each(['AIRLOCK_GATE_CA', 'AIRLOCK_RUNNER_TOKEN'])('is not called when %s cannot be read', async (name) => {
    const called = await job.call(job.prepare(), { env: { [name]: join(job.home, 'absent') } });
    expect(annotationOf(called)).toEqual([
      'hook-settings',
      'AIRLOCK_GATE_CA or AIRLOCK_RUNNER_TOKEN cannot be read: ENOENT.',
    ]);
    expect(gate.calls).toEqual([]);
  });

  it('is told of no token where none is set', async () => {
    expect((await job.call(job.prepare(), { env: { AIRLOCK_RUNNER_TOKEN: undefined } })).code).toBe(0);
    expect(gate.calls.every(({ headers }) => headers['authorization'] === undefined)).toBe(true);
  });
});
