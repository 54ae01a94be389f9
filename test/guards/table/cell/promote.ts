import { type Guard, guardsOf } from '../../guard.ts';

// A promotion in the cell: asked, told, looked at once more, and made once.

export const guards: readonly Guard[] = guardsOf(
  'cell',
  'src/cell/promote.ts',
  ['test/cell/promote.test.ts'],
  [
    {
      rule: 'the chosen build is read once more right before it is promoted',
      code: 'build-not-allowed',
      find: 'if (differs !== undefined)\n',
      replace: "if (differs === '')\n",
      only: 'right before it is promoted',
    },
    {
      rule: 'without a choice nothing is promoted',
      code: 'choice-missing',
      find: "  throw new Failure('choice-missing'",
      replace: "  if (order.id !== '') return undefined;\n  throw new Failure('choice-missing'",
      only: 'that does not come leaves everything as it is',
    },
    {
      rule: 'a promotion that is cancelled before the choice is not made',
      code: 'cancelled',
      find: 'aborted(cancel), limit]',
      replace: 'limit]',
      only: 'is not waited for any more after a cancel',
    },
  ],
);
