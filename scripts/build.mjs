// `npm run build [-- --partial]`: installs what is needed, then makes every artifact anew.
// --partial leaves out the artifacts whose entry file does not exist.
import { buildAll } from './setup.mjs';

process.exitCode = (await buildAll({ partial: process.argv.includes('--partial') })) ? 0 : 1;
