// `npm run guards`: each rule switched off in a copy of the tree, where at least one test must then fail.
import { command } from './command.mjs';

await command('dev/guards.js');
