// `npm run drone:playback [-- DIR…]`: the recordings of a real Drone, served back to the client.
import { command } from './command.mjs';

await command('dev/playback.js');
