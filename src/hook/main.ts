// The hook's process: the runner starts it with its own node for each call of a job (contract/README.md, The call).

import { createWriteStream } from 'node:fs';
import { defaultLimits } from './limits.ts';
import { run } from './run.ts';

// Until there is an answer. Node ends with 0 when nothing is left to wait for: a step would be green that did nothing.
process.exitCode = 1;

// Not process.stdout: on a pipe that blocks the whole process, and a cancel would wait for the log's reader.
const out = createWriteStream('', { fd: 1 });
out.on('error', () => undefined);

void run({
  env: process.env,
  stdin: process.stdin,
  write: (text) =>
    new Promise((resolve, reject) => {
      out.write(text, (error) => (error ? reject(error) : resolve()));
    }),
  signals: process,
  now: () => performance.now(),
  limits: defaultLimits,
}).then((code) => {
  // A write that nobody reads holds the process: an exit waits for the thread that it stands in.
  if (out.writableLength > 0) process.kill(process.pid, 'SIGKILL');
  process.exit(code);
});
