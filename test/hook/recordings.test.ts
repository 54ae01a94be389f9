import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Called, Job, annotationOf, recording } from './support/job.ts';
import { world } from './support/world.ts';

const here = world();
const names = readdirSync(new URL('../fixtures/contract/', import.meta.url)).map((name) => name.replace('.json', ''));

/** What each recorded call must come to: a code, or what the gate was asked for. */
const expected: Readonly<Record<string, readonly string[]>> = {
  'composite-action': [
    'session',
    'action-not-allowed',
    'param-not-allowed',
    'text-not-a-task',
    'action-not-allowed',
    'action-not-allowed',
    'closed',
  ],
  'container-map': ['container-options-not-allowed', 'no-session', 'nothing'],
  'docker-actions': ['session', ...Array<string>(5).fill('container-step-not-allowed'), 'closed'],
  'env-hostile': ['container-env-not-allowed', 'no-session', 'nothing'],
  hashfiles: ['session', 'build', 'closed'],
  'js-action': ['session', ...Array<string>(4).fill('action-not-allowed'), 'closed'],
  // Whether an image is accepted is the gate's to say; this one says yes to all.
  'other-image': ['session', 'build', 'closed'],
  outputs: ['session', 'build', 'closed'],
  'run-bash': ['session', 'build', 'closed'],
  // Recorded with PARAM_target, which names no parameter.
  'run-default': ['session', 'param-not-allowed', 'closed'],
  'run-defaults-shell': ['session', 'shell-not-allowed', 'shell-not-allowed', 'closed'],
  'run-other-shells': ['session', ...Array<string>(4).fill('shell-not-allowed'), 'closed'],
  'run-text': [
    'session',
    'text-not-a-task',
    'text-not-a-task',
    'text-not-a-task',
    'build',
    'text-not-a-task',
    'build',
    'closed',
  ],
  services: ['services-not-allowed', 'no-session', 'nothing'],
};

function cameTo(called: Called, calls: readonly string[]): string {
  if (called.code !== 0) {
    // A refused call asks the gate for nothing.
    return calls.length === 0 ? annotationOf(called)[0] : `asked ${calls.join()}`;
  }
  const known = { 'POST rehearsal': 'session', 'GET events': 'build', 'DELETE session': 'closed' };
  const last = calls.at(-1) ?? '';
  return Object.hasOwn(known, last) ? known[last as keyof typeof known] : 'nothing';
}

describe("every call that the real runner's worker made", () => {
  it('is expected here', () => {
    expect(names.sort()).toEqual(Object.keys(expected).sort());
  });

  it.each(names)('of %s ends as it must', async (name) => {
    const { calls } = recording(name);
    const job = new Job(here.gate.setting, here.issuer, recording('run-bash'));
    const ends: string[] = [];
    let state: unknown = null;
    try {
      for (const recorded of calls) {
        const call = job.moved(recorded);
        for (const [file, text] of Object.entries(call.files)) job.put(join(job.temp, file), text);
        const own = ['GITHUB_OUTPUT', 'GITHUB_STEP_SUMMARY'].flatMap((variable) => call.env[variable] ?? []);
        for (const file of own) job.put(file, '');
        here.gate.calls.length = 0;
        const { AIRLOCK_GATE, AIRLOCK_ID_TOKEN_HOST, ACTIONS_ID_TOKEN_REQUEST_URL } = job.env;
        job.env['GITHUB_OUTPUT'] = undefined;
        const env = { ...call.env, AIRLOCK_GATE, AIRLOCK_ID_TOKEN_HOST, ACTIONS_ID_TOKEN_REQUEST_URL };
        const called = await job.call({ ...call.input, state }, { env });
        if (called.code === 0 && called.response !== '')
          ({ state } = JSON.parse(called.response ?? '{}') as { state: unknown });
        ends.push(cameTo(called, here.gate.names()));
        if (ends.at(-1) === 'build') expect(readFileSync(own[0] ?? '', 'utf8')).toContain('\n42\n');
      }
    } finally {
      job.remove();
    }
    expect(ends).toEqual(expected[name]);
  });
});
