import { type Guard, guardsOf } from '../../guard.ts';

// The ledger in a cluster: one writer at a time, also when two believe that they are the one.

const tests = ['test/kubernetes/ledger.test.ts'];

const records = guardsOf('gate', 'src/gate/ledger/kubernetes/records.ts', tests, [
  {
    rule: 'who takes over writes its epoch into every open record',
    find: 'const fenced = await fence(entry, held);',
    replace: 'const fenced = await Promise.resolve(entry);\n        void fence;',
    only: 'begins by writing its epoch into every open record',
  },
  {
    rule: 'what was created too late is taken back',
    find: "if (kept !== null && !mineStill) await maps.undo('task', kept);",
    replace: '',
    only: 'takes back what it created too late',
  },
  {
    rule: 'a record is followed by its next revision only',
    find: 'return rev === next.rev - 1 && epoch <= next.epoch;',
    replace: 'return epoch <= next.epoch && rev > 0;',
  },
  {
    rule: 'a record is the one that its name says',
    find: "if (nameOf(record) !== kept.name) return unreadable('it holds another record than its name says');",
    replace: '',
    only: 'that was edited by hand',
  },
]);

const maps = guardsOf('gate', 'src/gate/ledger/kubernetes/config-maps.ts', tests, [
  {
    rule: 'the same creation twice is not one attempt',
    find: 'if (done !== null || !repeated) return done;',
    replace: 'if (done !== null) return done;',
    only: 'whose writing was answered by nobody',
  },
  {
    rule: 'a record that somebody changed is not overwritten',
    find: 'if (now === null || now.text === null || now.text !== before.text) return null;',
    replace: 'if (now === null) return null;',
    only: 'that was changed by hand',
  },
]);

const turns = guardsOf('gate', 'src/gate/ledger/kubernetes/turn.ts', tests, [
  {
    rule: 'a turn ends when its Lease could not be renewed',
    find: 'const live = (): boolean => !over && left() > 0;',
    replace: 'const live = (): boolean => !over && left() > -1e9;',
    only: 'for longer ends its turn in time',
  },
  {
    rule: "a turn ends when the Lease is another's",
    find: 'if (now?.holder !== holder || now.epoch !== epoch) return end(takenByAnother);',
    replace: 'if (now === null) return end(takenByAnother);',
    only: 'ends when somebody else has written himself into the Lease',
  },
]);

const campaigns = guardsOf('gate', 'src/gate/ledger/kubernetes/campaign.ts', tests, [
  {
    rule: "another holder's life is waited out",
    find: 'told = view.holder;\n    return clock.monotonic() - seen.at >= timing.life;',
    replace: 'told = view.holder;\n    return true;',
    only: 'is one at a time',
  },
  {
    rule: 'a Lease that was deleted does not begin anew',
    find: 'Math.max(view?.epoch ?? 0, newest) + 1',
    replace: '(view?.epoch ?? 0) + 1',
    only: 'whose Lease was deleted ends',
  },
  {
    rule: 'after a Lease was deleted, the life of its holder is waited out',
    find: 'return newest === 0 || clock.monotonic() - seen.at >= timing.life;',
    replace: 'return newest >= 0;',
    only: 'whose Lease was deleted ends',
  },
]);

export const guards: readonly Guard[] = [...records, ...maps, ...turns, ...campaigns];
