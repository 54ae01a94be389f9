#!/home/runner/externals/node20/bin/node
// A stand-in for bin/Runner.Listener, and no more: writes its just-in-time configuration beside bin as the real one does,
// then calls the hook once as Runner.Worker does, with the call that the configuration holds, and tells what it saw. As a
// program without a name's end it is CommonJS there.
const { spawnSync } = process.getBuiltinModule('node:child_process');
const { mkdirSync, readFileSync, writeFileSync } = process.getBuiltinModule('node:fs');
const path = process.getBuiltinModule('node:path');

const home = '/home/runner';
const [command] = process.argv.slice(2);
/** @type {Record<string, string>} */
const config = JSON.parse(Buffer.from(process.env.ACTIONS_RUNNER_INPUT_JITCONFIG ?? '', 'base64').toString());
for (const [name, value] of Object.entries(config)) writeFileSync(path.join(home, name), Buffer.from(value, 'base64'));

const { input, env } = JSON.parse(readFileSync(path.join(home, '_state/.runner'), 'utf8'));
mkdirSync(path.dirname(input.responseFile), { recursive: true });
writeFileSync(input.responseFile, '');
const hook = process.env.ACTIONS_RUNNER_CONTAINER_HOOKS ?? '';
const { status, stdout, stderr } = spawnSync(`${home}/externals/node20/bin/node`, [hook], {
  input: JSON.stringify(input),
  env: { ...env, ...process.env },
  encoding: 'utf8',
});
let place = 'written';
try {
  writeFileSync(path.join(home, 'bin/new'), '');
} catch (error) {
  place = /** @type {NodeJS.ErrnoException} */ (error).code ?? '';
}
console.log(JSON.stringify({ command, uid: process.getuid?.(), place, status, stdout, stderr }));
