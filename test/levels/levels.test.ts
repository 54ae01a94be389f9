// What of a build's log leaves the cell, over every way out: the job's log, its summary, annotations and outputs, the
// gate's log, its audit log and its ledger. Each text that a step prints is a canary.

import { describe, expect, test } from 'vitest';
import type { DroneScenario } from '../../src/try/drone/index.ts';
import { droneToken, kept, playJob, shown } from './jobs.ts';

const numbered = Array.from({ length: 60 }, (_, index) => `CANARY-BAD ${index + 1}.\n`);
const failing: DroneScenario = {
  pendingMs: 10,
  stages: [
    {
      name: 'default',
      steps: [
        { name: 'good', lines: ['CANARY-GOOD ::error::CANARY-COMMAND\n', `token ${droneToken}\n`], ms: 40 },
        { name: 'bad', lines: numbered, status: 'failure', exitCode: 3, ms: 60 },
      ],
    },
  ],
};
const broken: DroneScenario = {
  pendingMs: 10,
  stages: [{ name: 'default', error: 'CANARY-ERROR of the stage', steps: [{ name: 'bad', lines: ['CANARY-BAD\n'] }] }],
};

describe('at the level status', () => {
  test.each([
    ['because GitHub says that the repository is public', {}],
    ['because the policy says so', { repository: 'log: status', visibility: 'private' }],
  ] as const)('%s, not one byte of what a step prints is anywhere', async (_why, options) => {
    const { result, where, out } = await playJob(failing, options);
    expect(result.conclusion).toBe('failure');
    expect(where('CANARY')).toEqual([]);
    expect(where(droneToken)).toEqual([]);
    // Stages, steps and times are told.
    expect(out.log).toMatch(/✓ default\/good: success[^]*✗ default\/bad: failure/);
    expect(out.summary).toMatch(/good[^]*bad/);
    expect(out.annotations).toContain('step \\"default/bad\\" ended with exit code 3');
    expect(JSON.parse(out.outputs)[1]).toContainEqual(expect.objectContaining({ number: '1', status: 'failure' }));
  });

  test.each<[string, DroneScenario]>([
    ['an error of a stage', broken],
    ['what .drone.yml is refused for', { ...failing, trigger: { yamlError: 'yaml: CANARY-YAML' } }],
    ['what the code host says', { ...failing, trigger: { scm: 'CANARY-SCM' } }],
  ])("%s is Drone's text, and stays inside", async (_what, scenario) => {
    const { result, where } = await playJob(scenario);
    expect(result.conclusion).toBe('failure');
    expect(where('CANARY')).toEqual([]);
  });
});

describe('at the level tail', () => {
  test('the last lines of the step that failed are shown, and nothing of another', async () => {
    const { where, out } = await playJob(failing, { repository: 'log: tail' });
    expect(where('CANARY-GOOD')).toEqual([]);
    expect(where('CANARY-BAD 10.')).toEqual([]);
    expect(where('CANARY-BAD 11.')).toEqual(['log']);
    expect(where('CANARY-BAD 60.')).toEqual(['log', 'summary']);
    expect(out.log).toContain('── default/bad ──');
  });

  test('nothing of a success is shown', async () => {
    const green = { name: 'good', lines: ['CANARY\n'], ms: 40 };
    const { result, where } = await playJob(
      { pendingMs: 10, stages: [{ name: 'default', steps: [green] }] },
      { repository: 'log: tail' },
    );
    expect(result.conclusion).toBe('success');
    expect(where('CANARY')).toEqual([]);
  });
});

describe('at the level full', () => {
  test.each([
    ['because GitHub says that the repository is private', { visibility: 'private' }],
    ['because the policy says so', { repository: 'log: full' }],
  ] as const)('%s, every line is in the log, and none in what the operator keeps', async (_why, options) => {
    const { where } = await playJob(failing, options);
    expect(where('CANARY-GOOD')).toEqual(['log']);
    expect(where('CANARY-BAD 1.')).toEqual(['log']);
    // The last lines of what failed.
    expect(where('CANARY-BAD 60.')).toEqual(['log', 'summary']);
    expect(where('CANARY')).not.toEqual(expect.arrayContaining([...kept]));
    expect(where(droneToken)).toEqual([]);
  });

  test("Drone's error texts are told to the author", async () => {
    const { where } = await playJob(broken, { repository: 'log: full' });
    expect(where('CANARY-ERROR')).toEqual(expect.arrayContaining(['log', 'annotations']));
    expect(where('CANARY-ERROR').some((way) => way === 'gate log')).toBe(false);
  });
});

