// `npm run replay [-- DIR…]`: recorded calls of a runner through the built hook, against a real gate.
import { command } from './command.mjs';

await command('dev/replay.js');
