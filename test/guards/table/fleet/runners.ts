import { type Guard, guardsOf } from '../../guard.ts';

// One runner for one job, sealed, and gone afterwards.

const fleetTest = 'test/fleet/fleet.test.ts';
const planTest = 'test/fleet/plan.test.ts';

const plan = guardsOf(
  'fleet',
  'src/fleet/plan.ts',
  [planTest],
  [
    {
      rule: 'there are never more runners than the most',
      find: 'wanted.max - all)',
      replace: '1e9)',
    },
    {
      rule: 'a runner ends after its job, also one that does not want to',
      find: 'if (since(now, doneSince) >= timing.afterJob)',
      replace: 'if (since(now, doneSince) >= 1e9)',
    },
    {
      rule: 'a job ends at its deadline',
      find: 'if (since(now, busySince) >= timing.deadline)',
      replace: 'if (since(now, busySince) >= 1e9)',
    },
    {
      rule: 'nothing lives twice its deadline, whatever it says',
      find: 'if (since(now, made) >= 2 * timing.deadline)',
      replace: 'if (since(now, made) >= 1e9)',
    },
    {
      rule: 'a runner without a registration ends',
      find: 'if (since(now, missingSince) >= timing.missing)',
      replace: 'if (since(now, missingSince) >= 1e9)',
    },
    {
      rule: 'nothing is made while trouble is waited out',
      find: 'stopping || now < holdUntil ? 0 :',
      replace: 'stopping ? 0 :',
    },
  ],
);

const hands = guardsOf(
  'fleet',
  'src/fleet/works.ts',
  [fleetTest],
  [
    {
      rule: 'a runner that the engine made in another way is not started',
      find: 'if (differing.length > 0)',
      replace: 'if (differing.length > 1e9)',
    },
    {
      rule: 'a runner with a job is not removed as if it were waiting',
      find: "if (id !== null && (await github.removeRunner(id)) === 'busy') return false;",
      replace: 'if (id !== null) await github.removeRunner(id);',
    },
    {
      rule: 'what could not be made leaves no registration',
      find: '        await unregister(name);\n        memory.forget(name);\n        throw error;',
      replace: '        memory.forget(name);\n        throw error;',
    },
  ],
);

const whole = guardsOf(
  'fleet',
  'src/fleet/fleet.ts',
  [fleetTest],
  [
    {
      rule: 'a gate that is not the active one touches no runner',
      find: 'if (!active()) return doors.closeAll();',
      replace: '',
    },
    {
      rule: 'runners that had their job make no fleet wait',
      find: "registration === 'removed' && lived < timing.quick",
      replace: 'lived < timing.quick',
    },
  ],
);

const doors = guardsOf(
  'fleet',
  'src/fleet/doors.ts',
  [fleetTest],
  [
    {
      rule: "the folder above all sockets is the gate's user's alone",
      find: 'await mkdir(folder, { recursive: true, mode: 0o700 });',
      replace: 'await mkdir(folder, { recursive: true });',
    },
  ],
);

const names = guardsOf(
  'fleet',
  'src/fleet/names.ts',
  [planTest, fleetTest],
  [
    {
      rule: "registrations of others are left alone, also such as look like the fleet's",
      find: 'name.startsWith(prefix) && random.test(name.slice(prefix.length))',
      replace: 'name.startsWith(prefix)',
    },
  ],
);

const limits = guardsOf(
  'fleet',
  'src/fleet/github/rate-limit.ts',
  ['test/fleet/github.test.ts'],
  [
    {
      rule: 'GitHub is left alone when it has said for how long',
      find: 'if (after !== null && (refused || status === 503))',
      replace: 'if (after !== null && status === 503)',
    },
    {
      rule: 'one answer cannot stop a fleet for ever',
      find: 'Math.min(Math.max(until, now + 1_000), now + most)',
      replace: 'Math.max(until, now + 1_000)',
    },
  ],
);

export const guards: readonly Guard[] = [...plan, ...hands, ...whole, ...doors, ...names, ...limits];
