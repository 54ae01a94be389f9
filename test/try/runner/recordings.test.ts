import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readWorkflow, selectJobs } from '../../../src/try/workflow/index.ts';
import { differences } from './differences.ts';
import { play, type SeenCall } from './play.ts';
import { leaves, normalise, type Recording, withoutActions } from './recordings.ts';

const folder = join(import.meta.dirname, '../../fixtures/contract');
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.slice(0, -'.json'.length));
const load = (name: string) => JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Recording;

async function compare(name: string): Promise<{ recorded: SeenCall[]; played: SeenCall[] }> {
  const recording = load(name);
  const job = selectJobs(readWorkflow(recording.workflow, 'wf.yml'))[0]!;
  const steps = job.steps.map(({ id }) => id);
  const foreign = job.steps.flatMap(({ uses }, index) => (uses?.includes('@') === true ? [index] : []));
  const { seen, root, result } = await play(recording.workflow, {
    actions: 'skip',
    idToken: 'always',
    runnerName: 'lab-runner',
    secrets: { DRONE_TOKEN: 's3cret-token', REG: 'reg-pass', GITHUB_TOKEN: 'ghs_fake' },
    environment: {
      ACTIONS_ID_TOKEN_REQUEST_URL: 'https://run-actions.example/idtoken?api-version=2.0',
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'ghs_id_token_request_token',
    },
  });
  expect(result.calls.map(({ input }) => input)).toEqual(seen.map(({ input }) => input));
  const hook = seen[0]!.env['ACTIONS_RUNNER_CONTAINER_HOOKS']!;
  return {
    recorded: normalise(withoutActions(recording.calls, foreign), {
      root: '/home/runner',
      hook: '/opt/airlock/hook.js',
      steps,
    }),
    played: normalise(seen, { root, hook, steps }),
  };
}

describe('the played runner makes the calls that the real one was recorded with', () => {
  it('there are recordings', () => {
    expect(names.length).toBeGreaterThanOrEqual(14);
    expect(Object.keys(differences).filter((name) => !names.includes(name))).toEqual([]);
  });

  for (const name of names) {
    it(`${name}: the same commands, input, environment and files`, async () => {
      const { recorded, played } = await compare(name);
      expect(played.map(({ input }) => input.command)).toEqual(recorded.map(({ input }) => input.command));
      const [theirs, own] = [leaves(recorded), leaves(played)];
      const differing = [...new Set([...theirs.keys(), ...own.keys()])]
        .filter((path) => theirs.get(path) !== own.get(path))
        .map((path) => ({ path, recorded: theirs.get(path), played: own.get(path) }));
      const known = (differences[name] ?? []).map(({ path, recorded: real, played: ours }) => ({
        path,
        recorded: real,
        played: ours,
      }));
      const byPath = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : 1);
      expect(differing.toSorted(byPath)).toEqual(known.toSorted(byPath));
      // The order of the fields and of the variables, too.
      expect(JSON.stringify(played.map(({ input }) => input))).toBe(JSON.stringify(recorded.map(({ input }) => input)));
    });
  }
});
