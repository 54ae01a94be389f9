// A gate, GitHub's id token endpoint and a job for each test of a file; all of it goes when the test ends.

import { afterEach, beforeEach } from 'vitest';
import { type FakeGate, startFakeGate } from '../../fakes/gate.ts';
import { type FakeIssuer, startIssuer } from '../../fakes/id-token.ts';
import { Job } from './job.ts';

export interface World {
  gate: FakeGate;
  issuer: FakeIssuer;
  job: Job;
}

/** Fields are there from the first `beforeEach` on. */
export function world(): World {
  const here = {} as World;
  beforeEach(async () => {
    here.gate = await startFakeGate();
    here.issuer = await startIssuer();
    here.job = new Job(here.gate.setting, here.issuer);
  });
  afterEach(async () => {
    here.job.remove();
    await Promise.all([here.gate.close(), here.issuer.close()]);
  });
  return here;
}
