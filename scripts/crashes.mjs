// `npm run crashes [-- --only TEXT --every N --jobs N]`: every part killed and stopped at every moment of a job.
import { command } from './command.mjs';

await command('dev/crashes.js');
