// The stand-in for GitHub's runner in its container: takes its one job from a socket that the test has put beside the
// gate's (no network of the container reaches the test), plays it with the real hook, tells the end, and is gone.

import { createServer, connect } from 'node:net';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type PlayedEvent, playJob } from '../../../src/try/runner/index.ts';
import { readWorkflow, selectJobs } from '../../../src/try/workflow/index.ts';

export interface GivenJob {
  readonly workflow: string;
  readonly event: PlayedEvent;
  /** For the id token service. */
  readonly token: string;
}

const github = '/run/airlock/github.sock';
const env = process.env as Record<string, string>;

function ask(method: string, path: string, body?: object): Promise<string> {
  return new Promise((done, fail) => {
    const sent = request({ socketPath: github, method, path }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.on('end', () => done(text)).on('error', fail);
    });
    sent.on('error', fail).end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** GitHub's token service is asked over TCP, as everywhere. */
const door = createServer((socket) => {
  const onward = connect(github);
  socket.on('error', () => onward.destroy()).pipe(onward);
  onward.on('error', () => socket.destroy()).pipe(socket);
});
await new Promise<void>((done) => door.listen(0, '127.0.0.1', done));
const { port } = door.address() as AddressInfo;

const config = JSON.parse(Buffer.from(env['ACTIONS_RUNNER_INPUT_JITCONFIG'] ?? '', 'base64').toString()) as {
  name: string;
};
const { workflow, event, token } = JSON.parse(await ask('GET', `/job?runner=${config.name}`)) as GivenJob;
const [job] = selectJobs(readWorkflow(workflow, 'deploy.yml'), 'deploy');
const lines: string[] = [];
const { conclusion } = await playJob({
  job: job!,
  event,
  hook: '/home/runner/hook/index.js',
  environment: {
    AIRLOCK_GATE: env['AIRLOCK_GATE'] ?? '',
    AIRLOCK_ID_TOKEN_HOST: '127.0.0.1',
    ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${port}/idtoken?api-version=2.0`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: token,
  },
  secrets: {},
  vars: {},
  tempDir: '/home/runner/_work',
  onOutput: ({ text }) => lines.push(text),
  runnerName: config.name,
});
await ask('POST', '/result', { conclusion, lines, env: Object.keys(env) });
process.exit(0);
