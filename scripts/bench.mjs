// `npm run bench [-- --quick]`: what airlock costs, each time beside something known; writes docs/benchmarks.md.
import { command } from './command.mjs';

await command('dev/bench.js');
