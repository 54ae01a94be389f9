// `npm run faults [-- --runs N --seed S]`: jobs whose Drone, gate or cell is killed, stopped or stalled at random points.
import { command } from './command.mjs';

await command('dev/faults.js');
