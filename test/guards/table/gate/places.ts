import { type Guard, guardsOf } from '../../guard.ts';

// Who may have a cell, and whose turn it is.

const tasks = 'test/gate/tasks.test.ts';
const placesTest = 'test/gate/places.test.ts';

const placesRules = guardsOf(
  'gate',
  'src/gate/tasks/places.ts',
  [placesTest],
  [
    {
      rule: 'there are never more cells than places',
      find: 'if (used.size < limits.places) return take();',
      replace: 'if (used.size <= limits.places) return take();',
    },
    {
      rule: 'the waiting list is bounded',
      code: 'waiting-list-full',
      find: "if (groupOf.size >= limits.waiting) return 'full';",
      replace: '',
    },
    {
      rule: 'places go round robin over repositories',
      find: 'groups.delete(group);\n    if (others.length > 0) groups.set(group, others);',
      replace: 'groups.set(group, others);\n    if (others.length === 0) groups.delete(group);',
    },
    {
      rule: 'an idle cell yields its place to a task',
      find: 'if (place !== null) return place;',
      replace: '',
    },
    {
      rule: 'idle cells count among the places',
      find: 'if (groupOf.size > 0 || used.size >= limits.places) return null;',
      replace: 'if (groupOf.size > 0) return null;',
    },
    {
      rule: 'a place that is given back goes on only while there are fewer than the limit allows',
      find: 'while (used.size < limits.places) {',
      replace: 'while (groupOf.size > 0) {',
    },
  ],
);

const idle = guardsOf(
  'gate',
  'src/gate/tasks/idle.ts',
  [tasks],
  [
    {
      rule: 'a runner has one idle cell',
      find: 'if (others.some(({ runner }) => runner.id === session.runner.id)) return false;',
      replace: '',
      tests: ['test/gate/idle.test.ts', 'test/gate/guards.test.ts'],
    },
    {
      rule: 'a repository has as many idle cells as it may have tasks at once',
      find: 'return ofRepository.length < policy.limits.perRepository.atOnce;',
      replace: 'return ofRepository.length >= 0;',
      tests: ['test/gate/idle.test.ts'],
    },
    {
      rule: 'an idle cell is gone before another takes its place',
      find: 'if (idle !== undefined) await remove(session, idle);',
      replace: 'if (idle !== undefined) void remove(session, idle);',
      only: 'of an idle cell is yielded to a task',
    },
    {
      rule: 'a cell that has been idle too long is replaced',
      find: 'if (clock.monotonic() - since <= timing.idleCell) continue;',
      replace: 'if (clock.monotonic() - since <= 1e12) continue;',
      only: 'of an idle cell is given back when its session closes',
    },
    {
      rule: 'an idle cell goes with its session',
      find: '    await remove(session, idle);\n    places.release(idle.place);',
      replace: '    places.release(idle.place);',
      only: 'of an idle cell is given back when its session closes',
    },
  ],
);

const turns = guardsOf(
  'gate',
  'src/gate/tasks/turns.ts',
  [tasks],
  [
    {
      rule: 'a task whose turn has come is decided on again',
      code: 'ref-not-allowed',
      find: 'if (decision.allowed) return decision.plan.entry;',
      replace: "if (decision.allowed || decision.detail !== '') return '';",
      only: 'is not given to a job that may not have it any more',
    },
    {
      rule: 'a turn is proved by its own job and while it lasts',
      code: 'turn-missed',
      find: 'if (job !== jobKeyText(task.journal.record().key) || task.turnSince === null)',
      replace: 'if (job !== jobKeyText(task.journal.record().key))',
      tests: ['test/gate/guards.test.ts'],
    },
    {
      rule: 'who misses two turns is out',
      code: 'turn-missed',
      find: 'if (task.turnsMissed >= turnsAllowed)',
      replace: 'if (task.turnsMissed > 1e9)',
      only: 'goes on to the next when the turn is missed',
    },
    {
      rule: 'a turn that is missed gives the place to the next',
      code: 'turn-missed',
      find: 'if (place !== null) places.release(place);',
      replace: '',
      only: 'goes on to the next when the turn is missed',
    },
    {
      rule: 'a proof for a turn is in the audit log before the cell starts',
      code: 'audit-failed',
      find: "await audit.write({ event: 'proof', decision: 'allowed', detail, ...taskFields(task) });",
      replace: '',
      tests: ['test/gate/guards.test.ts'],
    },
  ],
);

export const guards: readonly Guard[] = [...placesRules, ...idle, ...turns];
