// `npm run drone:conformance [-- DIR…]`: the recorded requests of a real Drone, sent to the simulated one.
import { command } from './command.mjs';

await command('dev/conformance.js');
