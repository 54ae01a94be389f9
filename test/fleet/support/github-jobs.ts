// GitHub's job queue for played runners: a socket beside each runner's own, jobs in their order, and what became of them.

import { chmodSync } from 'node:fs';
import { type IncomingMessage, type Server, type ServerResponse, createServer, request } from 'node:http';
import { join } from 'node:path';
import { defaultEvent } from '../../../src/try/default-event.ts';
import { claimsOf } from '../../../src/try/facts.ts';
import type { Issuer } from '../../../src/try/issuer.ts';
import { readWorkflow, selectJobs } from '../../../src/try/workflow/index.ts';
import type { FakeGitHub, FakeJob, FakeRegistration } from '../../fakes/github-api.ts';
import type { GivenJob } from './played-listener.ts';

export interface DoneJob {
  readonly id: number;
  readonly runner: string;
  /** `lost`: the runner went without a word. */
  readonly conclusion: string;
  readonly lines: readonly string[];
}

export interface GitHubJobs {
  readonly done: DoneJob[];
  readonly running: Map<number, string>;
  queue(count: number): void;
  close(): Promise<void>;
}

export interface GitHubJobsOptions {
  readonly fake: FakeGitHub;
  readonly issuer: Issuer;
  readonly workflow: string;
  readonly repository: string;
  readonly repositoryId: string;
  /** Folder of the fleet's sockets. */
  readonly folder: string;
}

export function startJobs({ fake, issuer, workflow, repository, repositoryId, folder }: GitHubJobsOptions): GitHubJobs {
  const waiting: number[] = [];
  const takers: ((id: number) => void)[] = [];
  const servers = new Set<Server>();
  const jobs = new Map<number, FakeJob>();
  fake.jobs.set(repository, jobs);
  let nextId = 50_000;
  let tokens = '';
  const self: GitHubJobs = {
    done: [],
    running: new Map(),
    queue(count) {
      for (let left = count; left > 0; left--) {
        const id = nextId++;
        jobs.set(id, { id, run_id: id, run_attempt: 1, status: 'queued', runner_id: null, runner_name: null });
        const taker = takers.shift();
        if (taker === undefined) waiting.push(id);
        else taker(id);
      }
    },
    async close() {
      await Promise.all(
        [...servers].map((server) => {
          server.closeAllConnections();
          return new Promise((done) => server.close(done));
        }),
      );
    },
  };

  function given(id: number): GivenJob {
    const event = defaultEvent({ repository, repositoryId, runId: String(id), checkRunId: String(id) });
    const [job] = selectJobs(readWorkflow(workflow, 'deploy.yml'), 'deploy');
    const { token, url } = issuer.admit(claimsOf(job!, event));
    tokens = new URL(url).origin;
    return { workflow, event, token };
  }

  function serveRunner(runner: FakeRegistration): Promise<void> {
    let mine: number | null = null;

    function end(conclusion: string, lines: readonly string[]): void {
      if (mine === null) return;
      self.running.delete(mine);
      self.done.push({ id: mine, runner: runner.name, conclusion, lines });
      jobs.get(mine)!.status = 'completed';
      mine = null;
      // A just-in-time runner is GitHub's no more after its job.
      runner.busy = false;
      fake.registrations.delete(runner.id);
    }

    function giveJob(request: IncomingMessage, response: ServerResponse): void {
      runner.status = 'online';
      const take = (id: number): void => {
        mine = id;
        runner.busy = true;
        self.running.set(id, runner.name);
        Object.assign(jobs.get(id)!, { status: 'in_progress', runner_id: runner.id, runner_name: runner.name });
        response.end(JSON.stringify(given(id)));
      };
      const id = waiting.shift();
      if (id !== undefined) return take(id);
      takers.push(take);
      // Whoever waits and goes takes no job.
      request.socket.once('close', () => {
        const at = takers.indexOf(take);
        if (at !== -1) takers.splice(at, 1);
      });
    }

    async function serve(asked: IncomingMessage, response: ServerResponse): Promise<void> {
      const path = asked.url ?? '';
      if (path.startsWith('/job')) return giveJob(asked, response);
      if (path.startsWith('/idtoken')) {
        const { authorization = '' } = asked.headers;
        request(`${tokens}${path}`, { headers: { authorization } }, (answer) => {
          response.writeHead(answer.statusCode ?? 500);
          answer.pipe(response);
        })
          .on('error', () => response.destroy())
          .end();
        return;
      }
      let text = '';
      for await (const chunk of asked.setEncoding('utf8')) text += chunk as string;
      const { conclusion, lines } = JSON.parse(text) as { conclusion: string; lines: string[] };
      end(conclusion, lines);
      response.end();
    }

    const server = createServer((asked, response) => {
      serve(asked, response).catch(() => response.destroy());
    });
    servers.add(server);
    const path = join(folder, runner.name, 'github.sock');
    return new Promise((done, fail) => {
      server.once('error', fail).listen(path, () => {
        chmodSync(path, 0o666);
        done();
      });
    });
  }

  fake.onMade = serveRunner;
  return self;
}