describe('what the operator redacts', () => {
  const secret = 'hunter2-pa"ss::w\u00f6rd';
  const padding = 'x'.repeat(32_768 - 5);
  const everywhere: DroneScenario = {
    pendingMs: 10,
    stages: [
      {
        name: `stage ${secret}`,
        steps: [
          {
            name: `step ${secret}`,
            lines: [
              `${padding}${secret} and more\n`,
              secret.slice(0, 9),
              `${secret.slice(9)}\n`,
              `::error::${secret}\n`,
            ],
            status: 'failure',
            ms: 60,
          },
        ],
      },
    ],
  };

  test.each(['full', 'tail', 'status'])('is nowhere, wherever Drone brings it: %s', async (log) => {
    const { where, out } = await playJob(everywhere, { repository: `log: ${log}`, redact: `other\n${secret}\n` });
    expect(where('hunter2')).toEqual([]);
    expect(where('w\u00f6rd')).toEqual([]);
    expect(out.log).toContain('stage ***/step ***');
    expect(out.log.includes('*** and more')).toBe(log !== 'status');
  });

  test.each(['full', 'status'])("is nowhere, not in Drone's own words either: %s", async (log) => {
    const error = `no way with ${secret}`;
    const { out, where } = await playJob(
      { pendingMs: 10, stages: [{ name: `stage ${secret}`, error, steps: [] }] },
      { repository: `log: ${log}`, redact: `${secret}\n` },
    );
    expect(where('hunter2')).toEqual([]);
    expect(out.annotations.includes('no way with ***')).toBe(log === 'full');
  });

  test('is replaced in the address of the build as well', async () => {
    const { out, where } = await playJob(failing, {
      drone: "publicUrl: 'https://drone.internal-name.example'",
      redact: 'internal-name\n',
    });
    expect(where('internal-name')).toEqual([]);
    expect(out.outputs).toContain('https://drone.***.example/octo/widgets/1');
  });
});

describe("the address of Drone's server", () => {
  const green: DroneScenario = {
    pendingMs: 10,
    stages: [{ name: 'default', steps: [{ name: 'deploy', lines: ['see http://127.0.0.1:1/x\n'], ms: 30 }] }],
  };
  const inside = '127.0.0.1';

  test('is shown where the policy says nothing else', async () => {
    const { where } = await playJob(green);
    expect(where(`http://${inside}`)).toEqual(expect.arrayContaining(['log', 'outputs', 'summary']));
  });

  test.each([
    ['hidden', 'publicUrl: hidden', ''],
    ['another one', "publicUrl: 'https://drone.example/'", 'https://drone.example/octo/widgets/1'],
  ])('is shown nowhere where it is %s', async (_what, drone, url) => {
    const { out, where } = await playJob(green, { drone, repository: 'log: full' });
    expect(where(inside).filter((way) => (shown as readonly string[]).includes(way))).toEqual([]);
    expect(out.log).toContain('see http://***:1/x');
    expect(out.outputs).toContain(JSON.stringify(url));
    expect(out.log.includes(url)).toBe(true);
  });

  test.each([
    ['an unreachable server', 'publicUrl: hidden', (lane: { drone: { stop(): Promise<void> } }) => lane.drone.stop()],
    ['an unreachable proxy', "publicUrl: hidden, proxy: 'http://127.0.0.1:9'", () => Promise.resolve()],
    ['an address to connect to', "publicUrl: hidden, address: '127.0.0.9'", () => Promise.resolve()],
  ])('is hidden in a failure as well: %s', async (_what, drone, before) => {
    const { result, out, where } = await playJob(green, { drone, before });
    expect(result.conclusion).toBe('failure');
    expect(out.annotations).toContain('[airlock drone-unreachable]');
    expect(where('127.0.0').filter((way) => (shown as readonly string[]).includes(way))).toEqual([]);
  });
});
