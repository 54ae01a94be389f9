import { type Guard, guardsOf } from '../guard.ts';

// The gate's configuration: what would undo a wall is refused before anything starts.

export const config: readonly Guard[] = guardsOf(
  'config',
  'src/config/rules.ts',
  ['test/config/load.test.ts'],
  [
    {
      rule: "runners are not on the cells' network",
      find: 'if (network !== undefined && network === cells)',
      replace: 'if (network === undefined)',
    },
    {
      rule: "the App's token crosses no network in the clear",
      find: "if (typeof url === 'string' && url.startsWith('http://'))",
      replace: "if (typeof url === 'string' && url === '')",
    },
  ],
);
