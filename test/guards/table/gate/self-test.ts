import { type Guard, guardsOf } from '../../guard.ts';

// The self-test of the cells' network: where it stops what, and whom it believes.

const tests = ['test/gate/self-test.test.ts'];
const running = 'lets a task that runs go on, and gives no new one';

const decision = guardsOf('gate', 'src/gate/self-test/self-test.ts', tests, [
  {
    rule: 'a network that was not tested is no closed one',
    find: "if (result === null) return failed ?? 'the network of the cells has not been tested yet';",
    replace: 'if (result === null) return null;',
  },
  {
    rule: 'what was reached closes the gate',
    find: 'open: open.length === 0 ? null : sentence(open)',
    replace: 'open: open.length >= 0 ? null : sentence(open)',
  },
  {
    rule: 'a call waits for the first test, and for no open network',
    find: 'if (cause === null) return;',
    replace: 'if (cause !== undefined) return;',
  },
]);

const acceptance = guardsOf('gate', 'src/gate/self-test/attempts.ts', tests, [
  {
    rule: 'only what the operator accepts by its name or its very port is accepted',
    find: 'what === attempt.what || what === nameOf(attempt)',
    replace: 'what.startsWith(attempt.what)',
  },
]);

const report = guardsOf('gate', 'src/gate/self-test/probe-cell.ts', tests, [
  {
    rule: 'a probe that told fewer or more attempts than it was given told nothing',
    find: 'if (tried.length !== all.length || left.reach.length + left.names.length > 0)',
    replace: 'if (tried.length > all.length)',
  },
]);

const rehearsal = guardsOf('gate', 'src/gate/calls.ts', tests, [
  {
    rule: 'no rehearsal passes while the network is open',
    find: 'parseRehearsalRequest(bodyOf(call));\n      await selfTest.admits();',
    replace: 'parseRehearsalRequest(bodyOf(call));',
    only: running,
  },
]);

const admission = guardsOf('gate', 'src/gate/tasks/admission.ts', tests, [
  {
    rule: 'no task is given while the network is open',
    find: '    await selfTest.admits();\n',
    replace: '',
    only: running,
  },
]);

export const guards: readonly Guard[] = [...decision, ...acceptance, ...report, ...rehearsal, ...admission];
