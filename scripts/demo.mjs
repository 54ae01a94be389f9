// `npm run demo`: the jobs of examples/, played from the runner to a simulated Drone.
import { command } from './command.mjs';

await command('dev/demo.js');
