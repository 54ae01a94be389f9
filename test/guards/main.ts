// `npm run guards [-- WORD…]`: every rule of the hook, the policy, the gate and what they stand on is taken away in a
// copy of the tree, one after the other, and each time a test must fail. WORD: only the guards with all of these words,
// each in rule or code, or a room's name. `--list` prints the table and runs nothing. Exit code 1: a rule is missed by no test.

import { run } from './run.ts';
import { table } from './table/index.ts';

process.exitCode = await run(table, import.meta.url);
